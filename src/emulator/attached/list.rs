//! Reads of what hangs on deals: which endpoint, which deals it answers for, which rows in which order.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::{
    super::{
        Id, answer,
        deal::Deal,
        query::{self, Query, Refusal},
        routes,
        second::{Second, v1},
        sorted::{SortKey, Sorting},
        stretch::{self, Stretch},
        switches::{ChildAnswer, InstallmentPages, Installments, ProductsBy, Reach},
        world::World,
    },
    Attached, ConversionEnd, Gone, Kind, participant,
    view::{DiscountView, FollowerView, InstallmentView, LineView, json},
};
use crate::seams::Response;

/// Source: API reference v2, `sort_by` of each; `order_nr` is in the current one.
const PRODUCT_SORTS: [&str; 4] = ["id", "add_time", "update_time", "order_nr"];
const BULK_PRODUCT_SORTS: [&str; 5] = ["id", "deal_id", "add_time", "update_time", "order_nr"];
const INSTALLMENT_SORTS: [&str; 3] = ["id", "billing_date", "deal_id"];

/// A read of what hangs on one deal or on several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum ChildRead {
    BulkProducts,
    BulkInstallments,
    Products(Id),
    Discounts(Id),
    Followers(Id),
    FollowersChangelog(Id),
    Participants(Id),
    ParticipantsChangelog(Id),
    ConversionStatus(Id, String),
}

impl ChildRead {
    /// Finds the read of a path, which begins with `/v1/` or `/api/v2/`.
    pub(in super::super) fn of(path: &str) -> Option<Self> {
        if let Some(rest) = path.strip_prefix("/v1/deals/") {
            let (id, rest) = rest.split_once('/')?;
            let id = routes::id(id)?;
            return match rest {
                "participants" => Some(Self::Participants(id)),
                "participantsChangelog" => Some(Self::ParticipantsChangelog(id)),
                _ => None,
            };
        }
        let rest = path.strip_prefix("/api/v2/deals/")?;
        match rest {
            "products" => return Some(Self::BulkProducts),
            "installments" => return Some(Self::BulkInstallments),
            _ => {}
        }
        let (id, rest) = rest.split_once('/')?;
        let id = routes::id(id)?;
        match rest {
            "products" => Some(Self::Products(id)),
            "discounts" => Some(Self::Discounts(id)),
            "followers" => Some(Self::Followers(id)),
            "followers/changelog" => Some(Self::FollowersChangelog(id)),
            _ => {
                let conversion = rest.strip_prefix("convert/status/")?;
                Some(Self::ConversionStatus(id, conversion.to_owned()))
            }
        }
    }

    /// Source: `x-token-cost` of the API reference.
    pub(in super::super) fn cost(&self) -> u64 {
        if matches!(self, Self::ConversionStatus(..)) { 1 } else { 10 }
    }

    pub(in super::super) fn answer(
        &self,
        query: &Query,
        world: &World,
    ) -> Result<Response, Refusal> {
        match self {
            Self::BulkProducts => bulk_products(query, world),
            Self::BulkInstallments => bulk_installments(query, world),
            Self::Products(id) => products(*id, query, world),
            Self::Discounts(id) => discounts(*id, query, world),
            Self::Followers(id) => followers(*id, query, world),
            Self::FollowersChangelog(id) => changelog(*id, Kind::Follower, query, world),
            Self::Participants(id) => participants(*id, query, world),
            Self::ParticipantsChangelog(id) => changelog(*id, Kind::Participant, query, world),
            Self::ConversionStatus(id, conversion) => conversion_status(*id, conversion, world),
        }
    }
}

/// A deal and what hangs on it.
pub(in super::super) type Parent<'a> = (&'a Deal, &'a Attached);

/// Finds a deal for a read of what hangs on it; `None`: it is answered for as if it had nothing.
pub(in super::super) fn parent(
    id: Id,
    reach: Reach,
    world: &World,
) -> Result<Option<Parent<'_>>, Refusal> {
    let Some(deal) = world.deal(id) else {
        return match reach.unknown {
            ChildAnswer::NotFound => Err(Refusal::NoDeal),
            ChildAnswer::Rows | ChildAnswer::Nothing => Ok(None),
        };
    };
    let answer = match (world.sees(deal), deal.deleted, deal.archived) {
        (false, ..) => reach.hidden,
        (true, Some(_), _) => reach.deleted,
        (true, None, Some(_)) => reach.archived,
        (true, None, None) => ChildAnswer::Rows,
    };
    match answer {
        ChildAnswer::Rows => Ok(Some((deal, world.shown_attached(deal)))),
        ChildAnswer::Nothing => Ok(None),
        ChildAnswer::NotFound => Err(Refusal::NoDeal),
    }
}

/// Finds the deals that `deal_ids` names.
fn parents<'a>(ids: Vec<&str>, world: &'a World) -> Result<Vec<Parent<'a>>, Refusal> {
    // Naming a deal twice does not show its rows twice.
    let ids = query::ids("deal_ids", ids)?.into_iter().collect::<std::collections::BTreeSet<_>>();
    let found = ids.into_iter().map(|id| parent(id, world.switches().bulk_children, world));
    Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn bulk_products(query: &Query, world: &World) -> Result<Response, Refusal> {
    query.check(&["deal_ids", "sort_by", "sort_direction", "limit", "cursor"])?;
    let by = match world.switches().products_by {
        ProductsBy::Id => "id",
        ProductsBy::Deal => "deal_id",
    };
    let sorting = Sorting::parse(query, &BULK_PRODUCT_SORTS, by, world.switches())?;
    let parents = parents(query.list("deal_ids").ok_or(Refusal::missing("deal_ids"))?, world)?;
    Ok(lines(&parents, &sorting, world))
}

fn products(id: Id, query: &Query, world: &World) -> Result<Response, Refusal> {
    query.check(&["sort_by", "sort_direction", "limit", "cursor"])?;
    let sorting = Sorting::parse(query, &PRODUCT_SORTS, "id", world.switches())?;
    let parent = parent(id, world.switches().single_children, world)?;
    Ok(lines(parent.as_slice(), &sorting, world))
}

fn lines(parents: &[Parent<'_>], sorting: &Sorting, world: &World) -> Response {
    let mut rows = Vec::new();
    for (deal, attached) in parents {
        for line in &attached.lines {
            let key = match sorting.by() {
                "deal_id" => SortKey::Number(deal.id),
                "add_time" => SortKey::time(line.add_time),
                "update_time" => SortKey::time(line.update_time),
                "order_nr" => SortKey::Number(line.order_nr.into()),
                _ => SortKey::Number(line.id),
            };
            rows.push((key, line.id, LineView::of(deal, line, world)));
        }
    }
    let (page, cursor) = sorting.page(rows, world.switches());
    answer::page(page, cursor, world.switches().end)
}

/// Returns the answer of a plan that has no installments; one whose lists are merely empty forbids writes.
pub(in super::super) fn installments_refused(world: &World) -> Option<Response> {
    let (status, text) = match world.switches().installments {
        Installments::There => return None,
        Installments::PaymentRequired => (StatusCode::PAYMENT_REQUIRED, "Payment required"),
        Installments::Forbidden | Installments::Nothing => (StatusCode::FORBIDDEN, "Forbidden"),
        Installments::NotEnabled => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Feature is not enabled"),
    };
    Some(answer::error(status, text))
}

fn bulk_installments(query: &Query, world: &World) -> Result<Response, Refusal> {
    let there = world.switches().installments == Installments::There;
    if let Some(refused) = installments_refused(world)
        .filter(|_| world.switches().installments != Installments::Nothing)
    {
        return Ok(refused);
    }
    let known = ["deal_ids", "sort_by", "sort_direction", "limit", "cursor"];
    // Whether the key is repeated or its value has commas is unknown upstream; both are taken.
    query.check_repeatable(&known, "deal_ids")?;
    let sorting = Sorting::parse(query, &INSTALLMENT_SORTS, "id", world.switches())?;
    let ids = query.lists("deal_ids").ok_or(Refusal::missing("deal_ids"))?;
    let mut rows = Vec::new();
    for (deal, attached) in parents(ids, world)?.iter().filter(|_| there) {
        for installment in &attached.installments {
            let key = match sorting.by() {
                "deal_id" => SortKey::Number(deal.id),
                "billing_date" => SortKey::Text(installment.1.billing_date.to_string()),
                _ => SortKey::Number(installment.0),
            };
            rows.push((key, installment.0, InstallmentView::of(deal.id, installment)));
        }
    }
    let (page, cursor) = sorting.page(rows, world.switches());
    Ok(match (world.switches().installment_pages, cursor) {
        (InstallmentPages::Never, _) | (InstallmentPages::WhenMore, None) => answer::single(page),
        (InstallmentPages::Always | InstallmentPages::WhenMore, cursor) => {
            answer::page(page, cursor, world.switches().end)
        }
    })
}

/// Source: API reference v2: no parameters, no pages.
fn discounts(id: Id, query: &Query, world: &World) -> Result<Response, Refusal> {
    query.check(&[])?;
    let parent = parent(id, world.switches().single_children, world)?;
    let granted = parent.iter().flat_map(|(_, attached)| &attached.discounts);
    Ok(answer::single(granted.map(|granted| DiscountView::of(id, granted)).collect::<Vec<_>>()))
}

fn followers(id: Id, query: &Query, world: &World) -> Result<Response, Refusal> {
    query.check(&["limit", "cursor"])?;
    let sorting = Sorting::fixed(query, "add_time", world.switches())?;
    let parent = parent(id, world.switches().single_children, world)?;
    let followers = parent.iter().flat_map(|(_, attached)| &attached.followers);
    let rows = followers.map(|follower| {
        (SortKey::time(follower.add_time), follower.user_id, FollowerView::of(follower))
    });
    let (page, cursor) = sorting.page(rows.collect(), world.switches());
    Ok(answer::page(page, cursor, world.switches().end))
}

/// Who came and went, oldest first.
fn changelog(id: Id, kind: Kind, query: &Query, world: &World) -> Result<Response, Refusal> {
    if kind == Kind::Follower {
        query.check(&["limit", "cursor"])?;
    }
    let sorting = Sorting::fixed(query, "time", world.switches())?;
    let parent = parent(id, world.switches().single_children, world)?;
    let mut events = parent.map_or_else(Vec::new, |(_, attached)| events(kind, attached));
    events.sort_by_key(|event| event.0);
    let rows = (1..).zip(events).map(|(nth, ((time, _), who, action, actor))| {
        let row = match kind {
            Kind::Follower => {
                json!({"action": action, "actor_user_id": actor, "follower_user_id": who, "time": json(time)})
            }
            _ => json!({"actor_user_id": actor, "person_id": who, "action": action, "time": v1(time)}),
        };
        (SortKey::time(time), nth, row)
    });
    let (page, cursor) = sorting.page(rows.collect(), world.switches());
    Ok(answer::page(page, cursor, world.switches().end))
}

/// When (a removal after all that was added in its second), who, what happened, and by which user.
type Event = ((Second, bool), Id, &'static str, Id);

fn events(kind: Kind, attached: &Attached) -> Vec<Event> {
    let mut events = Vec::<Event>::new();
    for Gone { who, added, removed, .. } in attached.gone.iter().filter(|gone| gone.kind == kind) {
        events.push(((added.0, false), *who, "added", added.1));
        events.push(((removed.0, true), *who, "removed", removed.1));
    }
    let added = |time, who, by| ((time, false), who, "added", by);
    if kind == Kind::Follower {
        let there = attached.followers.iter();
        events.extend(there.map(|it| added(it.add_time, it.user_id, it.added_by)));
    } else {
        let there = attached.participants.iter();
        events.extend(there.map(|it| added(it.add_time, it.person_id, it.added_by)));
    }
    events
}

/// Pages of v1: `start` and `limit`; parameters it does not know are ignored.
fn participants(id: Id, query: &Query, world: &World) -> Result<Response, Refusal> {
    let stretch = Stretch::parse(query, world.switches())?;
    let parent = parent(id, world.switches().single_children, world)?;
    let all = parent
        .iter()
        .flat_map(|(deal, attached)| attached.participants.iter().map(move |it| (deal, it)));
    let (page, pagination) = stretch.cut(all);
    let rows = page.iter().map(|(deal, it)| participant::participant(deal, it, world)).collect();
    let participants = page.iter().map(|(_, it)| *it).collect::<Vec<_>>();
    let related = participant::related(&participants, world);
    Ok(stretch::answer(rows, pagination, Some(related), world.switches()))
}

fn conversion_status(id: Id, conversion: &str, world: &World) -> Result<Response, Refusal> {
    let now = Second::of(world.now());
    let found = world.conversions.get(conversion).filter(|found| found.deal == id);
    let Some(found) = found.filter(|found| found.is_known(now)) else {
        // Source: the example of the API reference v2.
        let body = json!({
            "success": false, "error": "Entity was not found", "error_info": "Object was not found.",
            "data": null, "additional_data": null,
        });
        return Ok(answer::json_response(StatusCode::NOT_FOUND, body.to_string().into()));
    };
    let (age, switches) = (Duration::from_secs(now.since(found.begun).into()), world.switches());
    let state = if age < switches.conversion_waits {
        "not_started"
    } else if age < switches.conversion_waits + switches.conversion_takes {
        "running"
    } else {
        found.end.name()
    };
    let mut data = json!({"conversion_id": conversion, "status": state});
    // Source: API reference v2: the lead is told of only where the conversion was successfully finished.
    if state == ConversionEnd::Completed.name() {
        data["lead_id"] = found.lead.as_str().into();
    }
    Ok(answer::whole(&json!({"success": true, "data": data, "additional_data": null})))
}
