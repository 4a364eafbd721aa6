//! Product lines that are added, changed and removed.

use jiff::{ToSpan as _, civil::Date};
use serde_json::{Value as Json, json};

use super::{
    super::{
        BillingFrequency, DiscountType, Id, ProductLine, TaxMethod, answer,
        edit::{Edit, EditError, Edited},
        query::{Query, Refusal},
        second::Second,
        value::Cents,
        world::World,
    },
    apply,
    body::{Body, Wording, bad},
    created, deleted, refusal, row,
};
use crate::seams::Response;

const KNOWN: [&str; 13] = [
    "product_id",
    "item_price",
    "quantity",
    "tax",
    "comments",
    "discount",
    "is_enabled",
    "tax_method",
    "discount_type",
    "product_variation_id",
    "billing_frequency",
    "billing_frequency_cycles",
    "billing_start_date",
];
/// Source: API reference v2, "Add multiple products to a deal": at most 100.
const MAX_BULK: usize = 100;
/// What a line may come to, in hundredths of hundredths; sums of lines then stay within 64 bits.
const MAX_GROSS: i128 = 100_000_000_000_000;
/// A whole, in hundredths of a percent.
const WHOLE: Cents = Cents(10_000);

/// Adds a line.
pub(super) fn add(deal: Id, body: &Body, world: &mut World) -> Result<Response, Refusal> {
    let line = new_line(deal, body, world)?;
    let edited = apply(Edit::AddProduct(deal, line), deal, world)?;
    Ok(created(shown(deal, &edited, world)))
}

/// Adds several lines, or none. Source: API reference v2, "Add multiple products to a deal".
pub(super) fn add_many(deal: Id, body: &Body, world: &mut World) -> Result<Response, Refusal> {
    body.check(&["data"], &[])?;
    let rows = body.required("data", body.get("data"))?;
    let rows = rows.as_array().ok_or_else(|| bad("body/data must be array".to_owned()))?;
    if rows.len() > MAX_BULK {
        return Err(bad("body/data must NOT have more than 100 items".to_owned()));
    }
    let mut edits = Vec::new();
    for (nth, value) in rows.iter().enumerate() {
        let body = Body::of(value, &format!("data/{nth}"), Wording::Schema)?;
        edits.push(Edit::AddProduct(deal, new_line(deal, &body, world)?));
    }
    let edited = world.apply_all(&[deal], edits).map_err(refusal)?;
    let rows = edited.iter().map(|edited| shown(deal, edited, world)).collect::<Vec<_>>();
    Ok(created(rows))
}

/// Changes a line; what is not named stays.
pub(super) fn change(
    deal: Id,
    id: Id,
    body: &Body,
    world: &mut World,
) -> Result<Response, Refusal> {
    body.check(&KNOWN, &[])?;
    let attached = world.deal(deal).ok_or(Refusal::NoDeal)?.attached();
    let old = attached.lines.iter().find(|line| line.id == id);
    let old = old.ok_or_else(|| refusal(EditError::NoChild))?.line.clone();
    let line = overlaid(old, body, world)?;
    let edited = apply(Edit::EditProduct(deal, id, line), deal, world)?;
    Ok(answer::single(shown(deal, &edited, world)))
}

/// Removes a line.
pub(super) fn delete(deal: Id, id: Id, world: &mut World) -> Result<Response, Refusal> {
    apply(Edit::RemoveProduct(deal, id), deal, world)?;
    Ok(deleted(id))
}

/// Removes several lines, or the first 100 where none are named; one that is not there is refused with all others.
///
/// Source: API reference v2, "Delete many products from a deal".
pub(super) fn delete_many(deal: Id, query: &Query, world: &mut World) -> Result<Response, Refusal> {
    let lines = &world.deal(deal).ok_or(Refusal::NoDeal)?.attached().lines;
    let all = lines.iter().map(|line| line.id).collect::<Vec<_>>();
    let named = query.ids("ids")?;
    let ids = named.unwrap_or_else(|| all.iter().copied().take(MAX_BULK).collect());
    let edits = ids.iter().map(|id| Edit::RemoveProduct(deal, *id)).collect();
    world.apply_all(&[deal], edits).map_err(refusal)?;
    let more = all.len() > ids.len();
    Ok(answer::whole(&json!({
        "success": true, "data": {"ids": ids}, "additional_data": {"more_items_in_collection": more},
    })))
}

fn shown(deal: Id, edited: &Edited, world: &World) -> Json {
    let Edited::Product(_, id) = edited else { return Json::Null };
    row(world.products(deal), "id", *id)
}

fn new_line(deal: Id, body: &Body, world: &World) -> Result<ProductLine, Refusal> {
    body.check(&KNOWN, &[])?;
    let product = body.required("product_id", body.id("product_id")?)?;
    let price = body.required("item_price", body.amount("item_price")?)?;
    body.required("quantity", body.amount("quantity")?)?;
    let mut line = ProductLine::new(product, 0, price);
    // All lines of a deal have one tax method, so one that is not named is that of the others.
    let others = world.deal(deal).ok_or(Refusal::NoDeal)?.attached().lines.first();
    line.tax_method = others.map_or(line.tax_method, |other| other.line.tax_method);
    overlaid(line, body, world)
}

/// Returns `line` with what the body names.
fn overlaid(mut line: ProductLine, body: &Body, world: &World) -> Result<ProductLine, Refusal> {
    line.product_id = body.id("product_id")?.or(line.product_id);
    if body.has("product_id")
        && !line.product_id.is_some_and(|id| world.company().products.contains_key(&id))
    {
        return Err(body.not_found("product_id", "Product"));
    }
    line.item_price = body.amount("item_price")?.unwrap_or(line.item_price);
    line.quantity = body.amount("quantity")?.unwrap_or(line.quantity);
    line.tax = body.amount("tax")?.unwrap_or(line.tax);
    line.discount = body.amount("discount")?.unwrap_or(line.discount);
    line.is_enabled = body.flag("is_enabled")?.unwrap_or(line.is_enabled);
    let methods = [TaxMethod::Exclusive, TaxMethod::Inclusive, TaxMethod::None];
    let methods = methods.map(|method| (method.name(), method));
    line.tax_method = body.choice("tax_method", &methods)?.unwrap_or(line.tax_method);
    line.discount_type = discount_type(body, "discount_type")?.unwrap_or(line.discount_type);
    if let Some(variation) = body.id_or_null("product_variation_id")? {
        line.product_variation_id = variation;
    }
    if body.is_null("comments") {
        line.comments = None;
    } else if let Some(comments) = body.text("comments")? {
        line.comments = Some(comments.into());
    }
    billing(&mut line, body, world)?;
    let gross = i128::from(line.item_price.0) * i128::from(line.quantity.0);
    if gross.abs() > MAX_GROSS {
        return Err(body.wrong("quantity", "This emulator takes no line of that size"));
    }
    if line.discount.0 < 0
        || line.discount_type == DiscountType::Percentage && line.discount > WHOLE
    {
        return Err(body.wrong("discount", "It is not a discount"));
    }
    Ok(line)
}

/// Reads how often a line is billed.
///
/// Source: API reference v2: `billing_frequency_cycles` is always null for `one-time`; `billing_start_date` "must be
/// between 10 years in the past and 10 years in the future".
fn billing(line: &mut ProductLine, body: &Body, world: &World) -> Result<(), Refusal> {
    let frequencies = BillingFrequency::ALL.map(|frequency| (frequency.name(), frequency));
    let frequency = body.choice("billing_frequency", &frequencies)?;
    line.billing_frequency = frequency.unwrap_or(line.billing_frequency);
    if line.billing_frequency == BillingFrequency::OneTime {
        line.billing_frequency_cycles = None;
    }
    if let Some(cycles) = body.id_or_null("billing_frequency_cycles")? {
        let fits = |cycles: Id| u8::try_from(cycles).ok().filter(|cycles| *cycles <= 208);
        let wrong = || bad("body/billing_frequency_cycles must be <= 208".to_owned());
        line.billing_frequency_cycles =
            cycles.map(|cycles| fits(cycles).ok_or_else(wrong)).transpose()?;
    }
    if body.is_null("billing_start_date") {
        line.billing_start_date = None;
    } else if let Some(date) = body.date("billing_start_date")? {
        if !is_near(date, Second::of(world.now()).date_at(0)) {
            return Err(body.wrong("billing_start_date", "It is more than 10 years away"));
        }
        line.billing_start_date = Some(date);
    }
    Ok(())
}

fn is_near(date: Date, today: Date) -> bool {
    (today.saturating_sub(10.years())..=today.saturating_add(10.years())).contains(&date)
}

/// Reads what the number of a discount means.
pub(super) fn discount_type(body: &Body, name: &str) -> Result<Option<DiscountType>, Refusal> {
    let types = [DiscountType::Percentage, DiscountType::Amount];
    body.choice(name, &types.map(|kind| (kind.name(), kind)))
}
