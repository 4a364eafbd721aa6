//! Reads of what is around deals.

use serde_json::Value as Json;

use super::{
    super::{
        Id, answer,
        attached::parent,
        deal::Deal,
        query::{Query, Refusal, positive},
        routes,
        second::Second,
        sorted::{SortKey, Sorting},
        stretch::{self, Sort, Stretch},
        world::World,
    },
    Activity, activity, mail,
    notes::notes,
    old_activity, sees_mail, view,
};
use crate::seams::Response;

/// Source: API reference v1, `limit` of files.
const MAX_FILES: usize = 100;
const ACTIVITY_SORTS: [&str; 4] = ["id", "update_time", "add_time", "due_date"];

/// A read of what is around one deal, or around all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum AroundRead {
    Activities,
    Notes,
    Files(Id),
    Mails(Id),
}

impl AroundRead {
    /// Finds the read of a path, which begins with `/v1/` or `/api/v2/`.
    pub(in super::super) fn of(path: &str) -> Option<Self> {
        match path {
            "/api/v2/activities" => return Some(Self::Activities),
            "/v1/notes" => return Some(Self::Notes),
            _ => {}
        }
        let (id, rest) = path.strip_prefix("/v1/deals/")?.split_once('/')?;
        match rest {
            "files" => Some(Self::Files(routes::id(id)?)),
            "mailMessages" => Some(Self::Mails(routes::id(id)?)),
            _ => None,
        }
    }

    /// Source: `x-token-cost` of the API reference.
    pub(in super::super) fn cost(self) -> u64 {
        if self == Self::Activities { 10 } else { 20 }
    }

    pub(in super::super) fn answer(
        self,
        query: &Query,
        world: &World,
    ) -> Result<Response, Refusal> {
        match self {
            Self::Activities => activities(query, world),
            Self::Notes => notes(query, world),
            Self::Files(id) => files(id, query, world),
            Self::Mails(id) => mails(id, query, world),
        }
    }
}

/// Which activities were asked for; each is that of a deal here.
struct Wanted {
    ids: Option<Vec<Id>>,
    owner: Option<Id>,
    deal: Option<Id>,
    person: Option<Id>,
    organization: Option<Id>,
    of_lead: bool,
    done: Option<bool>,
    since: Option<Second>,
    until: Option<Second>,
}

impl Wanted {
    fn parse(query: &Query) -> Result<Self, Refusal> {
        query.check_filter()?;
        Ok(Self {
            ids: query.ids("ids")?,
            owner: query.id("owner_id")?,
            deal: query.id("deal_id")?,
            person: query.id("person_id")?,
            organization: query.id("org_id")?,
            of_lead: query.get("lead_id").is_some(),
            done: query.choice("done", &[("false", false), ("true", true)])?,
            since: query.time("updated_since")?,
            until: query.time("updated_until")?,
        })
    }

    /// Returns whether activities of a deal can be among them.
    fn admits_of(&self, deal: &Deal) -> bool {
        let same = |wanted: Option<Id>, id: Option<Id>| wanted.is_none() || wanted == id;
        same(self.deal, Some(deal.id))
            && same(self.person, deal.person_id)
            && same(self.organization, deal.org_id)
            && !self.of_lead
    }

    fn admits(&self, activity: &Activity) -> bool {
        let updated = activity.update_time();
        self.ids.as_ref().is_none_or(|ids| ids.contains(&activity.row.id))
            && self.owner.is_none_or(|owner| owner == activity.row.by)
            && self.done.is_none_or(|done| done == activity.done.is_some())
            && self.since.is_none_or(|since| updated >= since)
            && self.until.is_none_or(|until| updated < until)
    }
}

/// Activities of all deals that the token's user may see; those of deals that are deleted or archived are among them.
fn activities(query: &Query, world: &World) -> Result<Response, Refusal> {
    let filters = [
        "filter_id",
        "ids",
        "owner_id",
        "deal_id",
        "lead_id",
        "person_id",
        "org_id",
        "done",
        "updated_since",
        "updated_until",
        "include_fields",
    ];
    query.check(&[&filters[..], &["sort_by", "sort_direction", "limit", "cursor"]].concat())?;
    let sorting = Sorting::parse(query, &ACTIVITY_SORTS, "id", world.switches())?;
    let members = query.included(|member| member == "attendees")?;
    let wanted = Wanted::parse(query)?;
    let of_one = wanted.deal.map(|id| id..=id).unwrap_or(0..=Id::MAX);
    let mut rows = Vec::new();
    for (_, deal) in world.deals.range(of_one) {
        if !world.sees(deal) || !wanted.admits_of(deal) {
            continue;
        }
        for it in world.shown_around(deal).activities.iter().filter(|it| wanted.admits(it)) {
            let key = match sorting.by() {
                "update_time" => SortKey::time(it.update_time()),
                "add_time" => SortKey::time(it.row.made),
                "due_date" => SortKey::Text(activity::due_date(it, world)),
                _ => SortKey::Number(it.row.id),
            };
            rows.push((key, it.row.id, (deal, *it)));
        }
    }
    let (page, cursor) = sorting.page(rows, world.switches());
    let views = page.into_iter();
    let views = views.map(|(deal, it)| activity::activity(deal, &it, !members.is_empty(), world));
    Ok(answer::page(views.collect::<Vec<_>>(), cursor, world.switches().end))
}

/// `/v1/deals/{id}/activities`, which is gone from the reference. Source: the older API reference.
pub(in super::super) fn activities_of_deal(
    id: Id,
    query: &Query,
    world: &World,
) -> Result<Response, Refusal> {
    let stretch = Stretch::parse(query, world.switches())?;
    let done = query.choice("done", &[("0", false), ("1", true)])?;
    let exclude = query.list("exclude").unwrap_or_default();
    let exclude = exclude.into_iter().map(|id| positive("exclude", id));
    let exclude = exclude.collect::<Result<Vec<_>, _>>()?;
    let Some((deal, _)) = parent(id, world.switches().single_children, world)? else {
        return Ok(page(&stretch, std::iter::empty(), world));
    };
    let around = world.shown_around(deal);
    let wanted = |it: &&Activity| {
        done.is_none_or(|done| done == it.done.is_some()) && !exclude.contains(&it.row.id)
    };
    let rows = around.activities.iter().filter(wanted).map(|it| old_activity(deal, it, world));
    Ok(page(&stretch, rows, world))
}

/// Source: API reference v1: `sort` knows `id` and `update_time`.
fn files(id: Id, query: &Query, world: &World) -> Result<Response, Refusal> {
    let stretch = Stretch::up_to(MAX_FILES, query, world.switches())?;
    let sort = Sort::parse(query, &["id", "update_time"])?;
    let Some((deal, _)) = parent(id, world.switches().single_children, world)? else {
        return Ok(page(&stretch, std::iter::empty(), world));
    };
    let mut rows = world.shown_around(deal).files.clone();
    rows.sort_by_key(|row| row.id);
    sort.apply(&mut rows, |by, a, b| match by {
        "update_time" => a.made.cmp(&b.made),
        _ => a.id.cmp(&b.id),
    });
    Ok(page(&stretch, rows.into_iter().map(|row| view::file(deal, row, world)), world))
}

/// The newest first; the order of the real one is unknown.
fn mails(id: Id, query: &Query, world: &World) -> Result<Response, Refusal> {
    let stretch = Stretch::parse(query, world.switches())?;
    let bodies = query.choice("include_body", &[("0", false), ("1", true)])?.unwrap_or(false);
    let Some((deal, _)) = parent(id, world.switches().single_children, world)? else {
        return Ok(page(&stretch, std::iter::empty(), world));
    };
    let mut rows = world.shown_around(deal).mails.clone();
    rows.retain(|row| sees_mail(row, world));
    rows.sort_by_key(|row| std::cmp::Reverse((row.made, row.id)));
    let views = rows.into_iter().map(|row| mail(deal, row, bodies, world));
    Ok(page(&stretch, views, world))
}

fn page(stretch: &Stretch, rows: impl Iterator<Item = Json>, world: &World) -> Response {
    let (page, pagination) = stretch.cut(rows);
    stretch::answer(page, pagination, None, world.switches())
}
