//! Participants as v1 writes them: with the person, the user and the deal inside.
//!
//! Source: the example answer of the API reference v1.

use serde_json::{Map, Value as Json, json};

use super::{
    super::{Id, deal::Deal, reference::contacts, second::v1, world::World},
    Participant,
};

/// Writes a participant.
pub(super) fn participant(deal: &Deal, participant: &Participant, world: &World) -> Json {
    let Participant { id, person_id, add_time, added_by, active } = *participant;
    let short = json!({
        "active_flag": active, "name": name(person_id, world),
        "email": email(person_id, world), "phone": phone(person_id, world), "value": person_id,
    });
    json!({
        "id": id, "person_id": short, "add_time": v1(add_time), "active_flag": active,
        "related_item_data": {"deal_id": deal.id, "title": deal.title},
        "person": person(person_id, active, world), "added_by_user_id": user(added_by, true, world),
        "related_item_type": "deal", "related_item_id": deal.id,
    })
}

/// Writes what an answer with these participants adds about the users, persons and organizations in it.
pub(super) fn related(participants: &[&Participant], world: &World) -> Json {
    let (mut users, mut persons, mut organizations) = (Map::new(), Map::new(), Map::new());
    for participant in participants {
        let (who, by) = (participant.person_id, participant.added_by);
        users.insert(by.to_string(), user(by, false, world));
        persons.insert(who.to_string(), related_person(who, participant.active, world));
        let organization = world.company().persons.get(&who).and_then(|person| person.org_id);
        let shown = organization.and_then(|id| Some((id, organization_of(id, false, world)?)));
        organizations.extend(shown.map(|(id, shown)| (id.to_string(), shown)));
    }
    json!({"user": users, "person": persons, "organization": organizations})
}

/// Writes what an answer adds about a person in it.
pub(in super::super) fn related_person(id: Id, active: bool, world: &World) -> Json {
    json!({
        "active_flag": active, "id": id, "name": name(id, world), "email": email(id, world),
        "phone": phone(id, world), "owner_id": world.user(),
    })
}

/// Writes what an answer with one participant of a deal adds; by the example no organization.
pub(in super::super) fn related_to(deal: Id, id: Id, world: &World) -> Json {
    let participants = world.deal(deal).map_or(&[][..], |deal| &deal.attached().participants);
    let found = participants.iter().filter(|participant| participant.id == id);
    let mut related = related(&found.collect::<Vec<_>>(), world);
    related.as_object_mut().and_then(|related| related.remove("organization"));
    related
}

/// Writes a person as v1 does inside other things; how many things hang on it is made up.
pub(in super::super) fn person(id: Id, active: bool, world: &World) -> Json {
    let company = world.company();
    let found = company.persons.get(&id);
    let name = name(id, world).unwrap_or("");
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    let first_char = name.chars().next().map(|first| first.to_lowercase().to_string());
    let owner = found.map_or(world.user(), |person| person.owner_id);
    let organization = found.and_then(|person| person.org_id);
    let labels = found.map_or(&[][..], |person| &person.label_ids);
    let mut shown = json!({
        "id": id, "company_id": company.id, "owner_id": user(owner, true, world),
        "org_id": organization.and_then(|id| organization_of(id, true, world)),
        "name": name, "first_name": first, "last_name": last, "active_flag": active, "phone": phone(id, world),
        "email": email(id, world), "first_char": first_char,
        "add_time": found.map(|person| v1(person.stamp.add_time)),
        "update_time": found.map(|person| v1(person.stamp.update_time)),
        "visible_to": found.map_or(3, |person| person.visible_to).to_string(), "picture_id": picture(id, world),
        "sync_needed": false, "label": labels.first(), "label_ids": labels,
        "org_name": organization.and_then(|id| company.organizations.get(&id)).map(|it| &it.name),
        "owner_name": company.users.get(&owner).map(|user| &user.name),
        "cc_email": format!("{}@pipedrivemail.com", company.domain),
        "next_activity_date": null, "next_activity_time": null, "next_activity_id": null,
        "last_activity_id": null, "last_activity_date": null, "last_incoming_mail_time": null,
        "last_outgoing_mail_time": null,
    });
    for counter in COUNTERS {
        shown[format!("{counter}_count")] = 0.into();
    }
    shown
}

/// What v1 counts of a person.
const COUNTERS: [&str; 17] = [
    "open_deals",
    "related_open_deals",
    "closed_deals",
    "related_closed_deals",
    "participant_open_deals",
    "participant_closed_deals",
    "email_messages",
    "activities",
    "done_activities",
    "undone_activities",
    "files",
    "notes",
    "followers",
    "won_deals",
    "related_won_deals",
    "lost_deals",
    "related_lost_deals",
];

/// Writes an organization as v1 does inside other things: in place of its id, or with it.
fn organization_of(id: Id, in_place: bool, world: &World) -> Option<Json> {
    let company = world.company();
    let it = company.organizations.get(&id)?;
    let mut shown = json!({
        "name": it.name, "people_count": 1, "owner_id": it.owner_id,
        "address": it.address.as_ref().map(|address| &address.value),
        "active_flag": it.stamp.deleted.is_none(),
        "cc_email": format!("{}@pipedrivemail.com", company.domain),
    });
    if in_place {
        shown["label_ids"] = json!(it.label_ids);
        shown["value"] = id.into();
    } else {
        shown["id"] = id.into();
    }
    Some(shown)
}

/// Writes the picture of a person.
fn picture(person: Id, world: &World) -> Option<Json> {
    let found = world.company().persons.get(&person)?;
    let id = found.picture_id?;
    let file = |size: u16| format!("https://pictures.example/{id}_{size}.jpg");
    Some(json!({
        "id": id, "item_type": "person", "item_id": person, "active_flag": true,
        "add_time": v1(found.stamp.add_time), "update_time": v1(found.stamp.update_time),
        "added_by_user_id": found.owner_id, "pictures": {"128": file(128), "512": file(512)},
    }))
}

/// Writes a user as v1 does inside other things.
pub(in super::super) fn user(id: Id, with_value: bool, world: &World) -> Json {
    let user = world.company().users.get(&id);
    let mut object = json!({
        "id": id, "name": user.map(|user| &user.name), "email": user.map(|user| &user.email), "has_pic": 0,
        "pic_hash": null, "active_flag": user.is_some(),
    });
    if with_value {
        object["value"] = id.into();
    }
    object
}

fn name(person: Id, world: &World) -> Option<&str> {
    world.company().persons.get(&person).map(|person| &*person.name)
}

fn email(person: Id, world: &World) -> Json {
    json!(
        world.company().persons.get(&person).map_or(Vec::new(), |person| contacts(&person.emails))
    )
}

fn phone(person: Id, world: &World) -> Json {
    json!(
        world.company().persons.get(&person).map_or(Vec::new(), |person| contacts(&person.phones))
    )
}
