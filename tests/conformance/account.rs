//! An account with everything in it, the calls of the table, and the names that they use for what is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::StatusCode;
use pipedrive_mirror::{
    clock::VirtualClock,
    emulator::{
        Child, Edit, Emulator, Id, Options, Person, Removed, Switches, TOKEN, TimelineData, World,
    },
    seams::Response,
};
use serde_json::Value as Json;

const NOW: &str = "2026-02-03T16:40:21Z";
const DEALS: u32 = 300;

/// The types of custom fields. Source: API reference, "Custom fields".
const TYPES: [&str; 18] = [
    "address",
    "boolean",
    "date",
    "daterange",
    "double",
    "enum",
    "int",
    "monetary",
    "org",
    "people",
    "phone",
    "set",
    "text",
    "time",
    "timerange",
    "user",
    "varchar",
    "varchar_auto",
];

/// All that `include_fields` may name of a deal.
const OPTIONAL: &str = "next_activity_id,last_activity_id,first_won_time,products_count,files_count,\
    notes_count,followers_count,email_messages_count,activities_count,done_activities_count,\
    undone_activities_count,participants_count,last_incoming_mail_time,last_outgoing_mail_time,\
    smart_bcc_email,source_lead_id";

/// An answer with its status; `Null` stands for a body that is no JSON.
pub(crate) type Answer = (u16, Json);

/// A call of the table.
pub(crate) struct Call {
    pub(crate) status: u16,
    pub(crate) path: String,
    pub(crate) body: String,
}

pub(crate) struct Account {
    pub(crate) emulator: Emulator,
    names: BTreeMap<&'static str, String>,
}

impl Account {
    pub(crate) fn new() -> Self {
        let clock = VirtualClock::new(NOW.parse().unwrap());
        let world = World::generate(&Options { deals: DEALS, seed: 7, now: NOW.parse().unwrap() });
        let hour = Duration::from_secs(3_600);
        let switches = Switches {
            burst: None,
            search_burst: None,
            conversion_takes: hour,
            removed_endpoints: Removed::There,
            timeline_data: TimelineData::ObjectForOne,
            ..Switches::default()
        };
        let emulator = Emulator::new(world, switches, Arc::new(clock.clone()));
        let mut account = Self { emulator, names: BTreeMap::new() };
        account.name_records();
        account.name_deals();
        account.name_rows();
        account.work("busy");
        account.convert("converted", "conversion");
        clock.advance(2 * hour);
        account.convert("converting", "running");
        account
    }

    fn name(&mut self, name: &'static str, value: impl ToString) {
        self.names.insert(name, value.to_string());
    }

    fn name_records(&mut self) {
        let world = self.emulator.world();
        let company = world.company();
        let first = |ids: &mut dyn Iterator<Item = &Id>| *ids.next().unwrap();
        let found = [
            ("pipeline", first(&mut company.pipelines.keys())),
            ("stage", first(&mut company.stages.keys())),
            ("person", pictured(&company.persons)),
            ("organization", first(&mut company.organizations.keys())),
            ("product", first(&mut company.products.keys())),
            ("me", world.user()),
        ];
        let fields = world.fields_json();
        drop(world);
        for (name, id) in found {
            self.name(name, id);
        }
        let codes = fields.iter().filter(|field| field["is_custom_field"] == true);
        let codes = codes.map(|field| field["field_code"].as_str().unwrap()).collect::<Vec<_>>();
        self.name("code", codes[0]);
        let address = fields.iter().find(|field| field["field_type"] == "address").unwrap();
        self.name("address", address["field_code"].as_str().unwrap());
        self.name("codes", codes[..codes.len().min(15)].join(","));
        self.name("optional", OPTIONAL);
        self.name("nothing", 999_999_999);
    }

    fn name_deals(&mut self) {
        let world = self.emulator.world();
        let live = world.live_ids().collect::<Vec<_>>();
        let deal = |id: Id| world.deal_json(id).unwrap();
        let of = |status: &str| *live.iter().find(|id| deal(**id)["status"] == status).unwrap();
        let bare = live.iter().find(|id| {
            deal(**id)["status"] == "open"
                && world.products(**id).is_empty()
                && world.followers(**id).is_empty()
                && world.participants(**id).is_empty()
        });
        let found = [
            ("open", of("open")),
            ("won", of("won")),
            ("lost", of("lost")),
            ("bare", *bare.unwrap()),
            ("archived", world.archived_ids().next().unwrap()),
            ("deleted", world.deleted_ids().next().unwrap()),
            ("other", *live.last().unwrap()),
        ];
        let many = live.iter().take(100).map(Id::to_string).collect::<Vec<_>>().join(",");
        drop(world);
        for (name, id) in found {
            self.name(name, id);
        }
        self.name("many", many);
    }

    fn name_rows(&mut self) {
        let world = self.emulator.world();
        let live = world.live_ids().collect::<Vec<_>>();
        type Rows = fn(&World, Id) -> Vec<Json>;
        let kinds: [(&str, &str, &str, Rows); 5] = [
            ("lined", "line", "id", |world, id| world.products(id)),
            ("staged", "installment", "id", |world, id| world.installments(id)),
            ("discounted", "discount", "id", |world, id| world.discounts(id)),
            ("followed", "follower", "user_id", |world, id| world.followers(id)),
            ("joined", "participant", "id", |world, id| world.participants(id)),
        ];
        let found = kinds.map(|(deal, row, key, rows)| {
            let id = *live.iter().max_by_key(|id| rows(&world, **id).len()).unwrap();
            let value = rows(&world, id)[0][key].clone();
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (deal, id, row, value)
        });
        drop(world);
        for (deal, id, row, value) in found {
            self.name(deal, id);
            self.name(row, value);
        }
    }

    /// Gives a deal everything that can happen to one.
    fn work(&mut self, deal: &'static str) {
        let id = self.emulator.world().live_ids().nth(20).unwrap();
        self.name(deal, id);
        let around = [
            Child::File,
            Child::Note,
            Child::EmailMessage,
            Child::DoneActivity,
            Child::UndoneActivity,
        ];
        for child in around {
            self.emulator.world().apply(Edit::Children(id, child, 7)).unwrap();
        }
        let calls = [
            ("PATCH", "", r#"{"title":"Z","status":"open","stage_id":{stage},"value":12.5}"#),
            ("PATCH", "", r#"{"person_id":{person},"org_id":{organization},"status":"won"}"#),
            ("POST", "/participants", r#"{"person_id":{person}}"#),
            ("POST", "/products", r#"{"product_id":{product},"item_price":1,"quantity":2}"#),
        ];
        for (method, rest, body) in calls {
            let base = if rest == "/participants" { "/v1" } else { "/api/v2" };
            let path = format!("{base}/deals/{id}{rest}");
            let (status, answer) = self.send(method, &path, &self.fill(body));
            assert!(status < 300, "{method} {path}: {answer}");
        }
    }

    /// Makes a lead of a deal.
    fn convert(&mut self, deal: &'static str, conversion: &'static str) {
        let id = self.emulator.world().live_ids().nth(10).unwrap();
        let (status, answer) = self.send("POST", &format!("/api/v2/deals/{id}/convert/lead"), "");
        assert_eq!(status, 200, "{answer}");
        self.name(deal, id);
        self.name(conversion, answer["data"]["conversion_id"].as_str().unwrap());
    }

    pub(crate) fn fill(&self, text: &str) -> String {
        let filled = self.names.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        });
        assert!(!filled.contains("/{") && !filled.contains("={"), "{filled} names nothing here");
        filled
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        self.send_as(TOKEN, method, path, body)
    }

    pub(crate) fn send_as(&self, token: &str, method: &str, path: &str, body: &str) -> Answer {
        let request = http::Request::builder().method(method).uri(path);
        let request = request.header("x-api-token", token).body(Bytes::from(body.to_owned()));
        read(&self.emulator.handle(request.unwrap()).unwrap())
    }

    /// Returns the token that the account knows.
    pub(crate) fn token(&self) -> &'static str {
        TOKEN
    }

    /// Takes a call of the table apart: `<status> <path> <body>`.
    pub(crate) fn parse(&self, call: &str) -> Call {
        let call = self.fill(call);
        let mut parts = call.splitn(3, ' ');
        let mut part = || parts.next().unwrap_or_default().to_owned();
        Call { status: part().parse().unwrap(), path: part(), body: part() }
    }

    /// Carries out a call and walks a list to its end.
    pub(crate) fn call(&self, method: &str, call: &str) -> Vec<Answer> {
        let Call { status, path, body } = self.parse(call);
        let mut answers = Vec::new();
        let mut place = String::new();
        loop {
            let join = if path.contains('?') { '&' } else { '?' };
            let from = if place.is_empty() { String::new() } else { format!("{join}{place}") };
            let answer = self.send(method, &format!("{path}{from}"), &body);
            assert_eq!(answer.0, status, "{method} {path}{from} {body}: {}", answer.1);
            let next = next(&answer.1).filter(|_| method == "GET");
            answers.push(answer);
            let Some(next) = next else { return answers };
            place = next;
        }
    }
}

/// Returns a person with a picture, who works somewhere.
fn pictured(persons: &BTreeMap<Id, Person>) -> Id {
    let full = |person: &Person| person.picture_id.is_some() && person.org_id.is_some();
    let found = persons.iter().find(|(_, person)| full(person));
    *found.unwrap().0
}

fn read(response: &Response) -> Answer {
    let body = serde_json::from_slice(response.body()).unwrap_or(Json::Null);
    assert!(!body.is_null() || response.status() != StatusCode::OK, "an answer is no JSON");
    (response.status().as_u16(), body)
}

/// Returns the parameter that asks for the next page.
fn next(answer: &Json) -> Option<String> {
    let more = &answer["additional_data"];
    let start = more["pagination"]["next_start"].as_u64().map(|start| format!("start={start}"));
    more["next_cursor"].as_str().map(|cursor| format!("cursor={cursor}")).or(start)
}

#[test]
fn the_account_has_deals_of_every_kind_with_custom_fields_of_every_type() {
    let account = Account::new();
    let world = account.emulator.world();
    let deals = world.live_ids().map(|id| world.deal_json(id).unwrap()).collect::<Vec<_>>();
    let fields = world.fields_json();
    let custom = fields.iter().filter(|field| field["is_custom_field"] == true);
    let filled = custom.filter(|field| {
        let code = field["field_code"].as_str().unwrap();
        deals.iter().any(|deal| !deal["custom_fields"][code].is_null())
    });
    let types = filled.map(|field| field["field_type"].as_str().unwrap()).collect::<BTreeSet<_>>();
    assert_eq!(types, BTreeSet::from(TYPES));
    for (deal, member, value) in [
        ("open", "status", "open"),
        ("won", "status", "won"),
        ("lost", "status", "lost"),
        ("archived", "is_archived", "true"),
        ("deleted", "is_deleted", "true"),
    ] {
        let shown = world.deal_json(account.names[deal].parse().unwrap()).unwrap();
        assert_eq!(shown[member].to_string().trim_matches('"'), value, "{deal}");
    }
}
