//! Life: a sales company at work, so that a mirror has something to follow.
//!
//! Deals come in, move through their stages, stall, are won or lost; what was won brings a renewal a year later; what
//! hangs on deals, the custom fields, contacts and users change as they do in a company. How often each happens is one
//! table, [`ACTS`]; what exactly is done is decided by the world as it is and by the seed. So the same seed and the same
//! world bring the same life, whatever time it takes: no clock is read here.
//!
//! ```text
//! sales.rs   deals come, move, are won and lost     details.rs  members, custom fields, counters
//! rows.rs    lines, installments, discounts, people on deals    office.rs   contacts, users, products, fields, stages
//! find.rs    whom an act concerns                   rate.rs     how many acts    drive.rs   by the emulator's clock
//! ```

mod details;
mod drive;
mod find;
mod office;
mod rate;
mod rows;
mod sales;
#[cfg(test)]
mod tests;

use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use super::{
    edit::{Edit, Edited},
    world::World,
};

pub use rate::{Rate, RateError};

/// What somebody might do now: the first edit is the act, the others belong to it. `None`: nothing of the kind.
type Idea = fn(&World, &mut Rng) -> Option<Vec<Edit>>;

/// Everything that happens, and how often in ten thousand acts.
///
/// A deal takes three moves on average to be won or lost, so there are three of [`sales::work`] for each that comes in:
/// the number of open deals stays about what it was.
const ACTS: [(u32, Idea); 44] = [
    (830, sales::inbound),
    (120, sales::renewal),
    (2_696, sales::work),
    (25, sales::reopen),
    (120, sales::archive),
    (15, sales::unarchive),
    (60, sales::delete),
    (20, sales::restore),
    (20, sales::merge),
    (15, sales::convert),
    (450, details::value),
    (120, details::title),
    (130, details::owner),
    (250, details::labels),
    (90, details::person),
    (60, details::organization),
    (30, details::visibility),
    (1_350, details::custom),
    (1_100, details::activity),
    (520, rows::add_line),
    (330, rows::edit_line),
    (110, rows::remove_line),
    (170, rows::installment),
    (130, rows::discount),
    (240, rows::follow),
    (60, rows::unfollow),
    (260, rows::take_part),
    (60, rows::leave),
    (190, office::person_comes),
    (130, office::person_changes),
    (20, office::person_goes),
    (8, office::person_returns),
    (110, office::organization_comes),
    (90, office::organization_changes),
    (8, office::organization_goes),
    (4, office::organization_returns),
    (24, office::price),
    (6, office::product_comes),
    (2, office::product_goes),
    (3, office::user_joins),
    (3, office::user_leaves),
    (6, office::field),
    (12, office::option),
    (3, office::stage),
];

/// How often another act is tried where the world has no room for one.
const TRIES: usize = 50;

/// The course of things. The same seed and the same world bring the same acts.
#[derive(Debug, Clone)]
pub struct Life {
    rng: Rng,
    rate: Rate,
    next: Option<Timestamp>,
}

impl Life {
    /// Returns a life of so many acts a while.
    pub fn new(seed: u64, rate: Rate) -> Self {
        // Another stream than that of the world with the same seed.
        Self { rng: Rng::with_seed(seed ^ 0x11fe_11fe), rate, next: None }
    }

    /// Lets one thing happen at the world's present, and returns what it made or touched.
    pub fn step(&mut self, world: &mut World) -> Edited {
        let done = (0..TRIES).find_map(|_| carry_out(world, self.idea(world)?));
        done.unwrap_or_else(|| {
            let edits = sales::inbound(world, &mut self.rng);
            edits.and_then(|edits| carry_out(world, edits)).expect("a new deal is always possible")
        })
    }

    /// Lets everything happen that falls due until `now`, each at its own moment, moves the world's time to `now`, and
    /// returns how many acts there were.
    pub fn until(&mut self, world: &mut World, now: Timestamp) -> usize {
        let mut acts = 0;
        loop {
            let gap = self.next.is_none().then(|| self.gap());
            let from = world.now();
            let due = *self.next.get_or_insert_with(|| later(from, gap.unwrap_or_default()));
            if due > now {
                world.set_now(now);
                return acts;
            }
            world.set_now(due);
            self.step(world);
            acts += 1;
            self.next = Some(later(due, self.gap()));
        }
    }

    /// Returns how long it takes until something else happens: acts do not know of each other, so the times between them
    /// are those of a Poisson process.
    fn gap(&mut self) -> Duration {
        // The logarithm of a number above 0 and up to 1.
        Duration::from_secs_f64(-(1.0 - self.rng.f64()).ln() / self.rate.per_second())
    }

    fn idea(&mut self, world: &World) -> Option<Vec<Edit>> {
        let all: u32 = ACTS.iter().map(|(weight, _)| weight).sum();
        let mut drawn = self.rng.u32(..all);
        for (weight, idea) in ACTS {
            match drawn.checked_sub(weight) {
                Some(rest) => drawn = rest,
                None => return idea(world, &mut self.rng),
            }
        }
        None
    }
}

fn later(time: Timestamp, gap: Duration) -> Timestamp {
    time + SignedDuration::try_from(gap).unwrap_or(SignedDuration::MAX)
}

/// Carries out an act if the world allows it. What belongs to it is left where it is so already.
fn carry_out(world: &mut World, edits: Vec<Edit>) -> Option<Edited> {
    let mut edits = edits.into_iter();
    let made = world.apply(edits.next()?).ok()?;
    edits.for_each(|edit| drop(world.apply(edit)));
    Some(made)
}
