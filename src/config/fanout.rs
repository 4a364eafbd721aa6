//! How much is spent on what can only be asked for deal by deal.

use std::time::Duration;

/// What is mirrored of the rows that cost a request per deal, and how fast.
#[derive(Debug, Clone, PartialEq)]
pub struct Fanout {
    /// For which deals followers are asked for.
    pub followers: FanoutPolicy,
    /// For which deals discounts are asked for.
    pub discounts: FanoutPolicy,
    /// For which deals participants are asked for.
    pub participants: FanoutPolicy,
    /// The part of our own daily share that all of it may cost, 0 to 1.
    pub daily_share: f64,
    /// How old a stored set may become before it is asked for again though nothing says that it changed, 1 day to 10
    /// years.
    pub refresh_after: Duration,
}

/// For which deals an endpoint that answers for one deal is asked. Each of them includes what the one before it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FanoutPolicy {
    /// None.
    Off,
    /// Those whose counter moved, or is above 0 while nothing is stored yet.
    Counter,
    /// Also those that changed in any way.
    Changed,
    /// Also all that are open.
    Open,
    /// All.
    All,
}

impl FanoutPolicy {
    /// Every policy, the cheapest first.
    pub const ALL: [Self; 5] = [Self::Off, Self::Counter, Self::Changed, Self::Open, Self::All];

    /// Returns the name that stands in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Counter => "counter",
            Self::Changed => "changed",
            Self::Open => "open",
            Self::All => "all",
        }
    }
}
