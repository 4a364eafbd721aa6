//! Activities as v2 and v1 write them.
//!
//! Source: the example answers of the API reference, v2 for `/activities` and v1 for `/deals/{id}/flow`. Whatever a
//! deal does not tell is made up or null: no activity here is a call through a conference or repeats itself.

use serde_json::{Value as Json, json};

use super::{
    super::{deal::Deal, second::v1, value::Address, world::World},
    Activity, text,
    view::{organization_name, person_name, words},
};

/// How long an activity takes.
const HOURS: [&str; 3] = ["00:30:00", "01:00:00", "02:00:00"];

/// What v2 and v1 tell alike.
struct Told<'a> {
    kind: &'static str,
    subject: &'static str,
    due_date: String,
    due_hour: u32,
    duration: &'static str,
    note: &'a str,
    place: Option<&'a Address>,
}

impl<'a> Told<'a> {
    fn of(activity: &Activity, world: &'a World) -> Self {
        let id = activity.row.id;
        let (kind, subject) = text::activity(id);
        let chance = text::mixed(id, 1);
        let due = activity.row.made.plus(chance % 20 * 24 * 3_600);
        let nth = (chance as usize).checked_rem(world.addresses.len());
        Self {
            kind,
            subject,
            due_date: due.date_at(0).to_string(),
            due_hour: 8 + chance % 9,
            duration: HOURS[chance as usize % HOURS.len()],
            note: words(id, world),
            place: nth.map(|nth| &*world.addresses[nth]).filter(|_| kind == "meeting"),
        }
    }
}

/// Returns the day an activity is due.
pub(super) fn due_date(activity: &Activity, world: &World) -> String {
    Told::of(activity, world).due_date
}

/// Writes an activity as v2 does.
pub(super) fn activity(deal: &Deal, it: &Activity, with_attendees: bool, world: &World) -> Json {
    let told = Told::of(it, world);
    let location = told.place.map(|place| {
        json!({
            "value": place.value, "country": place.country, "admin_area_level_1": place.admin_area_level_1,
            "admin_area_level_2": place.admin_area_level_2, "locality": place.locality,
            "sublocality": place.sublocality, "route": place.route, "street_number": place.street_number,
            "subpremise": place.subpremise, "postal_code": place.postal_code,
        })
    });
    let participants = deal.person_id.map(|id| json!({"person_id": id, "primary": true}));
    let mut view = json!({
        "id": it.row.id, "subject": told.subject, "type": told.kind, "owner_id": it.row.by,
        "creator_user_id": it.row.by, "is_deleted": false, "add_time": it.row.made,
        "update_time": it.update_time(), "deal_id": deal.id, "lead_id": null,
        "person_id": deal.person_id, "org_id": deal.org_id, "project_id": null,
        "due_date": told.due_date, "due_time": format!("{:02}:00:00", told.due_hour),
        "duration": told.duration, "busy": told.kind == "meeting", "done": it.done.is_some(),
        "marked_as_done_time": it.done, "location": location,
        "participants": participants.into_iter().collect::<Vec<_>>(),
        "conference_meeting_client": null, "conference_meeting_url": null,
        "conference_meeting_id": null, "public_description": null, "priority": null, "note": told.note,
    });
    if with_attendees {
        view["attendees"] = attendees(deal, "email", world);
    }
    view
}

fn attendees(deal: &Deal, address: &str, world: &World) -> Json {
    let person = deal.person_id.and_then(|id| world.company().persons.get(&id));
    let Some((person, mail)) = person.and_then(|it| Some((it, it.emails.first()?))) else {
        return json!([]);
    };
    json!([{
        address: mail, "is_organizer": false, "name": person.name, "person_id": deal.person_id,
        "status": "noreply", "user_id": null,
    }])
}

/// Writes an activity as v1 does.
pub(in super::super) fn old_activity(deal: &Deal, it: &Activity, world: &World) -> Json {
    let (told, company) = (Told::of(it, world), world.company());
    let owner = company.users.get(&it.row.by).map(|user| &user.name);
    let bcc = format!("{}@pipedrivemail.com", company.domain);
    let participants = deal.person_id.map(|id| json!({"person_id": id, "primary_flag": true}));
    let mut view = json!({
        "id": it.row.id, "company_id": company.id, "user_id": it.row.by, "done": it.done.is_some(),
        "type": told.kind, "reference_type": null, "reference_id": null,
        "conference_meeting_client": null, "conference_meeting_url": null, "conference_meeting_id": null,
        "due_date": told.due_date, "due_time": format!("{:02}:00", told.due_hour),
        "duration": &told.duration[..5], "busy_flag": told.kind == "meeting", "add_time": v1(it.row.made),
        "marked_as_done_time": it.done.map_or(String::new(), v1), "last_notification_time": null,
        "last_notification_user_id": null, "notification_language_id": null, "subject": told.subject,
        "public_description": "", "calendar_sync_include_context": null,
        "location": told.place.map(|place| &place.value), "org_id": deal.org_id,
        "person_id": deal.person_id, "deal_id": deal.id, "lead_id": null, "project_id": null,
        "active_flag": true, "update_time": v1(it.update_time()), "update_user_id": it.row.by,
        "gcal_event_id": null, "google_calendar_id": null, "google_calendar_etag": null,
        "source_timezone": null, "rec_rule": null, "rec_rule_extension": null,
        "rec_master_activity_id": null, "series": [], "note": told.note, "created_by_user_id": it.row.by,
    });
    let place = told.place;
    let part = |part: fn(&Address) -> &Option<String>| place.map(part).cloned().flatten();
    let rest = json!({
        "location_subpremise": part(|place| &place.subpremise),
        "location_street_number": part(|place| &place.street_number),
        "location_route": part(|place| &place.route),
        "location_sublocality": part(|place| &place.sublocality),
        "location_locality": part(|place| &place.locality),
        "location_admin_area_level_1": part(|place| &place.admin_area_level_1),
        "location_admin_area_level_2": part(|place| &place.admin_area_level_2),
        "location_country": part(|place| &place.country),
        "location_postal_code": part(|place| &place.postal_code),
        "location_formatted_address": part(|place| &place.formatted_address),
        "attendees": old_attendees(deal, world),
        "participants": participants.into_iter().collect::<Vec<_>>(),
        "org_name": organization_name(deal, world), "person_name": person_name(deal, world),
        "deal_title": deal.title, "owner_name": owner, "person_dropbox_bcc": bcc,
        "deal_dropbox_bcc": format!("{}+deal{}@pipedrivemail.com", company.domain, deal.id),
        "assigned_to_user_id": it.row.by, "file": null,
    });
    if let (Json::Object(view), Json::Object(rest)) = (&mut view, rest) {
        view.extend(rest);
    }
    view
}

/// The same with another name for the address and a number for a truth.
fn old_attendees(deal: &Deal, world: &World) -> Json {
    let mut all = attendees(deal, "email_address", world);
    for attendee in all.as_array_mut().into_iter().flatten() {
        attendee["is_organizer"] = 0.into();
    }
    all
}
