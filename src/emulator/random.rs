//! Edits as a busy sales team makes them.

use std::ops::Bound;

use fastrand::Rng;

use super::{
    Id,
    edit::{DealChange, Edit, Edited},
    generate::{amount, currency, pick, value},
    index::SortBy,
    second::Second,
    world::{List, World},
};

/// How often another edit is tried when the world refuses one (an archived deal cannot be renamed).
const TRIES: usize = 20;

impl World {
    /// Applies one believable edit of a deal and returns what it did: mostly a change, sometimes a new deal, a
    /// deletion, a restoration, or a way into or out of the archive.
    ///
    /// Edits of fields and of what hangs on a deal are not among them, since they may leave `update_time` alone.
    pub fn random_edit(&mut self, rng: &mut Rng) -> (Edit, Edited) {
        for _ in 0..TRIES {
            let Some(edit) = self.idea(rng) else { continue };
            if let Ok(edited) = self.apply(edit.clone()) {
                return (edit, edited);
            }
        }
        let edit = self.newcomer(rng);
        let edited = self.apply(edit.clone()).expect("a new deal is always possible");
        (edit, edited)
    }

    /// Returns an edit that may or may not be possible.
    fn idea(&self, rng: &mut Rng) -> Option<Edit> {
        Some(match rng.u8(..100) {
            0..60 => {
                let id = self.any_deal(rng)?;
                Edit::ChangeDeal(id, self.any_change(rng, id)?)
            }
            60..72 => self.newcomer(rng),
            72..80 => Edit::DeleteDeal(self.any_deal(rng)?),
            80..86 => {
                let deleted = self.deleted_ids().collect::<Vec<_>>();
                Edit::RestoreDeal(*rng.choice(&deleted)?)
            }
            86..94 => Edit::ArchiveDeal(self.any_deal(rng)?),
            _ => {
                let all = (Bound::Unbounded, Bound::Unbounded);
                let archived =
                    self.index(List::Archived).range(SortBy::Id, all).collect::<Vec<_>>();
                Edit::UnarchiveDeal(*rng.choice(&archived)?)
            }
        })
    }

    pub(super) fn newcomer(&self, rng: &mut Rng) -> Edit {
        let stages = self.company.stages_in_use().collect::<Vec<_>>();
        let organizations = self.company.organizations.values();
        let customer = organizations
            .take(500)
            .nth(rng.usize(..500))
            .map_or("Neukunde", |customer| &customer.name);
        let title = format!("{customer} – new {}", rng.u16(..));
        Edit::CreateDeal {
            title,
            stage_id: *pick(rng, &stages),
            value: amount(rng),
            currency: currency(rng),
        }
    }

    pub(super) fn any_deal(&self, rng: &mut Rng) -> Option<Id> {
        let from = rng.u32(..self.next_deal.max(1));
        let next = self.deals.range(from..).next().or_else(|| self.deals.first_key_value());
        next.map(|(id, _)| *id)
    }

    fn any_change(&self, rng: &mut Rng, id: Id) -> Option<DealChange> {
        let deal = self.deal(id)?;
        Some(match rng.u8(..10) {
            0 => DealChange::Title(format!(
                "{} ({})",
                deal.title.chars().take(40).collect::<String>(),
                rng.u16(..)
            )),
            1 | 2 => DealChange::Value(Some(amount(rng)), deal.currency),
            3 => {
                let stages = self.company.stages_in_use().collect::<Vec<_>>();
                DealChange::Stage(*rng.choice(&stages)?)
            }
            4 => match rng.u8(..3) {
                0 => DealChange::Win,
                1 => DealChange::Lose("Price".to_owned()),
                _ => DealChange::Reopen,
            },
            5 => DealChange::Owner(rng.choice(self.company.users.keys().copied())?),
            6 => DealChange::Labels(
                self.labels.iter().filter(|_| rng.u8(..4) == 0).map(|label| label.id).collect(),
            ),
            _ => {
                let field = rng.choice(self.custom_fields())?;
                let today = Second::of(self.now()).date_at(0);
                let value = value(rng, field, self, today).filter(|_| rng.u8(..5) > 0);
                DealChange::Custom(field.code.clone(), value)
            }
        })
    }
}
