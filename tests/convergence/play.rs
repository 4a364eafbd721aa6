//! Plays a story: what happens happens, the mirror's runs run and die, and in the end one clean run has to be enough.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use jiff::SignedDuration;
use pipedrive_mirror::{
    emulator::{
        Counters, Emulator, FaultRule, InstallmentPages, Installments, OptionalMembers, Switches,
        TOKEN,
    },
    entity::ENTITIES,
    schedule::Schedule,
    seams::{Request, TransportError},
    store::Policy,
    sync::{Mode, Outcome, Report},
};

use rusqlite::Connection;

use crate::{
    common::{BACKFILL, RECONCILE, Sim, attached, reference, skew::Skewed, truth},
    fields,
    habits::{self, Hidden},
    story::{Chapter, Death, Event, Run, Story},
    watch::Watch,
};

const RESTART: Mode = Mode::Backfill { since: None, restart: true };

/// After this long whatever had to wait is tried again: a plan's refusal is believed for a week.
const EIGHT_DAYS: u64 = 8 * 24 * 3_600;

/// More jobs of the writer than any run of a story has.
const NEVER: usize = 10_000;

/// Plays `story`.
///
/// # Panics
///
/// If the mirror breaks a promise on the way, or differs from the source at the end.
pub(crate) fn play(story: &Story) {
    let mut sim = begin(story);
    // The file is made, and nothing more.
    drop(sim.store());
    let watch = Arc::new(Mutex::new(watch(story, &sim)));
    for chapter in &story.chapters {
        play_chapter(chapter, &mut sim, &watch);
    }
    let report = run_clean(story, &mut sim, &watch);
    watch.lock().unwrap().end();
    let found = differences(story, &sim, story.hides());
    assert!(found.is_empty(), "the mirror differs:\n{}\n{report:?}", found.join("\n"));
    if story.hides() == Hidden::Nothing {
        assert_quiet(story, &sim);
    } else {
        repair(story, &mut sim);
    }
}

/// Reads everything again. What a source never tells, such as counters that it leaves out, it has to tell by then.
fn repair(story: &Story, sim: &mut Sim) {
    sim.emulator.switch(|switches| {
        switches.counters = Counters::Current;
        switches.optional_members = OptionalMembers::OnRequest;
        switches.installment_pages = InstallmentPages::Always;
    });
    // A discount that no value shows is asked for by this policy only.
    if story.mirror.children == Some(Policy::Counter) {
        sim.children = Some(Policy::All);
    }
    sim.entities = ENTITIES.iter().map(|entity| entity.name).collect();
    for mode in [RESTART, RECONCILE] {
        let report = sim.run(&mode);
        assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    }
    let found = differences(story, sim, Hidden::Nothing);
    assert!(found.is_empty(), "all was read again, and the mirror differs:\n{}", found.join("\n"));
}

fn begin(story: &Story) -> Sim {
    let switches = habits::switches(&story.source);
    let mut sim = Sim::with(story.deals, story.seed, switches).in_memory();
    sim.children = story.mirror.children;
    sim.reference = story.mirror.reference;
    sim.all_rows = story.mirror.all_rows;
    // A weekly walk by id would mend what a run should not have left.
    sim.reconcile_at = Some(Schedule::parse("0 0 0 1 1 *").unwrap());
    sim
}

fn play_chapter(chapter: &Chapter, sim: &mut Sim, watch: &Arc<Mutex<Watch>>) {
    let hands = Hands::of(sim);
    for event in &chapter.before {
        hands.lay_on(event);
    }
    // Nobody sets a clock in the two seconds between two runs, which only a clock could tell from two days.
    let set = chapter.before.iter().any(|event| matches!(event, Event::ClockAhead(_)));
    sim.advance(if set { chapter.wait.max(3) } else { chapter.wait });
    sim.overlap = Duration::from_secs(chapter.overlap);
    sim.in_flight = chapter.in_flight;
    sim.entities = if chapter.deals_only { vec!["deals"] } else { Vec::new() };
    let token = Arc::clone(&hands.token);
    sim.token = token.lock().unwrap().clone();
    watch.lock().unwrap().begin_run();
    let dead = Arc::new(AtomicBool::new(false));
    meddle(sim, chapter, hands, watch, &dead);
    let mode = match chapter.run {
        Run::Backfill => BACKFILL,
        Run::Restart => RESTART,
        Run::Sync => Mode::Sync,
        Run::Reconcile => RECONCILE,
    };
    let last = match chapter.dies {
        Some(Death::Job(job)) => job,
        _ => usize::MAX,
    };
    let mut seen = 0;
    // How it ends does not matter here, if only it ends.
    drop(sim.run_while(&mode, &mut |jobs| {
        if jobs > seen {
            seen = jobs;
            watch.lock().unwrap().look();
        }
        assert!(jobs < NEVER, "it does not end");
        jobs < last && !dead.load(Ordering::Relaxed)
    }));
    sim.token = token.lock().unwrap().clone();
    sim.leave_alone();
    sim.cut_off.store(false, Ordering::Relaxed);
    sim.emulator.clear_faults();
    sim.emulator.switch(|switches| switches.cursor_uses = None);
}

fn watch(story: &Story, sim: &Sim) -> Watch {
    let hides = story.hides();
    let switches = habits::switches(&story.source);
    let sees_all = hides < Hidden::Deals;
    let rows = hides == Hidden::Nothing
        && story.mirror.children.is_some()
        && installments_are_had(&switches);
    let at_once = switches.visible_after.is_zero();
    Watch::new(sim, sees_all, at_once, rows)
}

/// Lets everything of `chapter` happen that happens during its run.
fn meddle(
    sim: &Sim,
    chapter: &Chapter,
    hands: Hands,
    watch: &Arc<Mutex<Watch>>,
    dead: &Arc<AtomicBool>,
) {
    let sent = Arc::new(AtomicU32::new(0));
    let mut events = chapter.meanwhile.clone().into_iter().peekable();
    let (dies, now_dead, now_sent) = (chapter.dies, Arc::clone(dead), Arc::clone(&sent));
    let (watch, booked) = (Arc::clone(watch), Arc::clone(watch));
    let (clock, cut_off) = (sim.clock.clone(), Arc::clone(&sim.cut_off));
    let takes = Arc::new(AtomicU64::new(0));
    let now_takes = Arc::clone(&takes);
    sim.meddle(move |request: &Request| {
        let number = now_sent.fetch_add(1, Ordering::Relaxed);
        while let Some((_, event)) = events.next_if(|(at, _)| *at <= number) {
            match event {
                // It is the answer that is long on its way: no client can know when a request arrives.
                Event::Wait(millis) => drop(now_takes.fetch_add(millis, Ordering::Relaxed)),
                event => hands.lay_on(&event),
            }
        }
        watch.lock().unwrap().sees(request);
        if dies == Some(Death::Request(number)) {
            now_dead.store(true, Ordering::Relaxed);
            cut_off.store(true, Ordering::Relaxed);
        }
    });
    let now_dead = Arc::clone(dead);
    sim.distort(move |_, answer| {
        booked.lock().unwrap().assert_booked();
        clock.advance(Duration::from_millis(takes.swap(0, Ordering::Relaxed)));
        let number = sent.load(Ordering::Relaxed);
        if matches!(dies, Some(Death::Answer(last)) if last < number) {
            now_dead.store(true, Ordering::Relaxed);
        }
        // The dead hear nothing.
        if now_dead.load(Ordering::Relaxed) {
            return Err(TransportError::Interrupted { reason: "nobody is there".to_owned() });
        }
        answer
    });
}

/// What makes events happen.
#[derive(Clone)]
struct Hands {
    emulator: Emulator,
    clock: pipedrive_mirror::clock::VirtualClock,
    mirror_clock: Skewed,
    token: Arc<Mutex<String>>,
}

impl Hands {
    fn of(sim: &Sim) -> Self {
        Self {
            emulator: sim.emulator.clone(),
            clock: sim.clock.clone(),
            mirror_clock: sim.mirror_clock.clone(),
            token: Arc::new(Mutex::new(sim.token.clone())),
        }
    }

    fn lay_on(&self, event: &Event) {
        let rng = |seed: &u64| Rng::with_seed(*seed);
        match event {
            Event::EditDeal(seed) => drop(self.emulator.world().random_edit(&mut rng(seed))),
            Event::EditRows(seed) => drop(self.emulator.world().random_child_edit(&mut rng(seed))),
            Event::EditRecord(seed) => reference::random_edit(&self.emulator, &mut rng(seed)),
            Event::EditField(seed) => fields::edit(&mut self.emulator.world(), &mut rng(seed)),
            Event::Wait(millis) => self.clock.advance(Duration::from_millis(*millis)),
            Event::Month => self.clock.advance(Duration::from_secs(31 * 24 * 3_600)),
            Event::Fault { path, skip, times, fault } => self.emulator.fault(FaultRule {
                path: path.map(str::to_owned),
                skip: *skip,
                times: *times,
                fault: fault.clone(),
            }),
            Event::RefuseCursors(refused) => {
                self.emulator.switch(|switches| switches.cursor_uses = refused.then_some(0));
            }
            Event::ListsLate(seconds) => {
                let late = Duration::from_secs(*seconds);
                self.emulator.switch(|switches| switches.visible_after = late);
            }
            Event::OthersSpend(cost) => self.emulator.spend_elsewhere(*cost),
            Event::RotateToken(seed) => {
                let token = TOKEN.replace('0', &(seed % 8 + 1).to_string());
                self.emulator.set_tokens([token.clone()]);
                *self.token.lock().unwrap() = token;
            }
            Event::ClockAhead(seconds) => {
                self.mirror_clock.set_ahead(SignedDuration::from_secs(*seconds));
            }
        }
    }
}

/// One run in which nothing goes wrong, when whatever had to wait may be tried again.
fn run_clean(story: &Story, sim: &mut Sim, watch: &Mutex<Watch>) -> Report {
    let switches = habits::switches(&story.source);
    let lag = match switches.counters {
        Counters::Late(lag) => lag,
        _ => Duration::ZERO,
    };
    let late = switches.visible_after.max(switches.children_visible_after).max(lag).as_secs();
    // Where nothing has to wait, it is as if a person named everything.
    let wait = if story.leaves_waits() { EIGHT_DAYS } else { late + 5 };
    sim.entities = if story.leaves_waits() {
        Vec::new()
    } else {
        ENTITIES.iter().map(|entity| entity.name).collect()
    };
    sim.mirror_clock.set_ahead(SignedDuration::ZERO);
    sim.emulator.switch(|switches| switches.daily_budget = Switches::default().daily_budget);
    sim.advance(wait);
    sim.overlap = Duration::from_secs(60 + late);
    let mut watch = watch.lock().unwrap();
    watch.begin_run();
    let mut seen = 0;
    let report = sim.run_while(&Mode::Sync, &mut |jobs| {
        if jobs > seen {
            seen = jobs;
            watch.look();
        }
        assert!(jobs < NEVER, "it does not end");
        true
    });
    let report = report.expect("nobody ends it");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    report
}

fn installments_are_had(switches: &Switches) -> bool {
    matches!(switches.installments, Installments::There)
}

/// Returns what of the mirror differs from the source, but for what may be hidden from it.
fn differences(story: &Story, sim: &Sim, hidden: Hidden) -> Vec<String> {
    let mirror = sim.connection();
    let mut found = truth::differences(&mirror, &sim.emulator);
    match hidden {
        Hidden::Nothing => {}
        // Members of a deal follow from what hangs on it.
        Hidden::Rows => found.retain(|what| PRESENCE.iter().any(|words| what.ends_with(words))),
        Hidden::Deals => found.clear(),
    }
    found.extend(fields::differences(sim));
    if sim.reference {
        found.extend(reference::differences(&mirror, &sim.emulator, sim.all_rows));
    }
    if sim.children.is_some() && hidden == Hidden::Nothing {
        found.extend(attached::differences(&mirror, &sim.emulator, &[]));
        if !installments_are_had(&habits::switches(&story.source)) {
            found.retain(|what| !what.starts_with("deal_installments"));
        }
        let told = told_of(&mirror);
        found.retain(|what| !told.iter().any(|set| what.starts_with(set.as_str())));
    }
    found
}

/// How a difference ends that is about whether a deal is there at all.
const PRESENCE: [&str; 3] = ["is missing", "is not in the source", "it has a tombstone"];

/// Sets of archived deals that came empty, which nothing confirms: they are kept, and the mirror tells which they are.
fn told_of(mirror: &Connection) -> Vec<String> {
    let sql = "SELECT kind || ': deal ' || s.id || ' ' FROM sync_due s JOIN deals d ON d.id = s.id
               WHERE d.is_archived = 1 AND s.error LIKE '%which nothing confirms%'";
    let mut query = mirror.prepare(sql).unwrap();
    let sets = query.query_map([], |row| row.get(0)).unwrap();
    sets.map(Result::unwrap).collect()
}

/// Nothing changes any more, so nothing is written, and nothing is owed but what the mirror tells of.
fn assert_quiet(story: &Story, sim: &Sim) {
    sim.sync();
    let quiet = sim.sync();
    let written: u64 = quiet.entities.iter().map(|entity| entity.written).sum();
    assert_eq!((quiet.outcome(), written), (Outcome::Complete, 0), "{quiet:?}");
    let owed = "SELECT count(*) FROM sync_due
                WHERE error IS NULL
                AND substr(kind, 1, 9) <> 'presence_'";
    // What a plan lacks is owed until it has it, and absences are a reconcile's affair.
    let had = installments_are_had(&habits::switches(&story.source));
    let owed =
        if had { owed.to_owned() } else { format!("{owed} AND kind <> 'deal_installments'") };
    assert_eq!(
        sim.number(&owed),
        0,
        "{:?}",
        sim.text(
            "SELECT group_concat(kind || ' ' || id || coalesce(' ' || error, '')) FROM sync_due"
        )
    );
}
