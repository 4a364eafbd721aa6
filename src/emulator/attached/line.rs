//! A product line: what is sold, how often it is billed, and what it comes to.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::super::{Id, second::Second, value::Cents};

/// What of a product line can be set.
///
/// Source: API reference v2, "Add a product to a deal", for the members and their defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductLine {
    /// The product; `None`: it was purged since, and its name with it.
    pub product_id: Option<Id>,
    /// A variation of it.
    pub product_variation_id: Option<Id>,
    /// How many, in hundredths.
    pub quantity: Cents,
    /// The price of one.
    pub item_price: Cents,
    /// In hundredths of a percent.
    pub tax: Cents,
    /// Whether and how the tax is added. All lines of a deal have the same.
    pub tax_method: TaxMethod,
    /// In hundredths of a percent or of the currency's unit.
    pub discount: Cents,
    /// Which of the two.
    pub discount_type: DiscountType,
    /// What there is to say about it.
    pub comments: Option<Box<str>>,
    /// Whether it counts.
    pub is_enabled: bool,
    /// How often it is billed.
    pub billing_frequency: BillingFrequency,
    /// How many times, 1 to 208; `None`: once, or without end.
    pub billing_frequency_cycles: Option<u8>,
    /// When that begins.
    pub billing_start_date: Option<Date>,
}

impl ProductLine {
    /// Returns a line of `quantity` whole pieces, with nothing else set.
    pub fn new(product_id: Id, quantity: u32, item_price: Cents) -> Self {
        Self {
            product_id: Some(product_id),
            product_variation_id: None,
            quantity: Cents(i64::from(quantity) * 100),
            item_price,
            tax: Cents(0),
            tax_method: TaxMethod::Inclusive,
            discount: Cents(0),
            discount_type: DiscountType::Percentage,
            comments: None,
            is_enabled: true,
            billing_frequency: BillingFrequency::OneTime,
            billing_frequency_cycles: None,
            billing_start_date: None,
        }
    }

    /// Returns what the line comes to after its own discount. Taxes that come on top are not in it.
    pub fn sum(&self) -> Cents {
        let gross = Cents((self.item_price.0 * self.quantity.0).div_euclid(100));
        Cents(gross.0 - self.discount_type.of(gross, self.discount).0)
    }

    /// Returns whether it is billed once.
    pub(in super::super) fn bills_once(&self) -> bool {
        self.billing_frequency == BillingFrequency::OneTime
    }

    /// Returns whether its cycles fit its frequency: none for what is billed once, some for what is billed weekly.
    pub(super) fn is_consistent(&self) -> bool {
        let cycles = self.billing_frequency_cycles;
        let fits = match self.billing_frequency {
            BillingFrequency::OneTime => cycles.is_none(),
            BillingFrequency::Weekly => cycles.is_some(),
            _ => true,
        };
        fits && cycles.is_none_or(|cycles| (1..=208).contains(&cycles))
    }
}

/// A product line as it is kept; its `deal_id` and `currency` are those of the deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Attachment {
    pub(in super::super) id: Id,
    pub(in super::super) order_nr: u16,
    pub(in super::super) add_time: Second,
    pub(in super::super) update_time: Second,
    pub(in super::super) line: ProductLine,
}

/// How a tax is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is named as the API names it")]
pub enum TaxMethod {
    Exclusive,
    Inclusive,
    None,
}

impl TaxMethod {
    /// Returns the name the API uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exclusive => "exclusive",
            Self::Inclusive => "inclusive",
            Self::None => "none",
        }
    }
}

/// What the number of a discount means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is named as the API names it")]
pub enum DiscountType {
    Percentage,
    Amount,
}

impl DiscountType {
    /// Returns the name the API uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Percentage => "percentage",
            Self::Amount => "amount",
        }
    }

    /// Returns what a discount of `number` takes off `gross`.
    pub(super) fn of(self, gross: Cents, number: Cents) -> Cents {
        match self {
            Self::Percentage => Cents((gross.0 * number.0).div_euclid(10_000)),
            Self::Amount => number,
        }
    }
}

/// How often a line is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is named as the API names it")]
pub enum BillingFrequency {
    OneTime,
    Annually,
    SemiAnnually,
    Quarterly,
    Monthly,
    Weekly,
}

impl BillingFrequency {
    pub(in super::super) const ALL: [Self; 6] = [
        Self::OneTime,
        Self::Annually,
        Self::SemiAnnually,
        Self::Quarterly,
        Self::Monthly,
        Self::Weekly,
    ];

    /// Returns how often it bills in a year of 52 weeks; `None`: once and no more.
    pub(super) fn per_year(self) -> Option<i64> {
        Some(match self {
            Self::OneTime => return None,
            Self::Annually => 1,
            Self::SemiAnnually => 2,
            Self::Quarterly => 4,
            Self::Monthly => 12,
            Self::Weekly => 52,
        })
    }

    /// Returns the name the API uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneTime => "one-time",
            Self::Annually => "annually",
            Self::SemiAnnually => "semi-annually",
            Self::Quarterly => "quarterly",
            Self::Monthly => "monthly",
            Self::Weekly => "weekly",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_what_is_left_after_the_lines_own_discount() {
        let line = ProductLine::new(1, 3, Cents(10_050));
        assert_eq!(line.sum(), Cents(30_150));
        let percent = ProductLine { discount: Cents(1_000), ..line.clone() };
        assert_eq!(percent.sum(), Cents(27_135));
        let amount = ProductLine { discount_type: DiscountType::Amount, ..percent };
        assert_eq!(amount.sum(), Cents(29_150));
    }

    #[test]
    fn cycles_belong_to_what_is_billed_again() {
        let once = ProductLine::new(1, 1, Cents(100));
        assert!(once.is_consistent());
        assert!(!ProductLine { billing_frequency_cycles: Some(3), ..once.clone() }.is_consistent());
        let weekly = ProductLine { billing_frequency: BillingFrequency::Weekly, ..once };
        assert!(!weekly.is_consistent());
        assert!(
            !ProductLine { billing_frequency_cycles: Some(209), ..weekly.clone() }.is_consistent()
        );
        assert!(ProductLine { billing_frequency_cycles: Some(208), ..weekly }.is_consistent());
    }
}
