//! Deals that are made, changed, archived, deleted and restored.

use super::{
    super::{
        Id, answer,
        deal::{CloseDate, Deal, Status},
        edit::{DealChange, Edit, EditError},
        query::Refusal,
        value::Cents,
        view::{DealView, Shape},
        world::World,
    },
    apply,
    body::Body,
    custom, deleted, refusal,
};
use crate::seams::Response;

/// The members that can be set.
const KNOWN: [&str; 21] = [
    "title",
    "owner_id",
    "person_id",
    "org_id",
    "pipeline_id",
    "stage_id",
    "value",
    "currency",
    "is_deleted",
    "is_archived",
    "archive_time",
    "status",
    "lost_reason",
    "visible_to",
    "label_ids",
    "custom_fields",
    "probability",
    "expected_close_date",
    "close_time",
    "won_time",
    "lost_time",
];
/// The members of the reference for which this world has no edit; the specification has them no more.
const UNSUPPORTED: [&str; 3] = ["add_time", "update_time", "stage_change_time"];

/// Makes a deal. Source: API reference v2, "Add a new deal": only the title is required.
pub(super) fn add(body: &Body, world: &mut World) -> Result<Response, Refusal> {
    body.check(&KNOWN, &UNSUPPORTED)?;
    let title = body.required("title", title(body)?)?;
    let stage_id = match stage(body, world)? {
        Some(stage) => stage,
        None => first_stage(world, None).ok_or_else(|| refusal(EditError::Unknown))?,
    };
    let value = body.amount("value")?.unwrap_or(Cents(0));
    let currency = body.currency("currency")?.unwrap_or(world.company().currency);
    let id = world.next_deal;
    let mut edits = vec![Edit::CreateDeal { title, stage_id, value, currency }];
    let changes = changes(body, None, world)?;
    edits.extend(changes.into_iter().map(|change| Edit::ChangeDeal(id, change)));
    edits.extend(archival(body, id, false)?);
    if body.flag("is_deleted")? == Some(true) {
        edits.push(Edit::DeleteDeal(id));
    }
    world.apply_all(&[id], edits).map_err(refusal)?;
    show(id, world)
}

/// Changes a deal. Restoring and unarchiving come before other changes, archiving and deleting after them.
pub(super) fn change(id: Id, body: &Body, world: &mut World) -> Result<Response, Refusal> {
    body.check(&KNOWN, &UNSUPPORTED)?;
    let deal = world.deal(id).ok_or(Refusal::NoDeal)?;
    let flag = |name, is: bool| Ok((body.flag(name)?).filter(|to| *to != is));
    let deletion: Option<bool> = flag("is_deleted", deal.deleted.is_some())?;
    let taken_out = flag("is_archived", deal.archived.is_some())? == Some(false);
    let put_away = archival(body, id, deal.archived.is_some())?;
    let own = {
        let mut own = Vec::new();
        own.extend(title(body)?.map(DealChange::Title));
        own.extend(value(body, deal)?);
        let moved = stage(body, world)?.filter(|stage| *stage != deal.stage_id);
        own.extend(moved.map(DealChange::Stage));
        own.extend(changes(body, Some(deal), world)?);
        own
    };
    let mut edits = Vec::new();
    if deletion == Some(false) {
        edits.push(Edit::RestoreDeal(id));
    } else if deal.deleted.is_some() {
        return Err(refusal(EditError::Deleted));
    }
    if taken_out {
        edits.push(Edit::UnarchiveDeal(id));
    }
    edits.extend(own.into_iter().map(|change| Edit::ChangeDeal(id, change)));
    edits.extend(put_away);
    if deletion == Some(true) {
        edits.push(Edit::DeleteDeal(id));
    }
    world.apply_all(&[id], edits).map_err(refusal)?;
    show(id, world)
}

/// Reads how a deal gets into the archive, if it is not `already` there, or since when it is.
///
/// Source: API reference v2, `archive_time`: "If omitted and `is_archived` is true, it will be set to the current date
/// and time". That it is refused outside the archive is a guess.
fn archival(body: &Body, id: Id, already: bool) -> Result<Option<Edit>, Refusal> {
    let after = body.flag("is_archived")?.unwrap_or(already);
    // That a deal outside the archive has no such time need not be said, and cannot be unsaid.
    if !after && body.is_null("archive_time") {
        return Ok(None);
    }
    match body.time("archive_time")? {
        Some(_) if !after => Err(body.only_if("archive_time", "the deal is archived")),
        Some(at) => Ok(Some(Edit::ArchiveDealAt(id, at))),
        None => Ok((after && !already).then_some(Edit::ArchiveDeal(id))),
    }
}

/// Deletes a deal.
pub(super) fn delete(id: Id, world: &mut World) -> Result<Response, Refusal> {
    if world.deal(id).is_some_and(|deal| deal.deleted.is_some()) {
        return Err(refusal(EditError::Deleted));
    }
    apply(Edit::DeleteDeal(id), id, world)?;
    Ok(deleted(id))
}

fn show(id: Id, world: &World) -> Result<Response, Refusal> {
    let deal = world.deal(id).ok_or(Refusal::NoDeal)?;
    Ok(answer::single(DealView { deal, world, shape: &Shape::written() }))
}

fn title(body: &Body) -> Result<Option<String>, Refusal> {
    match body.text("title")? {
        Some("") => Err(body.wrong("title", "The value must not be empty")),
        title => Ok(title.map(str::to_owned)),
    }
}

/// Reads another value, another currency or both; what is not named stays.
fn value(body: &Body, deal: &Deal) -> Result<Option<DealChange>, Refusal> {
    if !body.has("value") && !body.has("currency") {
        return Ok(None);
    }
    let value = if body.is_null("value") { None } else { body.amount("value")?.or(deal.value) };
    let currency = body.currency("currency")?.unwrap_or(deal.currency);
    Ok(Some(DealChange::Value(value, currency)))
}

/// Reads the stage; of a pipeline alone it is the first one.
fn stage(body: &Body, world: &World) -> Result<Option<Id>, Refusal> {
    let (stage, pipeline) = (body.id("stage_id")?, body.id("pipeline_id")?);
    let Some(stage) = stage else {
        let Some(pipeline) = pipeline else { return Ok(None) };
        let first = first_stage(world, Some(pipeline));
        return first.map(Some).ok_or_else(|| body.not_found("pipeline_id", "Pipeline"));
    };
    let found = world.company().stages.get(&stage);
    let found = found.ok_or_else(|| body.not_found("stage_id", "Stage"))?;
    if pipeline.is_some_and(|pipeline| pipeline != found.pipeline_id) {
        return Err(body.wrong("stage_id", "The stage is not one of the pipeline"));
    }
    Ok(Some(stage))
}

/// Returns the first stage of a pipeline, or of the first one.
fn first_stage(world: &World, pipeline: Option<Id>) -> Option<Id> {
    let company = world.company();
    let pipeline = pipeline.or_else(|| company.pipelines.keys().next().copied())?;
    company.stages_in_use().find(|id| company.stages[id].pipeline_id == pipeline)
}

/// Reads what can be set on a new deal as on one that is there, but for title, value and stage.
fn changes(body: &Body, deal: Option<&Deal>, world: &World) -> Result<Vec<DealChange>, Refusal> {
    let company = world.company();
    let mut changes = Vec::new();
    if let Some(owner) = body.id("owner_id")? {
        company.users.get(&owner).ok_or_else(|| body.not_found("owner_id", "User"))?;
        changes.push(DealChange::Owner(owner));
    }
    if let Some(person) = body.id_or_null("person_id")? {
        if person.is_some_and(|person| !company.persons.contains_key(&person)) {
            return Err(body.not_found("person_id", "Person"));
        }
        changes.push(DealChange::Person(person));
    }
    if let Some(organization) = body.id_or_null("org_id")? {
        if organization.is_some_and(|id| !company.organizations.contains_key(&id)) {
            return Err(body.not_found("org_id", "Organization"));
        }
        changes.push(DealChange::Organization(organization));
    }
    if let Some(labels) = body.ids("label_ids")? {
        let known = |id: &Id| world.labels().iter().any(|label| label.id == *id);
        if !labels.iter().all(known) {
            return Err(body.not_found("label_ids", "Label"));
        }
        changes.push(DealChange::Labels(labels));
    }
    if let Some(whom) = body.id("visible_to")? {
        let whom = u8::try_from(whom).ok().filter(|whom| [1, 3, 5, 7].contains(whom));
        let whom =
            whom.ok_or_else(|| body.wrong("visible_to", "The value must be 1, 3, 5 or 7"))?;
        changes.push(DealChange::VisibleTo(whom));
    }
    changes.extend(forecast(body)?);
    changes.extend(status(body, deal)?);
    changes.extend(closed(body, deal)?);
    changes.extend(custom::changes(body, world)?);
    Ok(changes)
}

/// Reads how likely a deal is won, and when.
fn forecast(body: &Body) -> Result<Vec<DealChange>, Refusal> {
    let mut changes = Vec::new();
    if body.is_null("probability") {
        changes.push(DealChange::Probability(None));
    } else if let Some(Cents(percent)) = body.amount("probability")? {
        let percent = u16::try_from(percent).ok().filter(|percent| *percent <= 10_000);
        let wrong = || body.wrong("probability", "The value must be from 0 to 100");
        changes.push(DealChange::Probability(Some(percent.ok_or_else(wrong)?)));
    }
    let member = "expected_close_date";
    if body.is_null(member) {
        changes.push(DealChange::ExpectedClose(None));
    } else if body.get(member).is_some_and(|day| day == "") {
        changes.push(DealChange::ExpectedClose(Some(CloseDate::Zero)));
    } else if let Some(day) = body.date(member)? {
        changes.push(DealChange::ExpectedClose(Some(CloseDate::On(day))));
    }
    Ok(changes)
}

/// Reads when a deal was won or lost.
///
/// Source: API reference v2: `close_time` "can only be set if deal status is won or lost", the others if it is theirs.
fn closed(body: &Body, deal: Option<&Deal>) -> Result<Vec<DealChange>, Refusal> {
    let after = body.text("status")?.unwrap_or(deal.map_or("open", |deal| deal.status.name()));
    let mut changes = Vec::new();
    let members =
        [("close_time", &["won", "lost"][..]), ("won_time", &["won"]), ("lost_time", &["lost"])];
    for (member, statuses) in members {
        // That an open deal has none need not be said, and cannot be unsaid.
        if body.is_null(member) && after == "open" {
            continue;
        }
        let Some(at) = body.time(member)? else { continue };
        if !statuses.contains(&after) {
            let condition = format!("the status is {}", statuses.join(" or "));
            return Err(body.only_if(member, &condition));
        }
        changes.push(DealChange::Closed(at));
    }
    Ok(changes)
}

/// Reads where the deal stands, and why it was lost.
///
/// Source: API reference v2, `lost_reason`: "Can only be set if deal status is lost".
fn status(body: &Body, deal: Option<&Deal>) -> Result<Option<DealChange>, Refusal> {
    let choices = [("open", Status::Open), ("won", Status::Won), ("lost", Status::Lost)];
    let before = deal.map_or(Status::Open, |deal| deal.status);
    let after = body.choice("status", &choices)?.unwrap_or(before);
    let reason = if body.is_null("lost_reason") { Some("") } else { body.text("lost_reason")? };
    if reason.is_some_and(|reason| !reason.is_empty()) && after != Status::Lost {
        return Err(body.only_if("lost_reason", "the status is lost"));
    }
    Ok(match after {
        Status::Lost if before != Status::Lost || reason.is_some() => {
            Some(DealChange::Lose(reason.unwrap_or_default().to_owned()))
        }
        after if after == before => None,
        Status::Won => Some(DealChange::Win),
        _ => Some(DealChange::Reopen),
    })
}
