//! What hangs on a deal: product lines, installments, discounts, followers and participants.
//!
//! ```text
//! line.rs     a product line and what it comes to     apply.rs   edits of all five, and what they do to the deal
//! list.rs     the reads                               merge.rs   two deals become one, a deal becomes a lead
//! view.rs  participant.rs  JSON                       random.rs  edits as people make them
//! duplicate.rs  a deal like another                  revenue.rs  what it brings in within a year
//! ```

mod apply;
mod duplicate;
mod line;
mod list;
mod merge;
mod participant;
mod random;
mod revenue;
mod view;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Id, second::Second, value::Cents};

pub(super) use line::Attachment;
pub use line::{BillingFrequency, DiscountType, ProductLine, TaxMethod};
pub(super) use list::{ChildRead, Parent, installments_refused, parent};
pub(super) use merge::Conversion;
pub use merge::ConversionEnd;
pub(super) use participant::{person, related_person, related_to, user};
pub(super) use revenue::Revenue;

/// The kinds of things that hang on a deal as rows of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as the API names it")]
pub enum Kind {
    Product,
    Installment,
    Discount,
    Follower,
    Participant,
}

/// What of an installment can be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installment {
    /// What it is for.
    pub description: String,
    /// How much, in the currency of the deal.
    pub amount: Cents,
    /// When it is charged.
    pub billing_date: Date,
}

/// What of a discount can be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// Its name.
    pub description: String,
    /// How much: hundredths of a percent or of the currency's unit.
    pub amount: Cents,
    /// Which of the two.
    pub discount_type: DiscountType,
}

/// A discount as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Granted {
    /// A UUID, unlike the ids of everything else.
    pub(super) id: Box<str>,
    pub(super) discount: Discount,
    /// When, and by which user.
    pub(super) created: (Second, Id),
    pub(super) updated: (Second, Id),
}

/// A user who follows a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Follower {
    pub(super) user_id: Id,
    pub(super) add_time: Second,
    pub(super) added_by: Id,
}

/// A person who takes part in a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Participant {
    pub(super) id: Id,
    pub(super) person_id: Id,
    pub(super) add_time: Second,
    pub(super) added_by: Id,
    pub(super) active: bool,
}

/// A follower or participant who is no more; only the change logs tell of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone {
    /// [`Kind::Follower`] or [`Kind::Participant`].
    pub(super) kind: Kind,
    /// The user or person.
    pub(super) who: Id,
    /// When, and by which user.
    pub(super) added: (Second, Id),
    pub(super) removed: (Second, Id),
}

/// Everything that hangs on one deal as rows, each kind in the order it came. A deal without any has none of this.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Attached {
    pub(super) lines: Vec<Attachment>,
    pub(super) installments: Vec<(Id, Installment)>,
    pub(super) discounts: Vec<Granted>,
    pub(super) followers: Vec<Follower>,
    pub(super) participants: Vec<Participant>,
    pub(super) gone: Vec<Gone>,
}

/// What a deal has on which nothing hangs.
static NOTHING: Attached = Attached {
    lines: Vec::new(),
    installments: Vec::new(),
    discounts: Vec::new(),
    followers: Vec::new(),
    participants: Vec::new(),
    gone: Vec::new(),
};

/// The members of a deal that count rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) products: usize,
    pub(super) followers: usize,
    pub(super) participants: usize,
}

impl Attached {
    /// Returns what hangs on a deal.
    pub(super) fn or_nothing(attached: Option<&Self>) -> &Self {
        attached.unwrap_or(&NOTHING)
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            products: self.lines.len(),
            followers: self.followers.len(),
            participants: self.participants.len(),
        }
    }

    /// Returns whether a line bills once.
    fn bills_once(&self) -> bool {
        self.lines.iter().any(|line| line.line.is_enabled && line.line.bills_once())
    }

    /// Returns whether a line bills again and again.
    fn bills_again(&self) -> bool {
        self.lines.iter().any(|line| !line.line.bills_once())
    }

    /// Returns what the enabled lines come to less the discounts; never less than nothing.
    ///
    /// Source: API reference v2, discounts: adding one changes the value of the deal. How several add up is a guess:
    /// each is taken from the undiscounted sum.
    pub(super) fn worth(&self) -> Cents {
        let enabled = self.lines.iter().filter(|line| line.line.is_enabled);
        self.discounted(Cents(enabled.map(|line| line.line.sum().0).sum()))
    }

    /// Returns what is left of a sum after the discounts.
    fn discounted(&self, sum: Cents) -> Cents {
        let off =
            |granted: &Granted| granted.discount.discount_type.of(sum, granted.discount.amount).0;
        Cents((sum.0 - self.discounts.iter().map(off).sum::<i64>()).max(0))
    }
}
