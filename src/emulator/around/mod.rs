//! What is done around a deal: activities, files, notes and mails. The counters of a deal say how many there are.
//!
//! A deal of the beginning keeps its counters only: its rows follow from them and from its number, so that a world of
//! many deals stays small. The first edit that touches any of them writes them down.
//!
//! ```text
//! read.rs  notes.rs  the reads                  activity.rs  mail.rs  view.rs  JSON
//! text.rs  what they say, which follows from their ids
//! ```

mod activity;
mod mail;
mod notes;
mod read;
mod text;
mod view;

use std::{borrow::Cow, sync::Arc};

use super::{
    Id,
    deal::{Child, Deal},
    second::Second,
    world::World,
};

pub(super) use activity::old_activity;
pub(super) use mail::{mail, sees_mail};
pub(super) use read::{AroundRead, activities_of_deal};
pub(super) use view::{file, note};

/// Ids of rows that edits make begin here; those of the beginning lie below.
const FIRST_NEW: Id = 1 << 28;
/// How many rows of one kind a deal of the beginning can have.
const STEP: Id = 32;
/// Activities of the beginning that are not done are numbered from here, those that are done from 0.
const FIRST_UNDONE: Id = 16;
/// A row of the beginning is at most this much younger than its deal.
const SPAN: u32 = 60 * 24 * 3_600;

/// A file, note or mail. What it says follows from its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Unique among the rows of its kind.
    pub(super) id: Id,
    /// When it came.
    pub(super) made: Second,
    /// The user who made it.
    pub(super) by: Id,
}

/// An activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Activity {
    pub(super) row: Row,
    /// When it was done; `None`: it is yet to be.
    pub(super) done: Option<Second>,
}

impl Activity {
    /// Returns when it was last changed.
    pub(super) fn update_time(self) -> Second {
        self.done.unwrap_or(self.row.made)
    }
}

/// Everything around one deal, each kind in the order it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Around {
    pub(super) activities: Vec<Activity>,
    pub(super) files: Vec<Row>,
    pub(super) notes: Vec<Row>,
    pub(super) mails: Vec<Row>,
}

impl Around {
    /// Returns what the counters of a deal of the beginning stand for; the world began at `born`.
    fn of(deal: &Deal, born: Second) -> Self {
        let children = &deal.children;
        let age = born.since(deal.add_time);
        let row = |kind: u32, nth: Id| {
            let id = deal.id.saturating_mul(STEP) + nth;
            let later = text::mixed(id, kind) % age.clamp(1, SPAN);
            Row { id, made: deal.add_time.plus(later), by: deal.creator_user_id }
        };
        let rows = |kind: u32, count: u16| {
            let mut rows = (0..count.into()).map(|nth| row(kind, nth)).collect::<Vec<_>>();
            // The older one has the lower id.
            let mut times = rows.iter().map(|row| row.made).collect::<Vec<_>>();
            times.sort_unstable();
            rows.iter_mut().zip(times).for_each(|(row, made)| row.made = made);
            rows
        };
        let done = rows(0, children.done_activities).into_iter().map(|row| {
            let left = born.since(row.made).max(1);
            Activity { row, done: Some(row.made.plus(text::mixed(row.id, 4) % left)) }
        });
        let undone = rows(0, children.undone_activities).into_iter();
        let undone = undone.map(|row| Row { id: row.id + FIRST_UNDONE, ..row });
        let undone = undone.map(|row| Activity { row, done: None });
        Self {
            activities: done.chain(undone).collect(),
            files: rows(1, children.files),
            notes: rows(2, children.notes),
            mails: mail::timed(rows(3, children.email_messages), children),
        }
    }

    /// Adds the rows of `other`.
    fn extend(&mut self, other: &Self) {
        self.activities.extend(&other.activities);
        self.files.extend(&other.files);
        self.notes.extend(&other.notes);
        self.mails.extend(&other.mails);
    }

    /// Adds rows made by `new`, or takes the last ones away, until there are as many as the counters of a deal say.
    fn follow(&mut self, child: Child, count: u16, mut new: impl FnMut() -> Row) {
        let count = usize::from(count);
        let rows = match child {
            Child::File => &mut self.files,
            Child::Note => &mut self.notes,
            Child::EmailMessage => &mut self.mails,
            Child::DoneActivity | Child::UndoneActivity => {
                let done = child == Child::DoneActivity;
                let of_kind = |it: &Activity| it.done.is_some() == done;
                while self.activities.iter().filter(|it| of_kind(it)).count() > count {
                    let last = self.activities.iter().rposition(of_kind);
                    self.activities.remove(last.expect("there are more than there should be"));
                }
                let there = self.activities.iter().filter(|it| of_kind(it)).count();
                self.activities.extend((there..count).map(|_| {
                    let row = new();
                    Activity { row, done: done.then_some(row.made) }
                }));
                return;
            }
            Child::Product | Child::Follower | Child::Participant => return,
        };
        rows.truncate(count);
        rows.extend((rows.len()..count).map(|_| new()));
    }
}

impl World {
    /// Returns what is around a deal.
    pub(super) fn around<'a>(&self, deal: &'a Deal) -> Cow<'a, Around> {
        match &deal.around {
            Some(around) => Cow::Borrowed(around),
            None => Cow::Owned(Around::of(deal, self.born)),
        }
    }

    /// Returns what the reads show of it.
    pub(super) fn shown_around<'a>(&'a self, deal: &'a Deal) -> Cow<'a, Around> {
        match self.late_around.get(deal.id) {
            Some(around) => Cow::Borrowed(around),
            None => self.around(deal),
        }
    }

    /// Makes the rows of one kind as many as `deal` counts; `before` is what was around it until now.
    pub(super) fn follow_counter(&mut self, deal: &mut Deal, child: Child, mut before: Around) {
        let (made, by) = (Second::of(self.now()), self.user());
        let count = deal.children.counter(child).map_or(0, |count| *count);
        before.follow(child, count, || {
            self.next_row += 1;
            Row { id: FIRST_NEW + self.next_row, made, by }
        });
        deal.around = Some(Arc::new(before));
    }

    /// Moves what is around one deal to another, but for the counters.
    pub(super) fn move_around(&self, from: &mut Deal, to: &mut Deal) {
        let mut both = self.around(to).into_owned();
        both.extend(&self.around(from));
        (from.around, to.around) = (Some(Arc::default()), Some(Arc::new(both)));
    }
}
