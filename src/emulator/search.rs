//! `/api/v2/deals/search`: deals by what stands in them.

use serde::Serialize;

use super::{
    Id, answer,
    deal::{Deal, Status},
    query::{Query, Refusal, one_of},
    sorted::{SortKey, Sorting},
    value::{Cents, Currency, Value},
    world::World,
};
use crate::seams::Response;

const PARAMETERS: [&str; 9] = [
    "term",
    "fields",
    "exact_match",
    "person_id",
    "organization_id",
    "status",
    "include_fields",
    "limit",
    "cursor",
];

/// How good a hit is; the figures are made up.
const IN_TITLE: f64 = 1.22;
const ELSEWHERE: f64 = 0.61;

/// Where the term is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Title,
    CustomFields,
    /// This world knows no notes, so nothing is found there.
    Notes,
}

/// What a request asks for.
struct Asked {
    /// In lower case.
    term: String,
    exact: bool,
    fields: Vec<Field>,
    person: Option<Id>,
    organization: Option<Id>,
    status: Option<Status>,
    with_address: bool,
}

impl Asked {
    fn parse(query: &Query) -> Result<Self, Refusal> {
        query.check(&PARAMETERS)?;
        let exact = query.flag("exact_match")?;
        let term = query.get("term").ok_or(Refusal::missing("term"))?.to_lowercase();
        // Source: API reference v2, `term`: "Minimum 2 characters (or 1 if using `exact_match`)".
        if term.chars().count() < if exact { 1 } else { 2 } {
            return Err(Refusal::invalid("term", "The value is too short"));
        }
        let all = [
            ("custom_fields", Field::CustomFields),
            ("notes", Field::Notes),
            ("title", Field::Title),
        ];
        let fields = match query.list("fields") {
            Some(names) => names.into_iter().map(|name| one_of("fields", name, &all)).collect(),
            None => Ok(all.iter().map(|(_, field)| *field).collect()),
        };
        let stages = [Status::Open, Status::Won, Status::Lost].map(|it| (it.name(), it));
        query.included(|member| member == "deal.cc_email")?;
        Ok(Self {
            term,
            exact,
            fields: fields?,
            person: query.id("person_id")?,
            organization: query.id("organization_id")?,
            status: query.choice("status", &stages)?,
            with_address: query.get("include_fields").is_some(),
        })
    }

    fn admits(&self, deal: &Deal) -> bool {
        deal.deleted.is_none()
            && self.person.is_none_or(|person| deal.person_id == Some(person))
            && self.organization.is_none_or(|customer| deal.org_id == Some(customer))
            && self.status.is_none_or(|status| deal.status == status)
    }

    fn is_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        if self.exact { text == self.term } else { text.contains(&self.term) }
    }

    /// Returns whether the title holds the term, and the custom fields that do; `None`: none of them does.
    fn hit<'a>(&self, deal: &'a Deal) -> Option<(bool, Vec<&'a str>)> {
        let title = self.fields.contains(&Field::Title) && self.is_in(&deal.title);
        let text = |value: &'a Value| match value {
            Value::Text(text) => Some(&**text),
            Value::Address(address) => Some(&*address.value),
            _ => None,
        };
        let looked_at = deal.custom.iter().filter(|_| self.fields.contains(&Field::CustomFields));
        let texts = looked_at.filter_map(|(_, value)| text(value)).filter(|text| self.is_in(text));
        let texts = texts.collect::<Vec<_>>();
        (title || !texts.is_empty()).then_some((title, texts))
    }
}

/// Source: the example answer of the API reference v2.
#[derive(Serialize)]
struct Hit<'a> {
    result_score: f64,
    item: Item<'a>,
}

#[derive(Serialize)]
struct Item<'a> {
    id: Id,
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'a str,
    value: Option<Cents>,
    currency: Currency,
    status: &'static str,
    visible_to: u8,
    owner: Owner,
    stage: Named<'a>,
    person: Option<Named<'a>>,
    organization: Option<Named<'a>>,
    custom_fields: Vec<&'a str>,
    notes: [&'static str; 0],
    is_archived: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cc_email: Option<String>,
}

#[derive(Serialize)]
struct Owner {
    id: Id,
}

#[derive(Serialize)]
struct Named<'a> {
    id: Id,
    name: &'a str,
}

#[derive(Serialize)]
struct Items<'a> {
    items: Vec<Hit<'a>>,
}

impl<'a> Hit<'a> {
    fn of(deal: &'a Deal, asked: &Asked, world: &'a World) -> Option<Self> {
        let (title, custom_fields) = asked.hit(deal)?;
        let company = world.company();
        let stage = company.stages.get(&deal.stage_id);
        let person = deal.person_id.and_then(|id| Some((id, company.persons.get(&id)?)));
        let customer = deal.org_id.and_then(|id| Some((id, company.organizations.get(&id)?)));
        let item = Item {
            id: deal.id,
            kind: "deal",
            title: &deal.title,
            value: deal.value,
            currency: deal.currency,
            status: deal.status.name(),
            visible_to: deal.visible_to,
            owner: Owner { id: deal.owner_id },
            stage: Named { id: deal.stage_id, name: stage.map_or("", |stage| &stage.name) },
            person: person.map(|(id, person)| Named { id, name: &person.name }),
            organization: customer.map(|(id, customer)| Named { id, name: &customer.name }),
            custom_fields,
            notes: [],
            is_archived: deal.archived.is_some(),
            cc_email: asked
                .with_address
                .then(|| format!("{}+deal{}@pipedrivemail.com", company.domain, deal.id)),
        };
        Some(Self { result_score: if title { IN_TITLE } else { ELSEWHERE }, item })
    }
}

/// Finds deals, archived ones too, by their id: how the real one sorts its hits is unknown.
pub(super) fn search(query: &Query, world: &World) -> Result<Response, Refusal> {
    let asked = Asked::parse(query)?;
    let sorting = Sorting::fixed(query, "id", world.switches())?;
    let deals = world.deals.keys().filter_map(|id| world.shown(*id));
    let deals = deals.filter(|deal| asked.admits(deal) && world.sees(deal));
    let hits = deals.filter_map(|deal| {
        Some((SortKey::Number(deal.id), deal.id, Hit::of(deal, &asked, world)?))
    });
    let (items, cursor) = sorting.page(hits.collect(), world.switches());
    Ok(answer::page(Items { items }, cursor, world.switches().end))
}
