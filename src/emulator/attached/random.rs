//! Edits of what hangs on a deal, as people make them.

use fastrand::Rng;
use jiff::ToSpan as _;

use super::{
    super::{
        Id,
        edit::{Edit, Edited},
        generate::{amount, line, pick},
        second::Second,
        value::Cents,
        world::World,
    },
    Discount, DiscountType, Installment,
};

/// How often another edit is tried when the world refuses one.
const TRIES: usize = 40;

impl World {
    /// Applies one believable edit of what hangs on a deal and returns what it did: lines, installments, discounts,
    /// followers and participants come, change and go; sometimes two deals are merged or one becomes a lead.
    ///
    /// Where nothing of the kind is possible a new deal is made. Whether `update_time` moves is up to the switches.
    pub fn random_child_edit(&mut self, rng: &mut Rng) -> (Edit, Edited) {
        for _ in 0..TRIES {
            let Some(edit) = self.child_idea(rng) else { continue };
            if let Ok(edited) = self.apply(edit.clone()) {
                return (edit, edited);
            }
        }
        let edit = self.newcomer(rng);
        let edited = self.apply(edit.clone()).expect("a new deal is always possible");
        (edit, edited)
    }

    /// Returns an edit that may or may not be possible.
    fn child_idea(&self, rng: &mut Rng) -> Option<Edit> {
        let id = self.any_deal(rng)?;
        Some(match rng.u8(..100) {
            0..20 => Edit::AddProduct(id, line(rng, self)?),
            20..48 => self.line_idea(rng, id)?,
            48..62 => self.installment_idea(rng, id)?,
            62..74 => self.discount_idea(rng, id)?,
            74..82 => Edit::AddFollower(id, rng.choice(self.company.users.keys().copied())?),
            82..87 => {
                let followers = &self.deal(id)?.attached().followers;
                Edit::RemoveFollower(id, rng.choice(followers)?.user_id)
            }
            87..93 => Edit::AddParticipant(id, rng.choice(self.company.persons.keys().copied())?),
            93..97 => {
                let participants = &self.deal(id)?.attached().participants;
                Edit::RemoveParticipant(id, rng.choice(participants)?.id)
            }
            97..99 => Edit::MergeDeals { loser: id, winner: self.any_deal(rng)? },
            _ => Edit::ConvertToLead(id),
        })
    }

    fn line_idea(&self, rng: &mut Rng, id: Id) -> Option<Edit> {
        let old = rng.choice(&self.deal(id)?.attached().lines)?;
        if rng.u8(..3) == 0 {
            return Some(Edit::RemoveProduct(id, old.id));
        }
        let mut new = old.line.clone();
        match rng.u8(..5) {
            0 => new.quantity = Cents(rng.i64(1..20) * 100),
            1 => new.item_price = amount(rng),
            2 => new.is_enabled ^= true,
            3 => new.comments = Some(pick(rng, &self.phrases).to_string().into()),
            _ => {
                (new.discount, new.discount_type) =
                    (Cents(rng.i64(0..30) * 100), DiscountType::Percentage)
            }
        }
        Some(Edit::EditProduct(id, old.id, new))
    }

    fn installment_idea(&self, rng: &mut Rng, id: Id) -> Option<Edit> {
        let today = Second::of(self.now()).date_at(0);
        let new = Installment {
            description: format!("Part {}", rng.u8(1..9)),
            amount: Cents(rng.i64(1..900) * 50),
            billing_date: today.saturating_add(rng.i32(1..200).days()),
        };
        Some(match (rng.u8(..4), rng.choice(&self.deal(id)?.attached().installments)) {
            (0, Some((old, _))) => Edit::RemoveInstallment(id, *old),
            (1, Some((old, _))) => Edit::EditInstallment(id, *old, new),
            _ => Edit::AddInstallment(id, new),
        })
    }

    fn discount_idea(&self, rng: &mut Rng, id: Id) -> Option<Edit> {
        let percent = rng.i64(1..30);
        let new = Discount {
            description: format!("{percent} % off"),
            amount: Cents(percent * 100),
            discount_type: DiscountType::Percentage,
        };
        Some(match (rng.u8(..4), rng.choice(&self.deal(id)?.attached().discounts)) {
            (0, Some(old)) => Edit::RemoveDiscount(id, old.id.to_string()),
            (1, Some(old)) => Edit::EditDiscount(id, old.id.to_string(), new),
            _ => Edit::AddDiscount(id, new),
        })
    }
}
