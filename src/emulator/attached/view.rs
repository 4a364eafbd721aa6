//! Lines, installments, discounts and followers on their way into an answer.
//!
//! Source: the example answers of the API reference v2, also for the order of the members.

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value as Json;

use super::{
    super::{
        Id,
        deal::Deal,
        second::Second,
        value::{Cents, Currency},
        world::World,
    },
    Attached, Attachment, Follower, Granted, Installment, participant,
};

#[derive(Serialize)]
pub(super) struct LineView<'a> {
    id: Id,
    sum: Cents,
    tax: Cents,
    deal_id: Id,
    name: Option<&'a str>,
    product_id: Option<Id>,
    product_variation_id: Option<Id>,
    order_nr: u16,
    add_time: Second,
    update_time: Second,
    comments: &'a str,
    currency: Currency,
    discount: Cents,
    quantity: Cents,
    item_price: Cents,
    tax_method: &'static str,
    discount_type: &'static str,
    is_enabled: bool,
    billing_frequency: &'static str,
    billing_frequency_cycles: Option<u8>,
    billing_start_date: Option<Date>,
}

impl<'a> LineView<'a> {
    pub(super) fn of(deal: &Deal, attachment: &'a Attachment, world: &'a World) -> Self {
        let Attachment { id, order_nr, add_time, update_time, line } = attachment;
        let product = line.product_id.and_then(|id| world.company().products.get(&id));
        Self {
            id: *id,
            sum: line.sum(),
            tax: line.tax,
            deal_id: deal.id,
            name: product.map(|product| product.name.as_str()),
            // Source: changelog, "permanent deletion": both are null once the product itself is purged.
            product_id: line.product_id.filter(|_| product.is_some()),
            product_variation_id: line.product_variation_id,
            order_nr: *order_nr,
            add_time: *add_time,
            update_time: *update_time,
            comments: line.comments.as_deref().unwrap_or_default(),
            currency: deal.currency,
            discount: line.discount,
            quantity: line.quantity,
            item_price: line.item_price,
            tax_method: line.tax_method.name(),
            discount_type: line.discount_type.name(),
            is_enabled: line.is_enabled,
            billing_frequency: line.billing_frequency.name(),
            billing_frequency_cycles: line.billing_frequency_cycles,
            billing_start_date: line.billing_start_date,
        }
    }
}

#[derive(Serialize)]
pub(super) struct InstallmentView<'a> {
    id: Id,
    amount: Cents,
    billing_date: Date,
    deal_id: Id,
    description: &'a str,
}

impl<'a> InstallmentView<'a> {
    pub(super) fn of(deal_id: Id, (id, installment): &'a (Id, Installment)) -> Self {
        let Installment { description, amount, billing_date } = installment;
        Self { id: *id, amount: *amount, billing_date: *billing_date, deal_id, description }
    }
}

#[derive(Serialize)]
pub(super) struct DiscountView<'a> {
    id: &'a str,
    description: &'a str,
    amount: Cents,
    #[serde(rename = "type")]
    kind: &'static str,
    deal_id: Id,
    created_at: Second,
    created_by: Id,
    updated_at: Second,
    updated_by: Id,
}

impl<'a> DiscountView<'a> {
    pub(super) fn of(deal_id: Id, granted: &'a Granted) -> Self {
        let Granted { id, discount, created, updated } = granted;
        Self {
            id,
            description: &discount.description,
            amount: discount.amount,
            kind: discount.discount_type.name(),
            deal_id,
            created_at: created.0,
            created_by: created.1,
            updated_at: updated.0,
            updated_by: updated.1,
        }
    }
}

#[derive(Serialize)]
pub(super) struct FollowerView {
    user_id: Id,
    add_time: Second,
}

impl FollowerView {
    pub(super) fn of(follower: &Follower) -> Self {
        Self { user_id: follower.user_id, add_time: follower.add_time }
    }
}

/// What the API would answer, whatever a switch hides; empty where there is no such deal.
impl World {
    /// Returns the product lines of a deal, by id.
    pub fn products(&self, id: Id) -> Vec<Json> {
        self.truth(id, |deal, attached| {
            let views = attached.lines.iter().map(|line| LineView::of(deal, line, self));
            views.map(json).collect()
        })
    }

    /// Returns the installments of a deal, by id.
    pub fn installments(&self, id: Id) -> Vec<Json> {
        self.truth(id, |deal, attached| {
            let views = attached.installments.iter().map(|it| InstallmentView::of(deal.id, it));
            views.map(json).collect()
        })
    }

    /// Returns the discounts of a deal, by id.
    pub fn discounts(&self, id: Id) -> Vec<Json> {
        self.truth(id, |deal, attached| {
            let views = attached.discounts.iter().map(|it| DiscountView::of(deal.id, it));
            views.map(json).collect()
        })
    }

    /// Returns the followers of a deal, by the id of the user.
    pub fn followers(&self, id: Id) -> Vec<Json> {
        self.truth(id, |_, attached| {
            attached.followers.iter().map(FollowerView::of).map(json).collect()
        })
    }

    /// Returns the participants of a deal as v1 writes them, by id.
    pub fn participants(&self, id: Id) -> Vec<Json> {
        self.truth(id, |deal, attached| {
            let views =
                attached.participants.iter().map(|it| participant::participant(deal, it, self));
            views.collect()
        })
    }

    fn truth(&self, id: Id, rows: impl FnOnce(&Deal, &Attached) -> Vec<Json>) -> Vec<Json> {
        let mut rows = self.deal(id).map(|deal| rows(deal, deal.attached())).unwrap_or_default();
        let key = |row: &Json| {
            let id = row.get("id").unwrap_or(&row["user_id"]);
            (id.as_u64(), id.as_str().map(str::to_owned))
        };
        rows.sort_by_key(key);
        rows
    }
}

pub(super) fn json(view: impl Serialize) -> Json {
    serde_json::to_value(view).expect("a view is writable as JSON")
}
