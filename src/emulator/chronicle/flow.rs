//! `/v1/deals/{id}/flow`: everything that happened to a deal.
//!
//! Source: API reference v1: the example answer, for changes, activities and mails; files and notes look as in their own
//! lists, followers and participants as in their change logs.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::{
    super::{
        Id,
        around::{file, mail, note, old_activity, sees_mail},
        attached::{Parent, parent, related_person, user},
        deal::Deal,
        query::{Query, Refusal},
        second::{Second, v1},
        stretch::{self, Stretch},
        world::World,
    },
    Entry, newest_first,
};
use crate::seams::Response;

/// An update: when it happened, what `items` may call it, and what the answer says.
struct Update {
    time: Second,
    names: &'static [&'static str],
    object: &'static str,
    data: Json,
}

pub(super) fn flow(id: Id, query: &Query, world: &World) -> Result<Response, Refusal> {
    let stretch = Stretch::parse(query, world.switches())?;
    let custom = query.get("all_changes") == Some("1");
    let items = query.list("items");
    let parent = parent(id, world.switches().single_children, world)?;
    let mut updates = parent.map_or_else(Vec::new, |parent| updates(parent, custom, world));
    let asked = |update: &Update| {
        items.as_ref().is_none_or(|items| update.names.iter().any(|name| items.contains(name)))
    };
    updates.retain(asked);
    // The newest first; what happened in one second stays in the order of its kinds.
    updates.sort_by_key(|update| std::cmp::Reverse(update.time));
    let (page, pagination) = stretch.cut(updates);
    let related = parent.map_or_else(|| json!({}), |(deal, _)| related(deal, &page, world));
    let row = |update: Update| json!({"object": update.object, "timestamp": v1(update.time), "data": update.data});
    let rows = page.into_iter().map(row).collect();
    Ok(stretch::answer(rows, pagination, Some(related), world.switches()))
}

/// Collects the updates of a deal, within each kind the newest first.
fn updates((deal, attached): Parent<'_>, custom: bool, world: &World) -> Vec<Update> {
    let mut updates = Vec::new();
    let mut add = |time, names, data| {
        updates.push(Update { time, names, object: names[0], data });
    };
    for entry in newest_first(deal).filter(|entry| custom || !entry.change.is_custom) {
        add(entry.time, &["dealChange", "change"], change(deal, &entry));
    }
    let around = world.shown_around(deal);
    for it in around.activities.iter().rev() {
        let names: &[_] =
            if it.done.is_some() { &["activity"] } else { &["activity", "plannedActivity"] };
        add(it.update_time(), names, old_activity(deal, it, world));
    }
    for row in around.mails.iter().rev().filter(|row| sees_mail(row, world)) {
        let mut data = mail(deal, *row, false, world)["data"].take();
        data["attachments"] = json!([]);
        add(row.made, &["mailMessage"], data);
    }
    for row in around.files.iter().rev() {
        add(row.made, &["file"], file(deal, *row, world));
    }
    for row in around.notes.iter().rev() {
        add(row.made, &["note"], note(deal, *row, world));
    }
    for it in attached.followers.iter().rev() {
        let data = json!({
            "action": "added", "deal_id": deal.id, "user_id": it.added_by,
            "follower_user_id": it.user_id, "log_time": v1(it.add_time),
        });
        add(it.add_time, &["dealFollower", "follower"], data);
    }
    for it in attached.participants.iter().rev() {
        let data = json!({
            "action": "added", "deal_id": deal.id, "user_id": it.added_by,
            "person_id": it.person_id, "log_time": v1(it.add_time),
        });
        add(it.add_time, &["participant"], data);
    }
    updates
}

fn change(deal: &Deal, entry: &Entry) -> Json {
    let Entry { id, time, user, source, change } = entry;
    json!({
        "id": id, "item_id": deal.id, "user_id": user, "field_key": &*change.key,
        "old_value": change.old.json(), "new_value": change.new.json(), "is_bulk_update_flag": null,
        "log_time": v1(*time), "change_source": source.name(),
        "change_source_user_agent": source.agent(), "additional_data": [],
    })
}

/// Writes what the answer adds about the users, the person, the customer and the deal in it.
fn related(deal: &Deal, page: &[Update], world: &World) -> Json {
    let users = page.iter().filter_map(|update| update.data["user_id"].as_u64());
    let users = users.filter_map(|id| Id::try_from(id).ok()).collect::<BTreeSet<_>>();
    let users = users.into_iter().map(|id| (id.to_string(), user(id, false, world)));
    let company = world.company();
    let one = |id: Id, value: Json| Map::from_iter([(id.to_string(), value)]);
    let person = deal.person_id.map(|id| {
        let active = company.persons.get(&id).is_some_and(|it| it.stamp.deleted.is_none());
        one(id, related_person(id, active, world))
    });
    let customer = deal.org_id.and_then(|id| Some((id, company.organizations.get(&id)?)));
    let customer = customer.map(|(id, it)| {
        let staff = company.persons.values().filter(|person| person.org_id == Some(id)).count();
        let address = it.address.as_ref().map(|address| &address.value);
        one(id, json!({
            "id": id, "name": it.name, "people_count": staff, "owner_id": it.owner_id, "address": address,
            "active_flag": it.stamp.deleted.is_none(),
            "cc_email": format!("{}@pipedrivemail.com", company.domain),
        }))
    });
    let shown = json!({
        "id": deal.id, "title": deal.title, "status": deal.shown_status().name(), "value": deal.value,
        "currency": deal.currency, "stage_id": deal.stage_id, "pipeline_id": deal.pipeline_id,
    });
    json!({
        "user": Map::from_iter(users), "person": person.unwrap_or_default(),
        "organization": customer.unwrap_or_default(), "deal": one(deal.id, shown),
    })
}
