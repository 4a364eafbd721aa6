//! Mails as v1 writes them, and who may see them.
//!
//! Source: the example answer of the API reference v1.

use serde_json::{Value as Json, json};

use super::{
    super::{
        Id,
        deal::{Children, Deal},
        second::{Second, v1},
        world::World,
    },
    Row, text,
    view::{person_name, words},
};

/// Moves mails of the beginning so that the last ones that came in and went out did so when their deal says.
pub(super) fn timed(mut mails: Vec<Row>, children: &Children) -> Vec<Row> {
    let latest = [children.last_incoming_mail, children.last_outgoing_mail];
    for (came_in, latest) in [true, false].into_iter().zip(latest) {
        let Some(latest) = latest else { continue };
        let mut of_kind = mails.iter_mut().rev().filter(|row| is_incoming(row.id) == came_in);
        if let Some(last) = of_kind.next() {
            last.made = latest;
        }
        of_kind.for_each(|row| row.made = row.made.min(latest));
    }
    mails
}

/// Returns whether a mail came from the customer; every other one does.
fn is_incoming(id: Id) -> bool {
    id.is_multiple_of(2)
}

/// Returns whether the token's user may read a mail: one in five is private to the user it belongs to.
///
/// Source: what a vendor of connectors writes: private mails of others take an administrator.
pub(in super::super) fn sees_mail(row: &Row, world: &World) -> bool {
    let private = text::mixed(row.id, 3).is_multiple_of(5);
    !private || row.by == world.user() || world.switches().admin
}

/// Writes a mail; with its text, whose member the reference does not show, where it was asked for.
pub(in super::super) fn mail(deal: &Deal, row: Row, with_body: bool, world: &World) -> Json {
    let Row { id, made, by } = row;
    let (came_in, subject, time) = (is_incoming(id), text::mail(id), iso(made));
    let (customer, seller) = (customer(deal, id, world), seller(by, id, world));
    let (from, to) = if came_in { (customer, seller) } else { (seller, customer) };
    let (snippet, said) = (words(id, world), text::mixed(id, 2));
    let flag = u8::from;
    let mut data = json!({
        "id": id, "from": [from], "to": [to], "cc": [], "bcc": [],
        "body_url": format!("https://app.pipedrive.com/api/v1/mailbox/mailMessages/{id}/body"),
        "nylas_id": format!("{said:08x}{id:08x}"), "account_id": format!("{:08x}{by:08x}", text::mixed(by, 2)),
        "user_id": by, "mail_thread_id": id - id % 2, "subject": subject, "snippet": snippet,
        "mail_tracking_status": if came_in { None } else { Some("opened") },
        "mail_link_tracking_enabled_flag": 0, "read_flag": flag(!said.is_multiple_of(4)), "draft": "",
        "s3_bucket": "mails", "s3_bucket_path": format!("{id}/body"), "draft_flag": 0, "synced_flag": 1,
        "deleted_flag": 0, "external_deleted_flag": false, "has_body_flag": 1, "sent_flag": flag(!came_in),
        "sent_from_pipedrive_flag": flag(!came_in && said.is_multiple_of(2)), "smart_bcc_flag": 0,
        "message_time": time, "add_time": time, "update_time": time, "has_attachments_flag": 0,
        "has_inline_attachments_flag": 0, "has_real_attachments_flag": 0,
        "mua_message_id": format!("{id}-0@mailer.example"), "template_id": null, "item_type": "mailMessage",
        "timestamp": time, "company_id": world.company().id,
    });
    if with_body {
        data["body"] = format!("<p>{snippet}</p>").into();
    }
    json!({"object": "mailMessage", "timestamp": v1(made), "data": data})
}

fn customer(deal: &Deal, mail: Id, world: &World) -> Json {
    let person = deal.person_id.and_then(|id| world.company().persons.get(&id));
    let address = person.and_then(|person| person.emails.first());
    let name = person_name(deal, world).unwrap_or_default();
    json!({
        "id": deal.person_id.unwrap_or(deal.id), "email_address": address.map_or("someone@example.org", |it| it),
        "name": name, "linked_person_id": deal.person_id, "linked_person_name": name,
        "mail_message_party_id": mail,
    })
}

fn seller(user: Id, mail: Id, world: &World) -> Json {
    let found = world.company().users.get(&user);
    json!({
        "id": user, "email_address": found.map(|user| &user.email), "name": found.map(|user| &user.name),
        "linked_person_id": null, "linked_person_name": "", "mail_message_party_id": mail,
    })
}

/// The form in which mails, unlike the rest of v1, write their times.
fn iso(second: Second) -> String {
    second.timestamp().strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}
