//! Files and notes as v1 writes them.
//!
//! Source: the example answers of the API reference v1.

use serde_json::{Value as Json, json};

use super::{
    super::{deal::Deal, second::v1, world::World},
    Row, text,
};

/// Writes a file.
pub(in super::super) fn file(deal: &Deal, row: Row, world: &World) -> Json {
    let Row { id, made, by } = row;
    let (name, kind, size) = text::file(id);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, ""));
    let who = person_name(deal, world).unwrap_or_default();
    json!({
        "id": id, "user_id": by, "deal_id": deal.id, "person_id": deal.person_id, "org_id": deal.org_id,
        "product_id": null, "activity_id": null, "lead_id": null, "project_id": null, "log_id": null,
        "add_time": v1(made), "update_time": v1(made),
        "file_name": format!("{stem}_{:08x}.{ending}", text::mixed(id, 7)), "file_type": kind,
        "file_size": size, "active_flag": true, "inline_flag": false, "remote_location": "s3",
        "remote_id": name, "cid": "", "s3_bucket": "", "mail_message_id": "", "mail_template_id": "",
        "deal_name": deal.title, "person_name": who, "people_name": who,
        "org_name": organization_name(deal, world).unwrap_or_default(), "product_name": "",
        "lead_name": "", "project_name": "",
        "url": format!("https://app.pipedrive.com/api/v1/files/{id}/download"),
        "name": name, "description": "",
    })
}

/// Writes a note.
pub(in super::super) fn note(deal: &Deal, row: Row, world: &World) -> Json {
    let Row { id, made, by } = row;
    let user = world.company().users.get(&by);
    let named = |name: Option<&str>| name.map(|name| json!({"name": name}));
    json!({
        "id": id, "active_flag": true, "add_time": v1(made), "content": format!("<p>{}</p>", words(id, world)),
        "deal": {"title": deal.title}, "lead_id": null, "deal_id": deal.id, "last_update_user_id": by,
        "org_id": deal.org_id, "organization": named(organization_name(deal, world)),
        "person": named(person_name(deal, world)), "person_id": deal.person_id,
        "project_id": null, "project": null, "pinned_to_lead_flag": false,
        "pinned_to_deal_flag": text::is_pinned(id), "pinned_to_organization_flag": false,
        "pinned_to_person_flag": false, "pinned_to_project_flag": false, "update_time": v1(made),
        "user": {
            "email": user.map(|user| &user.email), "icon_url": null, "is_you": by == world.user(),
            "name": user.map(|user| &user.name),
        },
        "user_id": by,
    })
}

/// Returns what someone noted down.
pub(super) fn words(id: super::super::Id, world: &World) -> &str {
    let nth = (text::mixed(id, 5) as usize).checked_rem(world.phrases.len());
    nth.map_or("", |nth| &world.phrases[nth])
}

pub(super) fn person_name<'a>(deal: &Deal, world: &'a World) -> Option<&'a str> {
    let person = deal.person_id.and_then(|id| world.company().persons.get(&id));
    person.map(|person| &*person.name)
}

pub(super) fn organization_name<'a>(deal: &Deal, world: &'a World) -> Option<&'a str> {
    let customer = deal.org_id.and_then(|id| world.company().organizations.get(&id));
    customer.map(|customer| &*customer.name)
}
