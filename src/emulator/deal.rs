//! A deal, as small as it can be kept.

use std::{fmt, sync::Arc};

use jiff::civil::Date;
use serde::{Deserialize, Serialize, Serializer};

use super::{
    Id,
    around::Around,
    attached::{Attached, Counts, Follower, Revenue},
    chronicle::Entry,
    field::Slot,
    second::Second,
    value::{Cents, Currency, Value},
};

/// A deal. What follows from other members (`status` of a deleted deal, `local_*` dates) is not stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Deal {
    /// Its number.
    pub id: Id,
    /// Its title.
    pub title: Box<str>,
    /// The user who made it.
    pub creator_user_id: Id,
    /// The user who owns it.
    pub owner_id: Id,
    /// The contact.
    pub person_id: Option<Id>,
    /// The customer.
    pub org_id: Option<Id>,
    /// The pipeline of its stage.
    pub pipeline_id: Id,
    /// Its stage.
    pub stage_id: Id,
    /// What it is worth.
    pub value: Option<Cents>,
    /// In which currency.
    pub currency: Currency,
    /// When it was made.
    pub add_time: Second,
    /// When it was last updated, as far as the API tells.
    pub update_time: Option<Second>,
    /// When it last moved to another stage.
    pub stage_change_time: Option<Second>,
    /// Where it stands, if it were not deleted.
    pub status: Status,
    /// When it was won or lost; `None` while open.
    pub closed: Option<Second>,
    /// When it was won for the first time.
    pub first_won: Option<Second>,
    /// Why it was lost.
    pub lost_reason: Option<Arc<str>>,
    /// When it was archived; `None`: it is not.
    pub archived: Option<Second>,
    /// When it was deleted; `None`: it is not.
    pub deleted: Option<Second>,
    /// How likely it is won, in hundredths of a percent.
    pub probability: Option<u16>,
    /// Who may see it: 1, 3, 5 or 7.
    pub visible_to: u8,
    /// When it should be closed.
    pub expected_close: Option<CloseDate>,
    /// Options of the field `label_ids`.
    pub label_ids: Box<[Id]>,
    /// How it came to be.
    pub origin: &'static str,
    /// Its number there.
    pub origin_id: Option<Box<str>>,
    /// The marketing channel.
    pub channel: Option<u16>,
    /// Its name there.
    pub channel_id: Option<&'static str>,
    /// What its lines bring in, as it was when they last changed; `None`: there are none.
    pub(super) revenue: Option<Revenue>,
    /// The lead it was made from.
    pub source_lead_id: Option<Box<str>>,
    /// Values of custom fields, by slot in ascending order; unset ones are left out.
    pub custom: Vec<(Slot, Value)>,
    /// What hangs on it and is only counted.
    pub children: Children,
    /// What hangs on it as rows, shared with the copies of this deal; `None`: nothing.
    pub(super) attached: Option<Arc<Attached>>,
    /// What is done around it; `None`: what its counters stand for.
    pub(super) around: Option<Arc<Around>>,
    /// What became of its members, the oldest first; `None`: nothing.
    pub(super) chronicle: Option<Arc<Vec<Entry>>>,
}

/// When a deal should be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseDate {
    /// On this day.
    On(Date),
    /// Someone wrote an empty text. Source: a client of the live API reports that it is then read as `0000-00-00`.
    Zero,
}

impl CloseDate {
    /// How the API writes a day that is none.
    pub(super) const ZERO: &str = "0000-00-00";

    /// Returns the day, if it is one.
    pub fn day(self) -> Option<Date> {
        match self {
            Self::On(day) => Some(day),
            Self::Zero => None,
        }
    }
}

impl fmt::Display for CloseDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On(day) => day.fmt(f),
            Self::Zero => f.write_str(Self::ZERO),
        }
    }
}

impl Serialize for CloseDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where a deal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is named as the API names it")]
pub enum Status {
    Open,
    Won,
    Lost,
    Deleted,
}

impl Status {
    /// Returns the name the API uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Deleted => "deleted",
        }
    }
}

/// What hangs on a deal and is only counted, as far as `include_fields` tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as the API names it")]
pub struct Children {
    pub next_activity_id: Option<Id>,
    pub last_activity_id: Option<Id>,
    pub files: u16,
    pub notes: u16,
    pub email_messages: u16,
    pub done_activities: u16,
    pub undone_activities: u16,
    pub last_incoming_mail: Option<Second>,
    pub last_outgoing_mail: Option<Second>,
}

/// A kind of thing that hangs on a deal and is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is named as the API names it")]
pub enum Child {
    Product,
    File,
    Note,
    Follower,
    EmailMessage,
    DoneActivity,
    UndoneActivity,
    Participant,
}

impl Children {
    /// Returns the counter of one kind; `None` where rows are counted.
    pub(super) fn counter(&mut self, child: Child) -> Option<&mut u16> {
        Some(match child {
            Child::File => &mut self.files,
            Child::Note => &mut self.notes,
            Child::EmailMessage => &mut self.email_messages,
            Child::DoneActivity => &mut self.done_activities,
            Child::UndoneActivity => &mut self.undone_activities,
            Child::Product | Child::Follower | Child::Participant => return None,
        })
    }

    /// Adds what hung on another deal.
    pub(super) fn add(&mut self, other: Self) {
        self.next_activity_id = self.next_activity_id.or(other.next_activity_id);
        self.last_activity_id = self.last_activity_id.or(other.last_activity_id);
        self.files += other.files;
        self.notes += other.notes;
        self.email_messages += other.email_messages;
        self.done_activities += other.done_activities;
        self.undone_activities += other.undone_activities;
        self.last_incoming_mail = self.last_incoming_mail.max(other.last_incoming_mail);
        self.last_outgoing_mail = self.last_outgoing_mail.max(other.last_outgoing_mail);
    }
}

impl Deal {
    /// Returns an open deal made at `now` by `user`; all that can be empty is.
    pub(super) fn new(
        id: Id,
        title: Box<str>,
        user: Id,
        (pipeline_id, stage_id): (Id, Id),
        now: Second,
    ) -> Self {
        // Source: knowledge base: who makes a deal follows it.
        let followers = vec![Follower { user_id: user, add_time: now, added_by: user }];
        Self {
            id,
            title,
            creator_user_id: user,
            owner_id: user,
            person_id: None,
            org_id: None,
            pipeline_id,
            stage_id,
            value: None,
            currency: Currency::new(*b"EUR"),
            add_time: now,
            update_time: Some(now),
            stage_change_time: None,
            status: Status::Open,
            closed: None,
            first_won: None,
            lost_reason: None,
            archived: None,
            deleted: None,
            probability: None,
            visible_to: 3,
            expected_close: None,
            label_ids: Box::default(),
            origin: "API",
            origin_id: None,
            channel: None,
            channel_id: None,
            revenue: None,
            source_lead_id: None,
            custom: Vec::new(),
            children: Children::default(),
            attached: Some(Arc::new(Attached { followers, ..Attached::default() })),
            around: None,
            chronicle: None,
        }
    }

    /// Returns what hangs on it.
    pub(super) fn attached(&self) -> &Attached {
        Attached::or_nothing(self.attached.as_deref())
    }

    /// Replaces what hangs on it; a deal on which nothing hangs keeps nothing.
    pub(super) fn set_attached(&mut self, attached: Attached) {
        self.attached = (attached != Attached::default()).then(|| Arc::new(attached));
    }

    /// Returns how many rows hang on it.
    pub(super) fn counts(&self) -> Counts {
        self.attached().counts()
    }

    /// Returns the status as the API shows it: a deleted deal is `deleted`, whatever it was before.
    pub fn shown_status(&self) -> Status {
        if self.deleted.is_some() { Status::Deleted } else { self.status }
    }

    /// Returns the value of a custom field; `None`: it is not set.
    pub fn custom(&self, slot: Slot) -> Option<&Value> {
        let place = self.custom.binary_search_by_key(&slot, |(slot, _)| *slot).ok()?;
        Some(&self.custom[place].1)
    }

    /// Sets a custom field, or empties it.
    pub(super) fn set_custom(&mut self, slot: Slot, value: Option<Value>) {
        match (self.custom.binary_search_by_key(&slot, |(slot, _)| *slot), value) {
            (Ok(place), Some(value)) => self.custom[place].1 = value,
            (Ok(place), None) => drop(self.custom.remove(place)),
            (Err(place), Some(value)) => self.custom.insert(place, (slot, value)),
            (Err(_), None) => {}
        }
    }
}
