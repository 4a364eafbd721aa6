//! Months without being looked at: what is due, what waits, and how it ends.
//!
//! Properties upheld here:
//! - one run at a time; a tick during a run makes one more run, however many there were;
//! - a list that fails waits by itself and holds up no other;
//! - what keeps everything from being mirrored (no network, no budget, a full disk, a refused token) is waited out, and
//!   only a file that is lost or replaced, or the wrong company's token at the beginning, ends the daemon;
//! - new orders are taken between two runs; a run that is under way is ended in good order for them, and gone on with.
//!
//! ```text
//! bell      the scheduler: rings at every tick, carries nothing     rota   what is due, what waits; pure
//! keeper    one run after the other                                 pulse  what it is doing, for whoever looks
//! trouble   what a run ended by -> wait, and how long; or end
//! ```

mod bell;
mod keeper;
mod pulse;
mod rota;
mod trouble;

use std::sync::Arc;

pub use bell::{Bell, BellError, Ringer};
pub use keeper::{Daemon, Ended, Parts};
pub use pulse::{Live, Phase, Pulse, Trouble};

use crate::{
    api::Options,
    id::ApiToken,
    seams::Transport,
    sync::{Settings, Wanted},
};

/// What a daemon goes by; it may change while it runs.
pub struct Orders {
    /// The way to the source.
    pub transport: Arc<dyn Transport>,
    /// The token.
    pub token: ApiToken,
    /// How requests are limited.
    pub options: Options,
    /// How a run goes about it.
    pub settings: Settings,
    /// What is mirrored, and when it is due.
    pub wanted: Vec<Wanted>,
}

/// Gives orders.
pub trait Commander: Send {
    /// Returns new orders if there are any since the last call; `refused`: the token in use is refused, so another one,
    /// wherever it comes from, is one. Called every few seconds; it may read a small file.
    fn orders(&mut self, refused: bool) -> Option<Orders>;
}

/// Watches over the daemon: what systemd is to a service.
pub trait Supervisor: Send + Sync {
    /// Is told every few seconds that the loop is alive.
    fn alive(&self);

    /// Is told what it is doing, in a few words.
    fn doing(&self, words: &str);
}

/// Watches over nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unsupervised;

impl Supervisor for Unsupervised {
    fn alive(&self) {}

    fn doing(&self, _words: &str) {}
}
