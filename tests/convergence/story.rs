//! One story, drawn whole from its seed before anything happens, so that parts of it can be left out.

use fastrand::Rng;
use pipedrive_mirror::{
    emulator::{Fault, Told},
    store::Policy,
};

use crate::habits::{self, CHILDREN_BUMP, Chosen, Hidden};

/// A world, a mirror, and everything that happens to both.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) seed: u64,
    pub(crate) deals: u32,
    pub(crate) source: Vec<Chosen>,
    pub(crate) mirror: Mirror,
    pub(crate) chapters: Vec<Chapter>,
}

/// What is mirrored.
#[derive(Debug, Clone)]
pub(crate) struct Mirror {
    /// When what hangs on deals is owed; `None`: it is not mirrored.
    pub(crate) children: Option<Policy>,
    pub(crate) reference: bool,
    /// Persons and organizations that no deal names, too.
    pub(crate) all_rows: bool,
}

/// One run and what comes before and meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct Chapter {
    pub(crate) before: Vec<Event>,
    /// Seconds until the run begins.
    pub(crate) wait: u64,
    /// Seconds that are read again; never less than what lists are late.
    pub(crate) overlap: u64,
    /// How many windows of a list are read side by side.
    pub(crate) in_flight: usize,
    pub(crate) run: Run,
    /// Only what is called deals.
    pub(crate) deals_only: bool,
    /// What happens before the request with this number.
    pub(crate) meanwhile: Vec<(u32, Event)>,
    pub(crate) dies: Option<Death>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    Backfill,
    Restart,
    Sync,
    Reconcile,
}

/// When the process is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// After so many jobs of the writer.
    Job(usize),
    /// When this request is about to leave, and does not.
    Request(u32),
    /// When this request was answered and the answer has not arrived.
    Answer(u32),
}

/// Something that happens. Numbers are seeds of their own, so that leaving out one event changes no other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    EditDeal(u64),
    EditRows(u64),
    EditRecord(u64),
    EditField(u64),
    /// Milliseconds pass, during a run until an answer arrives.
    Wait(u64),
    /// A month passes: what was deleted is purged.
    Month,
    /// Requests whose paths begin so meet a fault, after so many that do not.
    Fault {
        path: Option<&'static str>,
        skip: u32,
        times: u32,
        fault: Fault,
    },
    /// Cursors are refused from now on, or are not.
    RefuseCursors(bool),
    /// Lists show edits so many seconds late from now on.
    ListsLate(u64),
    /// Somebody else spends of the budget.
    OthersSpend(u64),
    /// The token is worth nothing any more; the next run has another.
    RotateToken(u64),
    /// The mirror's clock is so many seconds ahead.
    ClockAhead(i64),
}

const PATHS: [Option<&str>; 13] = [
    None,
    Some("/api/v2/deals"),
    Some("/api/v2/deals/archived"),
    Some("/api/v2/deals/products"),
    Some("/api/v2/deals/installments"),
    Some("/api/v2/deals/"),
    Some("/api/v2/dealFields"),
    Some("/api/v2/persons"),
    Some("/api/v2/organizations"),
    Some("/api/v2/products"),
    Some("/v1/deals"),
    Some("/v1/users"),
    Some("/v1/"),
];

impl Story {
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        // In most stories one run has to be enough for everything.
        let tells = rng.u8(..3) > 0;
        let source = habits::draw(&mut rng, tells);
        let late = habits::switches(&source).visible_after.as_secs();
        let mirror = Mirror {
            children: match rng.u8(..8) {
                0 | 1 => None,
                2 if !tells => Some(Policy::Counter),
                3 => Some(Policy::All),
                _ => Some(Policy::Changed),
            },
            reference: rng.u8(..3) == 0,
            all_rows: rng.u8(..4) == 0,
        };
        let deals = rng.u32(8..48);
        // Half of the stories have no faults, so that they can end without a long wait.
        let calm = rng.bool();
        let chapters = (0..rng.usize(1..5)).map(|_| Chapter::draw(&mut rng, calm, late)).collect();
        Self { seed, deals, source, mirror, chapters }
    }

    /// Of what some change may show in no list and no counter.
    pub(crate) fn hides(&self) -> Hidden {
        let has = |name: &str| self.source.iter().any(|chosen| chosen.habit.name == name);
        let rows = self.events().any(|event| matches!(event, Event::EditRows(_)));
        // By their counters alone no discount shows whose deal has the value of its lines.
        let policy = self.mirror.children == Some(Policy::Counter);
        // Nor does it show that a product was purged, and with it its name on every line.
        let purged = self.events().any(|event| *event == Event::Month);
        let hidden = policy || purged || (rows && !has(CHILDREN_BUMP));
        let least = if hidden { Hidden::Rows } else { Hidden::Nothing };
        self.source.iter().map(|chosen| chosen.habit.hides).fold(least, Hidden::max)
    }

    /// Whether something went wrong that is only tried again after days.
    pub(crate) fn leaves_waits(&self) -> bool {
        habits::switches(&self.source).daily_budget < 100_000
            || self.events().any(|event| {
                matches!(
                    event,
                    Event::Fault { .. }
                        | Event::OthersSpend(_)
                        | Event::RotateToken(_)
                        | Event::ClockAhead(_)
                        | Event::RefuseCursors(_)
                        | Event::Month
                )
            })
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.chapters.iter().flat_map(|chapter| {
            chapter.before.iter().chain(chapter.meanwhile.iter().map(|(_, event)| event))
        })
    }
}

impl Chapter {
    fn draw(rng: &mut Rng, calm: bool, late: u64) -> Self {
        let before = (0..rng.usize(..7)).map(|_| Event::draw(rng, calm, late)).collect();
        // A quiet chapter has no edits during its run, only before it.
        let most = if rng.u8(..4) > 0 { 25 } else { 1 };
        // Some runs are over after a few requests, some go on for hundreds.
        let requests = [10, 40, 160][rng.usize(..3)];
        let mut meanwhile: Vec<(u32, Event)> = (0..rng.usize(..most))
            .map(|_| (rng.u32(..requests), Event::draw(rng, calm, late)))
            .filter(|(_, event)| *event != Event::Month)
            .collect();
        meanwhile.sort_by_key(|(at, _)| *at);
        Self {
            before,
            wait: rng.u64(..90),
            overlap: (late + 5).max([1, 60, 60, 600][rng.usize(..4)]),
            in_flight: [1, 2, 3, 8][rng.usize(..4)],
            run: match rng.u8(..12) {
                0..6 => Run::Backfill,
                6..10 => Run::Sync,
                10 => Run::Restart,
                _ => Run::Reconcile,
            },
            deals_only: rng.u8(..6) == 0,
            meanwhile,
            dies: (rng.u8(..3) > 0).then(|| match rng.u8(..4) {
                0 | 1 => Death::Job(rng.usize(..4 * requests as usize)),
                2 => Death::Request(rng.u32(..requests)),
                _ => Death::Answer(rng.u32(..requests)),
            }),
        }
    }
}

impl Event {
    fn draw(rng: &mut Rng, calm: bool, late: u64) -> Self {
        // What is late is not always equally late: a later edit may show before an earlier one.
        if late > 0 && rng.u8(..5) == 0 {
            return Self::ListsLate(rng.u64(..=late));
        }
        match rng.u8(..if calm { 90 } else { 120 }) {
            0..45 => Self::EditDeal(rng.u64(..)),
            45..62 => Self::EditRows(rng.u64(..)),
            62..70 => Self::EditRecord(rng.u64(..)),
            70..76 => Self::EditField(rng.u64(..)),
            76..90 => Self::Wait(rng.u64(..1_500)),
            90..91 => Self::Month,
            91..109 => Self::Fault {
                path: PATHS[rng.usize(..PATHS.len())],
                skip: rng.u32(..4),
                times: if rng.u8(..5) == 0 { u32::MAX } else { rng.u32(1..5) },
                fault: fault(rng),
            },
            109..113 => Self::RefuseCursors(rng.bool()),
            113..115 => Self::OthersSpend(rng.u64(..2_000)),
            115..117 => Self::RotateToken(rng.u64(..)),
            _ => Self::ClockAhead(rng.i64(-200_000..200_000)),
        }
    }
}

/// Draws from the whole catalogue, but for a silence that nobody ends: only a process that is killed gets out of it.
fn fault(rng: &mut Rng) -> Fault {
    const CODES: [u16; 17] =
        [400, 401, 402, 403, 404, 405, 408, 409, 410, 415, 422, 429, 500, 502, 503, 504, 524];
    let told = [Told::Burst, Told::Daily, Told::Nothing];
    let bodies = ["", "<html>", "[]", "{}", "{\"success\":true,\"data\":{}}", "{\"data\":[{}]}"];
    match rng.u8(..17) {
        0..5 => Fault::Status {
            code: CODES[rng.usize(..CODES.len())],
            headers: Vec::new(),
            body: String::new(),
        },
        5 => Fault::TooMany(told[rng.usize(..3)]),
        6 => Fault::Html403,
        7 => Fault::Timeout,
        8 => Fault::Reset,
        9 => Fault::ShortBody,
        10 => Fault::SlowBody(std::time::Duration::from_secs(rng.u64(..50))),
        11 => Fault::InvalidJson,
        12 => Fault::NullBody,
        13 => Fault::SuccessFalse200,
        14 => Fault::DataWrongType,
        15 => Fault::RepeatCursor,
        _ if rng.bool() => Fault::TooLargeOver(rng.u32(..6)),
        _ => Fault::RawBody(bodies[rng.usize(..bodies.len())].to_owned()),
    }
}
