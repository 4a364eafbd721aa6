//! Two deals become one, and a deal becomes a lead.

use http::StatusCode;
use serde_json::{Value as Json, json};

use super::{
    super::{
        Id, answer,
        attached::Revenue,
        deal::{Deal, Status},
        edit::{Edit, EditError, Edited},
        query::Refusal,
        second::v1,
        timeline::FlatView,
        value::Cents,
        world::World,
    },
    apply,
    body::Body,
    refusal, visible,
};
use crate::seams::Response;

/// Merges a deal into another.
///
/// Source: the tutorial "merging two deals": the deal of the path goes, `merge_with_id` stays.
pub(super) fn merge(loser: Id, body: &Body, world: &mut World) -> Result<Response, Refusal> {
    let winner = body.required("merge_with_id", body.id("merge_with_id")?)?;
    visible(winner, world)?;
    let edits = vec![Edit::MergeDeals { loser, winner }];
    world.apply_all(&[loser, winner], edits).map_err(refusal)?;
    let deal = world.deal(winner).ok_or(Refusal::NoDeal)?;
    let mut shown = json!(FlatView::written(deal, world));
    shown["merge_what_id"] = loser.into();
    Ok(answer::single(shown))
}

/// Makes a deal like another.
pub(super) fn duplicate(deal: Id, world: &mut World) -> Result<Response, Refusal> {
    let edited = apply(Edit::DuplicateDeal(deal), deal, world)?;
    let made = edited.deal().and_then(|id| world.deal(id)).ok_or(Refusal::NoDeal)?;
    Ok(answer::single(FlatView::written(made, world)))
}

/// Begins to make a lead of a deal.
pub(super) fn convert(deal: Id, world: &mut World) -> Result<Response, Refusal> {
    let Edited::Conversion(_, id) = apply(Edit::ConvertToLead(deal), deal, world)? else {
        return Err(refusal(EditError::NoDeal));
    };
    let data = json!({ "conversion_id": id });
    Ok(answer::whole(&json!({"success": true, "data": data, "additional_data": null})))
}

/// The 404 of a conversion. Source: the example of the API reference v2.
pub(super) fn unknown() -> Refusal {
    Refusal::Other(StatusCode::NOT_FOUND, "Entity was not found".to_owned())
}

/// Writes a deal as v1 does, as far as this world knows it; without custom fields, as the example has none.
///
/// Source: the example answer of the API reference v1.
pub(in super::super) fn flat(deal: &Deal, world: &World) -> Json {
    let (counts, children, company) = (deal.counts(), &deal.children, world.company());
    let closed = |status| deal.closed.filter(|_| deal.status == status).map(v1);
    let label = deal.label_ids.iter().map(Id::to_string).collect::<Vec<_>>().join(",");
    let mut shown = json!({
        "id": deal.id, "creator_user_id": deal.creator_user_id, "user_id": deal.owner_id,
        "person_id": deal.person_id, "org_id": deal.org_id, "stage_id": deal.stage_id, "title": deal.title,
        "value": deal.value, "currency": deal.currency, "add_time": v1(deal.add_time),
        "update_time": deal.update_time.map(v1), "stage_change_time": deal.stage_change_time.map(v1),
        "active": deal.deleted.is_none() && deal.status == Status::Open, "deleted": deal.deleted.is_some(),
        "status": deal.shown_status().name(),
        "probability": deal.probability.map(|percent| Cents(percent.into())),
        "next_activity_id": children.next_activity_id, "last_activity_id": children.last_activity_id,
        "lost_reason": deal.lost_reason.as_deref(), "visible_to": deal.visible_to.to_string(),
        "close_time": deal.closed.map(v1), "pipeline_id": deal.pipeline_id,
        "won_time": closed(Status::Won), "first_won_time": deal.first_won.map(v1),
        "lost_time": closed(Status::Lost), "expected_close_date": deal.expected_close,
        "label": label, "origin": deal.origin, "origin_id": deal.origin_id.as_deref(),
        "channel": deal.channel, "channel_id": deal.channel_id,
    });
    let done = u32::from(children.done_activities);
    let rest = json!({
        "products_count": counts.products, "files_count": children.files, "notes_count": children.notes,
        "followers_count": counts.followers, "email_messages_count": children.email_messages,
        "activities_count": done + u32::from(children.undone_activities),
        "done_activities_count": children.done_activities,
        "undone_activities_count": children.undone_activities, "participants_count": counts.participants,
        "last_incoming_mail_time": children.last_incoming_mail.map(v1),
        "last_outgoing_mail_time": children.last_outgoing_mail.map(v1),
        "person_name": deal.person_id.and_then(|id| company.persons.get(&id)).map(|person| &person.name),
        "org_name": deal.org_id.and_then(|id| company.organizations.get(&id)).map(|customer| &customer.name),
        "owner_name": company.users.get(&deal.owner_id).map(|user| &user.name),
        "cc_email": format!("{}+deal{}@pipedrivemail.com", company.domain, deal.id),
        "acv": deal.revenue.map(|revenue| revenue.acv), "arr": deal.revenue.map(|revenue| revenue.arr),
        "mrr": deal.revenue.map(Revenue::mrr),
    });
    if let (Json::Object(shown), Json::Object(rest)) = (&mut shown, rest) {
        shown.extend(rest);
    }
    shown
}
