//! Reads of reference data: which records, in which order, with what of them.

use std::collections::BTreeSet;

use http::StatusCode;

use super::{
    super::{
        Id, answer,
        query::{Query, Refusal},
        routes,
        second::Second,
        sorted::{SortKey, Sorting},
        switches::DeletedRows,
        world::World,
    },
    Record, RecordView, Reference,
};
use crate::seams::Response;

const PAGE: [&str; 4] = ["limit", "cursor", "sort_by", "sort_direction"];
const SHAPE: [&str; 4] =
    ["include_fields", "custom_fields", "include_option_labels", "include_labels"];

/// Source: API reference v2, `include_fields` of organizations; those of persons are these but the last one, and more.
const INCLUDE: [&str; 19] = [
    "next_activity_id",
    "last_activity_id",
    "open_deals_count",
    "related_open_deals_count",
    "closed_deals_count",
    "related_closed_deals_count",
    "email_messages_count",
    "activities_count",
    "done_activities_count",
    "undone_activities_count",
    "files_count",
    "notes_count",
    "followers_count",
    "won_deals_count",
    "related_won_deals_count",
    "lost_deals_count",
    "related_lost_deals_count",
    "smart_bcc_email",
    "people_count",
];
const INCLUDE_OF_PERSONS: [&str; 6] = [
    "participant_open_deals_count",
    "participant_closed_deals_count",
    "last_incoming_mail_time",
    "last_outgoing_mail_time",
    "marketing_status",
    "doi_status",
];

/// A read of one record or of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum ReferenceRead {
    List(Reference),
    One(Reference, Id),
}

impl ReferenceRead {
    /// Finds the read of a path, which begins with `/v1/` or `/api/v2/`.
    pub(in super::super) fn of(path: &str) -> Option<Self> {
        match path {
            "/v1/users" => return Some(Self::List(Reference::Users)),
            "/v1/currencies" => return Some(Self::List(Reference::Currencies)),
            _ => {}
        }
        let rest = path.strip_prefix("/api/v2/")?;
        let (kind, id) = rest.split_once('/').map_or((rest, None), |(kind, id)| (kind, Some(id)));
        let kind = match kind {
            "pipelines" => Reference::Pipelines,
            "stages" => Reference::Stages,
            "persons" => Reference::Persons,
            "organizations" => Reference::Organizations,
            "products" => Reference::Products,
            _ => return None,
        };
        match id {
            None => Some(Self::List(kind)),
            Some(id) => routes::id(id).map(|id| Self::One(kind, id)),
        }
    }

    /// Source: `x-token-cost` of the API reference.
    pub(in super::super) fn cost(self) -> u64 {
        match self {
            Self::One(..) => 1,
            Self::List(Reference::Pipelines | Reference::Stages) => 5,
            Self::List(Reference::Users | Reference::Currencies) => 20,
            Self::List(Reference::Persons | Reference::Organizations | Reference::Products) => 10,
        }
    }

    pub(in super::super) fn answer(
        self,
        query: &Query,
        world: &World,
    ) -> Result<Response, Refusal> {
        match self {
            Self::One(kind, id) => one(kind, id, query, world),
            Self::List(kind @ (Reference::Users | Reference::Currencies)) => {
                Ok(whole(kind, query, world))
            }
            Self::List(kind) => list(kind, query, world),
        }
    }
}

/// Answers with all users or currencies; being v1, it ignores parameters it does not know.
fn whole(kind: Reference, query: &Query, world: &World) -> Response {
    let term = query.get("term").filter(|_| kind == Reference::Currencies).map(str::to_lowercase);
    let named = |record: &Record<'_>| match (record, &term) {
        (Record::Currency(currency), Some(term)) => [&*currency.name, currency.code.code()]
            .iter()
            .any(|it| it.to_lowercase().contains(term)),
        _ => true,
    };
    let records = world.records(kind).filter(|(_, record)| named(record));
    let views = records.map(|(id, record)| RecordView::new(kind, id, record, world));
    answer::single(views.collect::<Vec<_>>())
}

fn one(kind: Reference, id: Id, query: &Query, world: &World) -> Result<Response, Refusal> {
    let shaped = matches!(kind, Reference::Persons | Reference::Organizations);
    query.check(if shaped { &SHAPE } else { &[] })?;
    let keys = shape(kind, query)?;
    let found = world.record(kind, id).filter(|record| {
        sees(*record, world) && (!record.is_deleted() || world.switches().single_finds_deleted)
    });
    let record = found.ok_or_else(|| missing(kind))?;
    Ok(answer::single(RecordView::new(kind, id, record, world).only(keys.as_deref())))
}

/// The 404 of a record; what its text says is made up.
fn missing(kind: Reference) -> Refusal {
    let name = match kind {
        Reference::Pipelines => "Pipeline",
        Reference::Stages => "Stage",
        Reference::Persons => "Person",
        Reference::Organizations => "Organization",
        Reference::Products => "Product",
        Reference::Users | Reference::Currencies => "Entity",
    };
    Refusal::Other(StatusCode::NOT_FOUND, format!("{name} not found"))
}

fn sees(record: Record<'_>, world: &World) -> bool {
    record.owner().is_none_or(|(owner, visible_to)| world.sees_what_is(visible_to, owner))
}

/// Which records of a list were asked for.
struct Wanted {
    ids: Option<Vec<Id>>,
    owner: Option<Id>,
    organization: Option<Id>,
    /// The persons of a deal.
    of_deal: Option<BTreeSet<Id>>,
    pipeline: Option<Id>,
    since: Option<Second>,
    until: Option<Second>,
    deleted: bool,
}

impl Wanted {
    fn parse(kind: Reference, query: &Query, world: &World) -> Result<Self, Refusal> {
        query.check_filter()?;
        let (ids, since) = (query.ids("ids")?, query.time("updated_since")?);
        let switches = world.switches();
        let deleted = match kind {
            Reference::Pipelines | Reference::Stages => switches.deleted_stages,
            _ => switches.deleted_records,
        };
        let deleted = match deleted {
            DeletedRows::Never => false,
            DeletedRows::WhenAsked => ids.is_some() || since.is_some(),
            DeletedRows::Always => true,
        };
        Ok(Self {
            ids,
            owner: query.id("owner_id")?,
            organization: query.id("org_id")?,
            of_deal: query.id("deal_id")?.map(|deal| persons_of(deal, world)),
            pipeline: query.id("pipeline_id")?,
            since,
            until: query.time("updated_until")?,
            deleted,
        })
    }

    fn admits(&self, id: Id, record: Record<'_>) -> bool {
        let owner = record.owner().map(|(owner, _)| owner);
        let (organization, pipeline) = match record {
            Record::Person(person) => (person.org_id, None),
            Record::Stage(stage) => (None, Some(stage.pipeline_id)),
            _ => (None, None),
        };
        let updated = record.stamp().map(|stamp| stamp.update_time);
        let same = |wanted: Option<Id>, id: Option<Id>| wanted.is_none() || wanted == id;
        same(self.owner, owner)
            && same(self.organization, organization)
            && same(self.pipeline, pipeline)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&id))
            && self.of_deal.as_ref().is_none_or(|persons| persons.contains(&id))
            && self.since.is_none_or(|since| updated >= Some(since))
            && self.until.is_none_or(|until| updated < Some(until))
            && (self.deleted || !record.is_deleted())
    }
}

/// Returns the contact of a deal and its participants; none for a deal that is hidden or not there.
fn persons_of(deal: Id, world: &World) -> BTreeSet<Id> {
    let deal = world.deal(deal).filter(|deal| world.sees(deal));
    let participants = deal.into_iter().flat_map(|deal| &deal.attached().participants);
    let contact = deal.and_then(|deal| deal.person_id);
    participants.map(|participant| participant.person_id).chain(contact).collect()
}

fn list(kind: Reference, query: &Query, world: &World) -> Result<Response, Refusal> {
    let filters: &[&str] = match kind {
        Reference::Persons => {
            &["filter_id", "ids", "owner_id", "org_id", "deal_id", "updated_since", "updated_until"]
        }
        Reference::Organizations => {
            &["filter_id", "ids", "owner_id", "updated_since", "updated_until"]
        }
        Reference::Products => &["filter_id", "ids", "owner_id", "updated_since", "custom_fields"],
        Reference::Stages => &["pipeline_id"],
        _ => &[],
    };
    let shape_of: &[&str] = match kind {
        Reference::Persons | Reference::Organizations => &SHAPE,
        _ => &[],
    };
    query.check(&[filters, shape_of, &PAGE].concat())?;
    let sorts: &[&str] = match kind {
        Reference::Stages => &["id", "update_time", "add_time", "order_nr"],
        Reference::Products => &["id", "name", "add_time", "update_time"],
        _ => &["id", "update_time", "add_time"],
    };
    let sorting = Sorting::parse(query, sorts, "id", world.switches())?;
    let keys = shape(kind, query)?;
    let wanted = Wanted::parse(kind, query, world)?;
    let shown =
        |(id, record): &(Id, Record<'_>)| wanted.admits(*id, *record) && sees(*record, world);
    let row = |(id, record)| (sort_key(sorting.by(), id, record), id, (id, record));
    let rows = world.records(kind).filter(shown).map(row).collect();
    let (page, cursor) = sorting.page(rows, world.switches());
    let view = |(id, record)| RecordView::new(kind, id, record, world).only(keys.as_deref());
    let views = page.into_iter().map(view).collect::<Vec<_>>();
    Ok(answer::page(views, cursor, world.switches().end))
}

fn sort_key(by: &str, id: Id, record: Record<'_>) -> SortKey {
    match (by, record, record.stamp()) {
        ("name", ..) => SortKey::Text(record.name().to_owned()),
        ("order_nr", Record::Stage(stage), _) => SortKey::Number(stage.order_nr.into()),
        ("update_time", _, Some(stamp)) => SortKey::time(stamp.update_time),
        ("add_time", _, Some(stamp)) => SortKey::time(stamp.add_time),
        _ => SortKey::Number(id),
    }
}

/// Checks what of the records was asked for and returns the keys of `custom_fields`. What `include_fields` and the two
/// kinds of labels add is not here.
fn shape(kind: Reference, query: &Query) -> Result<Option<Vec<&str>>, Refusal> {
    query.flag("include_option_labels")?;
    query.flag("include_labels")?;
    let persons = kind == Reference::Persons;
    query.included(|member| {
        INCLUDE.contains(&member) && !(persons && member == "people_count")
            || persons && INCLUDE_OF_PERSONS.contains(&member)
    })?;
    let codes = kind.extra_codes().unwrap_or_default();
    query.custom_fields(|key| codes.contains(&key))
}
