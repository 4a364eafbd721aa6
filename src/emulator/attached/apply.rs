//! Edits of what hangs on a deal, and what they do to the deal itself.

use super::{
    super::{
        Id, answer,
        deal::{Child, Deal},
        edit::{EditError, Edited},
        second::Second,
        world::World,
    },
    Attached, Attachment, Discount, Follower, Gone, Granted, Installment, Kind, Participant,
    ProductLine,
};

/// How many lines of a deal may be billed again and again. Source: API reference v2, `billing_frequency`.
const MAX_RECURRING: usize = 20;
/// Lines are numbered in steps, so that one can be put between two. Source: the example of the API reference v2.
const ORDER_STEP: u16 = 10;

impl World {
    /// Changes what hangs on a deal, and then the deal as far as that follows: its value, its revenue and its
    /// `update_time`.
    fn attach<T>(
        &mut self,
        deal: Id,
        kind: Kind,
        edit: impl FnOnce(&mut Self, &mut Attached) -> Result<T, EditError>,
    ) -> Result<T, EditError> {
        let mut deal = self.editable(deal)?;
        let mut attached = deal.attached().clone();
        let made = edit(self, &mut attached)?;
        deal.set_attached(attached);
        self.settle(&mut deal, kind);
        self.store(deal);
        Ok(made)
    }

    /// Sets the value and the revenue of a deal to what its lines come to, and its `update_time` where the switches say so.
    pub(super) fn settle(&self, deal: &mut Deal, kind: Kind) {
        let (switches, now) = (self.switches(), Second::of(self.now()));
        let mut bumps = switches.bumps.of(kind);
        if switches.value_from_lines && matches!(kind, Kind::Product | Kind::Discount) {
            // Without lines there is nothing a discount could be taken from, and the value is what someone typed.
            let now = (Some(deal.attached().worth()), deal.attached().revenue());
            let lines = kind == Kind::Product || !deal.attached().lines.is_empty();
            if lines && (deal.value, deal.revenue) != now {
                (deal.value, deal.revenue) = now;
                bumps |= switches.bumps.value;
            }
        }
        if bumps {
            deal.update_time = Some(now);
        }
    }

    pub(in super::super) fn add_product(
        &mut self,
        deal: Id,
        line: ProductLine,
    ) -> Result<Edited, EditError> {
        self.attach(deal, Kind::Product, |world, attached| {
            world.check_line(&line, attached)?;
            let (now, id) = (Second::of(world.now()), next(&mut world.next_line));
            let last = attached.lines.iter().map(|line| line.order_nr).max().unwrap_or(0);
            let order_nr = last.saturating_add(ORDER_STEP);
            spread_tax_method(&line, attached, now);
            attached.lines.push(Attachment { id, order_nr, add_time: now, update_time: now, line });
            Ok(Edited::Product(deal, id))
        })
    }

    pub(in super::super) fn edit_product(
        &mut self,
        deal: Id,
        id: Id,
        line: ProductLine,
    ) -> Result<Edited, EditError> {
        self.attach(deal, Kind::Product, |world, attached| {
            let place = place(&attached.lines, |line| line.id == id)?;
            // The rules look at the other lines and at this one as it will be.
            let mut old = attached.lines.remove(place);
            world.check_line(&line, attached)?;
            let now = Second::of(world.now());
            spread_tax_method(&line, attached, now);
            (old.line, old.update_time) = (line, now);
            attached.lines.insert(place, old);
            if !attached.installments.is_empty() && !attached.bills_once() {
                // Source: API reference v2: the last enabled product cannot be disabled while there are installments.
                return Err(EditError::NotAllowed);
            }
            Ok(Edited::Product(deal, id))
        })
    }

    pub(in super::super) fn remove_product(
        &mut self,
        deal: Id,
        id: Id,
    ) -> Result<Edited, EditError> {
        self.attach(deal, Kind::Product, |_, attached| {
            let place = place(&attached.lines, |line| line.id == id)?;
            attached.lines.remove(place);
            if !attached.bills_once() {
                // Installments need a product that is billed once; what becomes of theirs is unknown upstream.
                attached.installments.clear();
            }
            Ok(Edited::Product(deal, id))
        })
    }

    /// Checks a line that is to stand beside those of `attached`.
    fn check_line(&self, line: &ProductLine, attached: &Attached) -> Result<(), EditError> {
        let known = |id: Id| self.company.products.contains_key(&id);
        if !line.product_id.is_none_or(known) {
            return Err(EditError::Unknown);
        }
        let recurring = attached.lines.iter().filter(|line| !line.line.bills_once()).count();
        let too_many = !line.bills_once() && recurring >= MAX_RECURRING;
        let beside_installments = !line.bills_once() && !attached.installments.is_empty();
        if !line.is_consistent() || too_many || beside_installments {
            return Err(EditError::NotAllowed);
        }
        Ok(())
    }

    pub(in super::super) fn add_installment(
        &mut self,
        deal: Id,
        installment: Installment,
    ) -> Result<Edited, EditError> {
        self.attach(deal, Kind::Installment, |world, attached| {
            // Source: API reference v2: at least one one-time product, and no recurring one.
            if !attached.bills_once() || attached.bills_again() || installment.amount.0 <= 0 {
                return Err(EditError::NotAllowed);
            }
            let id = next(&mut world.next_installment);
            attached.installments.push((id, installment));
            Ok(Edited::Installment(deal, id))
        })
    }

    pub(in super::super) fn edit_installment(
        &mut self,
        deal: Id,
        id: Id,
        installment: Installment,
    ) -> Result<Edited, EditError> {
        self.attach(deal, Kind::Installment, |_, attached| {
            let place = place(&attached.installments, |(it, _)| *it == id)?;
            if installment.amount.0 <= 0 {
                return Err(EditError::NotAllowed);
            }
            attached.installments[place].1 = installment;
            Ok(Edited::Installment(deal, id))
        })
    }

    pub(in super::super) fn remove_installment(
        &mut self,
        deal: Id,
        id: Id,
    ) -> Result<Edited, EditError> {
        self.attach(deal, Kind::Installment, |_, attached| {
            let place = place(&attached.installments, |(it, _)| *it == id)?;
            attached.installments.remove(place);
            Ok(Edited::Installment(deal, id))
        })
    }

    pub(in super::super) fn add_discount(
        &mut self,
        deal: Id,
        discount: Discount,
    ) -> Result<Edited, EditError> {
        self.attach(deal, Kind::Discount, |world, attached| {
            if discount.amount.0 <= 0 {
                return Err(EditError::NotAllowed);
            }
            let (id, by) = (world.new_uuid(), (Second::of(world.now()), world.user()));
            let edited = Edited::Discount(deal, id.clone());
            attached.discounts.push(Granted { id: id.into(), discount, created: by, updated: by });
            Ok(edited)
        })
    }

    pub(in super::super) fn edit_discount(
        &mut self,
        deal: Id,
        id: &str,
        discount: Discount,
    ) -> Result<Edited, EditError> {
        self.attach(deal, Kind::Discount, |world, attached| {
            let place = place(&attached.discounts, |granted| *granted.id == *id)?;
            if discount.amount.0 <= 0 {
                return Err(EditError::NotAllowed);
            }
            let granted = &mut attached.discounts[place];
            (granted.discount, granted.updated) =
                (discount, (Second::of(world.now()), world.user()));
            Ok(Edited::Discount(deal, id.to_owned()))
        })
    }

    pub(in super::super) fn remove_discount(
        &mut self,
        deal: Id,
        id: &str,
    ) -> Result<Edited, EditError> {
        self.attach(deal, Kind::Discount, |_, attached| {
            let place = place(&attached.discounts, |granted| *granted.id == *id)?;
            attached.discounts.remove(place);
            Ok(Edited::Discount(deal, id.to_owned()))
        })
    }

    pub(in super::super) fn add_follower(
        &mut self,
        deal: Id,
        user_id: Id,
    ) -> Result<Edited, EditError> {
        self.attach(deal, Kind::Follower, |world, attached| {
            world.company.users.get(&user_id).ok_or(EditError::Unknown)?;
            if attached.followers.iter().any(|follower| follower.user_id == user_id) {
                return Err(EditError::Already);
            }
            let (add_time, added_by) = (Second::of(world.now()), world.user());
            attached.followers.push(Follower { user_id, add_time, added_by });
            Ok(Edited::Follower(deal, user_id))
        })
    }

    pub(in super::super) fn remove_follower(
        &mut self,
        deal: Id,
        user_id: Id,
    ) -> Result<Edited, EditError> {
        self.attach(deal, Kind::Follower, |world, attached| {
            let place = place(&attached.followers, |follower| follower.user_id == user_id)?;
            let Follower { add_time, added_by, .. } = attached.followers.remove(place);
            let removed = (Second::of(world.now()), world.user());
            let added = (add_time, added_by);
            attached.gone.push(Gone { kind: Kind::Follower, who: user_id, added, removed });
            Ok(Edited::Follower(deal, user_id))
        })
    }

    pub(in super::super) fn add_participant(
        &mut self,
        deal: Id,
        person_id: Id,
    ) -> Result<Edited, EditError> {
        self.attach(deal, Kind::Participant, |world, attached| {
            world.company.persons.get(&person_id).ok_or(EditError::Unknown)?;
            if attached.participants.iter().any(|it| it.person_id == person_id) {
                return Err(EditError::Already);
            }
            let (add_time, added_by) = (Second::of(world.now()), world.user());
            let id = next(&mut world.next_participant);
            let participant = Participant { id, person_id, add_time, added_by, active: true };
            attached.participants.push(participant);
            Ok(Edited::Participant(deal, id))
        })
    }

    pub(in super::super) fn remove_participant(
        &mut self,
        deal: Id,
        id: Id,
    ) -> Result<Edited, EditError> {
        self.attach(deal, Kind::Participant, |world, attached| {
            let place = place(&attached.participants, |it| it.id == id)?;
            let Participant { person_id, add_time, added_by, .. } =
                attached.participants.remove(place);
            let removed = (Second::of(world.now()), world.user());
            let added = (add_time, added_by);
            attached.gone.push(Gone { kind: Kind::Participant, who: person_id, added, removed });
            Ok(Edited::Participant(deal, id))
        })
    }

    /// Adds `by` rows of a kind that is counted, made up, or takes the last ones away.
    pub(in super::super) fn count_rows(
        &mut self,
        deal: Id,
        child: Child,
        by: i16,
    ) -> Result<Edited, EditError> {
        let (before, numbers) = (self.editable(deal)?, self.numbers());
        let done = (0..by.unsigned_abs()).try_for_each(|_| {
            let edit = if by > 0 { self.made_up(deal, child) } else { self.last(deal, child) };
            edit.map(drop)
        });
        // All of it or nothing.
        done.inspect_err(|_| {
            self.replace(deal, Some(before));
            self.set_numbers(numbers);
        })?;
        Ok(Edited::Deal(deal))
    }

    fn made_up(&mut self, deal: Id, child: Child) -> Result<Edited, EditError> {
        let attached = self.deals.get(&deal).ok_or(EditError::NoDeal)?.attached();
        match child {
            Child::Follower => {
                let follows = |id: &Id| attached.followers.iter().any(|it| it.user_id == *id);
                let user = self.company.users.keys().copied().find(|id| !follows(id));
                self.add_follower(deal, user.ok_or(EditError::Unknown)?)
            }
            Child::Participant => {
                let there = |id: &Id| attached.participants.iter().any(|it| it.person_id == *id);
                let person = self.company.persons.keys().copied().find(|id| !there(id));
                self.add_participant(deal, person.ok_or(EditError::Unknown)?)
            }
            _ => {
                let (id, product) =
                    self.company.products.first_key_value().ok_or(EditError::Unknown)?;
                let line = ProductLine::new(*id, 1, product.price);
                self.add_product(deal, line)
            }
        }
    }

    fn last(&mut self, deal: Id, child: Child) -> Result<Edited, EditError> {
        let attached = self.deals.get(&deal).ok_or(EditError::NoDeal)?.attached();
        match child {
            Child::Follower => {
                let user = attached.followers.last().ok_or(EditError::NoChild)?.user_id;
                self.remove_follower(deal, user)
            }
            Child::Participant => {
                let id = attached.participants.last().ok_or(EditError::NoChild)?.id;
                self.remove_participant(deal, id)
            }
            _ => {
                let id = attached.lines.last().ok_or(EditError::NoChild)?.id;
                self.remove_product(deal, id)
            }
        }
    }

    /// Returns a UUID that no other call of this world returns.
    pub(super) fn new_uuid(&mut self) -> String {
        self.next_uuid += 1;
        answer::uuid(fastrand::Rng::with_seed(self.next_uuid).u128(..))
    }
}

/// Takes the next number.
pub(super) fn next(number: &mut Id) -> Id {
    let taken = *number;
    *number += 1;
    taken
}

fn place<T>(rows: &[T], is_it: impl Fn(&T) -> bool) -> Result<usize, EditError> {
    rows.iter().position(is_it).ok_or(EditError::NoChild)
}

/// Source: API reference v2, `tax_method`: changing it on one product affects the rest of those attached to the deal.
fn spread_tax_method(line: &ProductLine, attached: &mut Attached, now: Second) {
    for other in &mut attached.lines {
        if other.line.tax_method != line.tax_method {
            (other.line.tax_method, other.update_time) = (line.tax_method, now);
        }
    }
}
