//! What needs a person, in words.

use super::Status;
use crate::{entity::instant, sync::accepting};

/// A log larger than this is kept by a reader who does not let go: it is written back every 10,000 pages (40 MiB).
pub const LARGE_WAL: u64 = 512 << 20;

/// Something that does not pass by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    /// What it is about, for a program.
    pub reason: Reason,
    /// What it is and what to do about it, as a sentence. It names no customer.
    pub text: String,
}

/// What a person is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The source refuses the token.
    TokenRefused,
    /// The source's CDN blocks this address.
    AddressBlocked,
    /// The write-ahead log grows, as somebody keeps on reading.
    LargeWal,
    /// More rows are gone than a reconcile takes by itself.
    Reconcile,
}

impl Reason {
    /// Every reason there is.
    pub const ALL: [Self; 4] =
        [Self::TokenRefused, Self::AddressBlocked, Self::LargeWal, Self::Reconcile];

    /// Returns the name that stands in JSON and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TokenRefused => "token_refused",
            Self::AddressBlocked => "address_blocked",
            Self::LargeWal => "large_wal",
            Self::Reconcile => "reconcile",
        }
    }
}

impl Status {
    /// Returns what needs a person, the most urgent first.
    pub fn attention(&self) -> Vec<Attention> {
        let mut found = Vec::new();
        if let Some(since) = self.token_refused_since {
            found.push(Attention {
                reason: Reason::TokenRefused,
                text: format!(
                    "the source refuses the API token since {}; put a valid one in its place. A daemon reads \
                     pipedrive.api_token_file again by itself; one that systemd gave a copy has to be started again",
                    instant::text(since)
                ),
            });
        }
        if let Some(until) = self.blocked_until {
            found.push(Attention {
                reason: Reason::AddressBlocked,
                text: format!(
                    "the source's CDN blocks this address; nothing is sent before {}; if it comes back, look for another \
                     program that uses the token without heeding its limits",
                    instant::text(until)
                ),
            });
        }
        if self.wal_bytes > LARGE_WAL {
            found.push(Attention {
                reason: Reason::LargeWal,
                text: format!(
                    "the write-ahead log has grown to {} MiB, as a program keeps a long transaction open on the database; \
                     end it, and the log is written back",
                    self.wal_bytes >> 20
                ),
            });
        }
        for (table, count) in self.absent() {
            found.push(Attention {
                reason: Reason::Reconcile,
                text: format!(
                    "{count} {table} are gone from the source, more than a reconcile takes by itself; if that is right, \
                     `{}` takes them",
                    accepting(table, count)
                ),
            });
        }
        found
    }

    /// Returns the tables of which rows are known to be gone and wait for a person, and how many.
    fn absent(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let waiting = self.reconciles.under_way.is_none();
        self.reconciles.absent.iter().copied().filter(move |_| waiting)
    }
}
