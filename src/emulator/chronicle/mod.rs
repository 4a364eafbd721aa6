//! What became of the members of a deal: who changed what from what, and when.
//!
//! [`World::store`] compares a deal with what it was, so no edit can be forgotten here. A deal that nobody changed keeps
//! nothing; that it was made follows from the deal itself. A deal takes its chronicle with it when it is purged.
//!
//! ```text
//! members.rs  what is compared, and how v1 names it     read.rs  the change log     flow.rs  the updates of all kinds
//! ```

mod flow;
mod members;
mod read;

use std::sync::Arc;

use serde_json::Value as Json;

use super::{
    Id,
    deal::Deal,
    second::{Second, v1},
    value::Cents,
    world::World,
};

pub(super) use read::ChronicleRead;

/// Changes are numbered from here; the making of a deal has the number of the deal, which lies below.
const FIRST: Id = 1 << 28;

/// A member that was changed, or that a deal was made with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// Unique in the company; later ones are higher, but for the making of a deal.
    id: Id,
    time: Second,
    /// Whose doing it was.
    user: Id,
    source: Source,
    change: Change,
}

/// One member and what it was and became.
#[derive(Debug, Clone, PartialEq)]
struct Change {
    /// The key of the field in v1.
    key: Arc<str>,
    /// Whether the company added the field.
    is_custom: bool,
    old: Recorded,
    new: Recorded,
}

/// A value as the logs keep it.
#[derive(Debug, Clone, PartialEq)]
enum Recorded {
    Nothing,
    Number(Id),
    Amount(Cents),
    Text(Arc<str>),
}

/// By which way a change came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// A person before a browser.
    App,
    /// A request.
    Api,
}

impl Source {
    /// Returns the name the API uses.
    fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Api => "api",
        }
    }

    /// Returns the browser; what the API tells of a program is unknown.
    fn agent(self) -> Option<&'static str> {
        match self {
            Self::App => {
                Some("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
            }
            Self::Api => None,
        }
    }
}

impl Recorded {
    /// Writes it with its own type.
    fn json(&self) -> Json {
        match self {
            Self::Nothing => Json::Null,
            Self::Number(number) => (*number).into(),
            Self::Amount(amount) => {
                serde_json::to_value(amount).expect("an amount is writable as JSON")
            }
            Self::Text(text) => (**text).into(),
        }
    }

    /// Writes it as a text, whatever it is.
    fn text(&self) -> Json {
        match self.json() {
            number @ Json::Number(_) => number.to_string().into(),
            text => text,
        }
    }
}

impl Entry {
    /// Returns the making of a deal.
    ///
    /// An inference: the log of a deal that was never changed is not empty, and this is what it can hold.
    fn making(deal: &Deal) -> Self {
        let new = Recorded::Text(v1(deal.add_time).into());
        let change =
            Change { key: "add_time".into(), is_custom: false, old: Recorded::Nothing, new };
        let source = if deal.origin == "API" { Source::Api } else { Source::App };
        Self { id: deal.id, time: deal.add_time, user: deal.creator_user_id, source, change }
    }
}

/// Returns what became of a deal, the newest first.
fn newest_first(deal: &Deal) -> impl Iterator<Item = Entry> {
    let changes = deal.chronicle.iter().flat_map(|entries| entries.iter().rev().cloned());
    changes.chain(std::iter::once(Entry::making(deal)))
}

impl World {
    /// Writes down how `deal` differs from what the world knows of it.
    pub(super) fn chronicle(&mut self, deal: &mut Deal) {
        let Some(old) = self.deals.get(&deal.id) else { return };
        let changes = members::changes(old, deal, self.custom_fields());
        if changes.is_empty() {
            return;
        }
        let (time, user) = (Second::of(self.now()), self.user());
        let source = if self.by_request { Source::Api } else { Source::App };
        let entries = Arc::make_mut(deal.chronicle.get_or_insert_default());
        for change in changes {
            entries.push(Entry { id: FIRST + self.next_change, time, user, source, change });
            self.next_change += 1;
        }
    }
}
