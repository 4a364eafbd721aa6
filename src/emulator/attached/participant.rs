//! Participants as v1 writes them: with the person, the user and the deal inside.
//!
//! Source: the example answer of the API reference v1. Of the person, name, mail and phone are those it has now; the
//! rest is made up.

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

/// Writes what an answer with these participants adds about the users and persons in it.
pub(super) fn related(participants: &[&Participant], world: &World) -> Json {
    let (mut users, mut persons) = (Map::new(), Map::new());
    for participant in participants {
        let (who, by) = (participant.person_id, participant.added_by);
        users.insert(by.to_string(), user(by, false, world));
        persons.insert(who.to_string(), related_person(who, participant.active, world));
    }
    json!({"user": users, "person": persons})
}

/// Writes what an answer adds about a person in it.
pub(in super::super) fn related_person(id: Id, active: bool, world: &World) -> Json {
    json!({
        "active_flag": active, "id": id, "name": name(id, world), "email": email(id, world),
        "phone": phone(id, world), "owner_id": world.user(),
    })
}

/// Writes what an answer with one participant of a deal adds.
pub(in super::super) fn related_to(deal: Id, id: Id, world: &World) -> Json {
    let participants = world.deal(deal).map_or(&[][..], |deal| &deal.attached().participants);
    let found = participants.iter().filter(|participant| participant.id == id);
    related(&found.collect::<Vec<_>>(), world)
}

/// Writes a person as v1 does inside other things.
pub(in super::super) fn person(id: Id, active: bool, world: &World) -> Json {
    let company = world.company();
    let name = name(id, world).unwrap_or("");
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    let first_char = name.chars().next().map(|first| first.to_lowercase().to_string());
    json!({
        "id": id, "company_id": company.id, "owner_id": user(world.user(), true, world), "org_id": null,
        "name": name, "first_name": first, "last_name": last, "active_flag": active, "phone": phone(id, world),
        "email": email(id, world), "first_char": first_char, "visible_to": "3", "picture_id": null,
        "label": null, "label_ids": [], "org_name": null,
        "owner_name": company.users.get(&world.user()).map(|user| &user.name),
        "cc_email": format!("{}@pipedrivemail.com", company.domain),
    })
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
