//! Installments, discounts, followers and participants that come, change and go.

use serde_json::json;

use super::{
    super::{
        Discount, DiscountType, Id, Installment, answer,
        attached::{installments_refused, related_to},
        edit::{Edit, EditError, Edited},
        query::Refusal,
        value::Cents,
        world::World,
    },
    apply,
    body::Body,
    created, deleted, product, refusal, row,
};
use crate::seams::Response;

const INSTALLMENT: [&str; 3] = ["description", "amount", "billing_date"];
const DISCOUNT: [&str; 3] = ["description", "amount", "type"];
/// A whole, in hundredths of a percent.
const WHOLE: Cents = Cents(10_000);

/// Adds an installment; the reference answers it with 200, unlike the others.
pub(super) fn add_installment(
    deal: Id,
    body: &Body,
    world: &mut World,
) -> Result<Response, Refusal> {
    if let Some(refused) = installments_refused(world) {
        return Ok(refused);
    }
    body.check(&INSTALLMENT, &[])?;
    let installment = Installment {
        description: body.required("description", body.text("description")?)?.to_owned(),
        amount: body.required("amount", body.positive_amount("amount")?)?,
        billing_date: body.required("billing_date", body.date("billing_date")?)?,
    };
    let edited = apply(Edit::AddInstallment(deal, installment), deal, world)?;
    Ok(installment_shown(deal, &edited, world))
}

/// Changes an installment; what is not named stays.
pub(super) fn change_installment(
    deal: Id,
    id: Id,
    body: &Body,
    world: &mut World,
) -> Result<Response, Refusal> {
    if let Some(refused) = installments_refused(world) {
        return Ok(refused);
    }
    body.check(&INSTALLMENT, &[])?;
    let attached = world.deal(deal).ok_or(Refusal::NoDeal)?.attached();
    let old = attached.installments.iter().find(|(it, _)| *it == id);
    let (_, mut installment) = old.ok_or_else(|| refusal(EditError::NoChild))?.clone();
    if let Some(description) = body.text("description")? {
        installment.description = description.to_owned();
    }
    installment.amount = body.positive_amount("amount")?.unwrap_or(installment.amount);
    installment.billing_date = body.date("billing_date")?.unwrap_or(installment.billing_date);
    let edited = apply(Edit::EditInstallment(deal, id, installment), deal, world)?;
    Ok(installment_shown(deal, &edited, world))
}

/// Removes an installment.
pub(super) fn delete_installment(deal: Id, id: Id, world: &mut World) -> Result<Response, Refusal> {
    if let Some(refused) = installments_refused(world) {
        return Ok(refused);
    }
    apply(Edit::RemoveInstallment(deal, id), deal, world)?;
    Ok(deleted(id))
}

fn installment_shown(deal: Id, edited: &Edited, world: &World) -> Response {
    let id = if let Edited::Installment(_, id) = edited { Some(*id) } else { None };
    answer::single(row(world.installments(deal), "id", id))
}

/// Adds a discount.
pub(super) fn add_discount(deal: Id, body: &Body, world: &mut World) -> Result<Response, Refusal> {
    body.check(&DISCOUNT, &[])?;
    let discount = Discount {
        description: body.required("description", body.text("description")?)?.to_owned(),
        amount: body.required("amount", body.positive_amount("amount")?)?,
        discount_type: body.required("type", product::discount_type(body, "type")?)?,
    };
    at_most_all(&discount, body)?;
    let Edited::Discount(_, id) = apply(Edit::AddDiscount(deal, discount), deal, world)? else {
        return Err(refusal(EditError::NoChild));
    };
    Ok(created(row(world.discounts(deal), "id", id)))
}

/// Changes a discount; what is not named stays.
pub(super) fn change_discount(
    deal: Id,
    id: &str,
    body: &Body,
    world: &mut World,
) -> Result<Response, Refusal> {
    body.check(&DISCOUNT, &[])?;
    let attached = world.deal(deal).ok_or(Refusal::NoDeal)?.attached();
    let old = attached.discounts.iter().find(|granted| *granted.id == *id);
    let mut discount = old.ok_or_else(|| refusal(EditError::NoChild))?.discount.clone();
    if let Some(description) = body.text("description")? {
        discount.description = description.to_owned();
    }
    discount.amount = body.positive_amount("amount")?.unwrap_or(discount.amount);
    discount.discount_type =
        product::discount_type(body, "type")?.unwrap_or(discount.discount_type);
    at_most_all(&discount, body)?;
    apply(Edit::EditDiscount(deal, id.to_owned(), discount), deal, world)?;
    Ok(answer::single(row(world.discounts(deal), "id", id)))
}

fn at_most_all(discount: &Discount, body: &Body) -> Result<(), Refusal> {
    if discount.discount_type == DiscountType::Percentage && discount.amount > WHOLE {
        return Err(body.wrong("amount", "It is more than 100 percent"));
    }
    Ok(())
}

/// Removes a discount.
pub(super) fn delete_discount(deal: Id, id: &str, world: &mut World) -> Result<Response, Refusal> {
    apply(Edit::RemoveDiscount(deal, id.to_owned()), deal, world)?;
    Ok(deleted(id))
}

/// Lets a user follow.
pub(super) fn add_follower(deal: Id, body: &Body, world: &mut World) -> Result<Response, Refusal> {
    body.check(&["user_id"], &[])?;
    let user = body.required("user_id", body.id("user_id")?)?;
    if !world.company().users.contains_key(&user) {
        return Err(body.not_found("user_id", "User"));
    }
    apply(Edit::AddFollower(deal, user), deal, world)?;
    Ok(created(row(world.followers(deal), "user_id", user)))
}

/// Lets a user follow no longer. Source: API reference v2: `follower_id` is the user's, and the answer says `user_id`.
pub(super) fn delete_follower(deal: Id, user: Id, world: &mut World) -> Result<Response, Refusal> {
    apply(Edit::RemoveFollower(deal, user), deal, world)?;
    Ok(answer::single(json!({ "user_id": user })))
}

/// Lets a person take part. v1 ignores members it does not know.
pub(super) fn add_participant(
    deal: Id,
    body: &Body,
    world: &mut World,
) -> Result<Response, Refusal> {
    let person = body.required("person_id", body.id("person_id")?)?;
    if !world.company().persons.contains_key(&person) {
        return Err(body.not_found("person_id", "Person"));
    }
    let edited = apply(Edit::AddParticipant(deal, person), deal, world)?;
    let Edited::Participant(_, id) = edited else { return Err(refusal(EditError::NoChild)) };
    let data = row(world.participants(deal), "id", id);
    let related = related_to(deal, id, world);
    Ok(answer::whole(&json!({"success": true, "data": data, "related_objects": related})))
}

/// Removes a participant, not the person.
pub(super) fn delete_participant(deal: Id, id: Id, world: &mut World) -> Result<Response, Refusal> {
    apply(Edit::RemoveParticipant(deal, id), deal, world)?;
    Ok(deleted(id))
}
