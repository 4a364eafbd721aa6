//! Progress on stderr: bars on a terminal, a plain line now and then elsewhere.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _, Write as _},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressStyle};
use pipedrive_mirror::{
    api::Spent,
    entity::Entity,
    sync::{EntityReport, Event, Observer, Outcome},
};

/// How often a plain line is written at most.
const EVERY: Duration = Duration::from_secs(5);

/// Shows what happens.
pub(crate) struct Progress {
    bars: MultiProgress,
    style: Style,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Bars,
    Lines,
    Nothing,
}

struct State {
    /// Entities under way: one may be taken up in the middle of another.
    bars: BTreeMap<&'static str, ProgressBar>,
    began: Instant,
    said: Instant,
}

impl Progress {
    /// Shows progress above which `bars` are drawn; nothing at all when `quiet`.
    pub(crate) fn new(bars: MultiProgress, quiet: bool) -> Self {
        let style = match (quiet, io::stderr().is_terminal()) {
            (true, _) => Style::Nothing,
            (false, true) => Style::Bars,
            (false, false) => Style::Lines,
        };
        let now = Instant::now();
        Self {
            bars,
            style,
            state: Mutex::new(State { bars: BTreeMap::new(), began: now, said: now }),
        }
    }

    fn began(&self, state: &mut State, entity: &'static Entity, expected: Option<u64>, note: &str) {
        let now = Instant::now();
        (state.began, state.said) = (now, now);
        match self.style {
            Style::Bars => {
                state.bars.insert(entity.name, self.bars.add(bar(entity, expected, note)));
            }
            Style::Lines => line(&format!("{}: {note}", entity.name)),
            Style::Nothing => {}
        }
    }

    fn stored(
        &self,
        state: &mut State,
        entity: &'static Entity,
        so_far: &EntityReport,
        spent: Spent,
    ) {
        if let Some(bar) = state.bars.get(entity.name) {
            bar.set_position(so_far.seen);
            bar.set_message(format!(
                "{} pages · cost {} so far",
                so_far.pages,
                HumanCount(spent.cost)
            ));
        } else if self.style == Style::Lines && state.said.elapsed() >= EVERY {
            state.said = Instant::now();
            let seconds = state.began.elapsed().as_secs().max(1);
            line(&format!(
                "{}: {} rows in {} pages, {} rows a second, cost {} so far, {seconds} s",
                entity.name,
                HumanCount(so_far.seen),
                so_far.pages,
                HumanCount(so_far.seen / seconds),
                HumanCount(spent.cost),
            ));
        }
    }

    fn ended(&self, state: &mut State, report: &EntityReport) {
        let words = match report.outcome {
            Outcome::Complete => {
                format!("{} rows, {} stored", HumanCount(report.seen), HumanCount(report.written))
            }
            Outcome::Stopped => "stopped; the next run goes on here".to_owned(),
            other => format!(
                "{}, after {} rows",
                other.name().replace('_', " "),
                HumanCount(report.seen)
            ),
        };
        if let Some(bar) = state.bars.remove(report.entity) {
            bar.finish_and_clear();
        }
        match self.style {
            Style::Bars => self.bars.suspend(|| line(&format!("{:<16} {words}", report.entity))),
            Style::Lines => line(&format!("{}: {words}", report.entity)),
            Style::Nothing => {}
        }
    }
}

impl Observer for Progress {
    fn notice(&self, event: &Event<'_>) {
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Began { entity, resumed, first, expected } => {
                let note = match (first, resumed) {
                    (true, true) => "going on with the first pass",
                    (true, false) => "first pass",
                    (false, _) => "what changed",
                };
                self.began(state, entity, *expected, note);
            }
            Event::Stored { entity, so_far, spent, .. } => {
                self.stored(state, entity, so_far, *spent)
            }
            Event::Ended { report } => self.ended(state, report),
            Event::Renewed { rows }
                if self.style == Style::Lines && state.said.elapsed() >= EVERY =>
            {
                state.said = Instant::now();
                line(&format!("filling new columns from stored text: {} rows", HumanCount(*rows)));
            }
            _ => {}
        }
    }
}

fn bar(entity: &Entity, expected: Option<u64>, note: &str) -> ProgressBar {
    let (bar, template) = match expected {
        Some(rows) => (
            ProgressBar::new(rows),
            "{prefix:16} {bar:24} {human_pos}/{human_len} rows · {per_sec} · {msg} · {elapsed}, {eta} left",
        ),
        None => (
            ProgressBar::new_spinner(),
            "{prefix:16} {spinner} {human_pos} rows · {per_sec} · {msg} · {elapsed}",
        ),
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = bar.with_style(style).with_prefix(entity.name).with_message(note.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Writes a line to stderr; nobody can be told if that fails.
fn line(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
