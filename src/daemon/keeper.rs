//! The loop: one run after the other, for as long as nobody says stop.

use std::{path::PathBuf, pin::pin, sync::Arc, time::Duration};

use futures_util::future::{self, Either};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    Bell, Commander, Orders, Phase, Pulse, Supervisor, Trouble,
    rota::{Moment, Post, Went, after, until},
    trouble::{Lasting, Remedy, remedy},
};
use crate::{
    api::{Client, Meter, Options},
    entity,
    schedule::Schedule,
    seams::Clock,
    status::{LARGE_WAL, wal_bytes},
    store::{StoreError, StoreLedger, Writer},
    sync::{Engine, Fault, Mode, Observer, Outcome, Report, Take, Wanted},
};

/// How long the loop sleeps at most. It finds what the bell cannot: a clock that jumped, a machine that slept, a file that
/// was replaced, a token that was rotated.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What a daemon is made of, and keeps whatever its orders.
pub struct Parts {
    /// The canonical path of the database.
    pub path: PathBuf,
    /// Hands work to the thread that writes.
    pub writer: Writer,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Ends it in good order.
    pub stop: CancellationToken,
    /// What wakes it.
    pub bell: Arc<Bell>,
    /// What it says of itself.
    pub pulse: Arc<Pulse>,
    /// Who is told what happens in a run.
    pub observer: Arc<dyn Observer>,
    /// Who counts the requests.
    pub meter: Arc<dyn Meter>,
    /// Who watches over it.
    pub supervisor: Arc<dyn Supervisor>,
}

/// How a daemon ended.
#[derive(Debug)]
pub enum Ended {
    /// It was told to.
    Stopped,
    /// Nothing can be done any more.
    Fault(Fault),
}

/// Keeps a mirror fresh.
pub struct Daemon<C> {
    parts: Parts,
    commander: C,
    engine: Engine,
    /// Ends the run under way.
    halt: CancellationToken,
    wanted: Vec<Wanted>,
    posts: Vec<Post>,
    trouble: Option<Lasting>,
    /// Whether no run went well yet.
    first: bool,
    /// Orders that came during a run.
    pending: Option<Orders>,
    /// Whether it was said that the log is large.
    said_large: bool,
}

impl<C: Commander> Daemon<C> {
    /// Makes a daemon that goes by `orders` until `commander` has others.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn new(parts: Parts, commander: C, orders: Orders) -> Result<Self, StoreError> {
        let halt = parts.stop.child_token();
        let known = Known::read(&parts.writer, &orders).await?;
        let (engine, posts, wanted) = take_up(&parts, &halt, orders, known);
        Ok(Self {
            parts,
            commander,
            engine,
            halt,
            wanted,
            posts,
            trouble: None,
            first: true,
            pending: None,
            said_large: false,
        })
    }

    /// Keeps the mirror fresh until it is told to stop, or nothing can be done any more.
    pub async fn run(mut self) -> Ended {
        let ended = loop {
            if self.parts.stop.is_cancelled() {
                break Ended::Stopped;
            }
            if let Err(fault) = self.turn().await
                && let Err(fault) = self.settle(Some(fault), false)
            {
                break Ended::Fault(fault);
            }
        };
        self.parts.pulse.change(|live| live.phase = Phase::Stopping);
        ended
    }

    /// Does what is to be done now, and waits until there may be more.
    async fn turn(&mut self) -> Result<(), Fault> {
        self.beat();
        // A file that was moved away is noticed while nothing is written, too.
        match self.parts.writer.run(|store| store.check_file()).await {
            Err(error) if error.is_final() => return Err(error.into()),
            _ => {}
        }
        self.look_at_log();
        self.look_for_orders();
        let at = self.moment();
        if let Some(wait) = self.trouble.as_ref().and_then(|trouble| trouble.rests(at)) {
            self.rest(wait, Phase::Waiting { until: after(at.now, wait) }).await;
            return Ok(());
        }
        self.take_orders().await?;
        if self.posts.iter().any(|post| post.is_due(at)) {
            return self.work(at).await;
        }
        let wait = self.posts.iter().filter_map(|post| post.waits(at)).min();
        let next = wait.map(|wait| after(at.now, wait));
        self.rest(wait.unwrap_or(HEARTBEAT), Phase::Idle { next }).await;
        Ok(())
    }

    /// Waits for `wait`, or until something rings; no longer than a heartbeat.
    async fn rest(&self, wait: Duration, phase: Phase) {
        self.show(phase);
        let Parts { clock, stop, bell, .. } = &self.parts;
        let (rung, slept) = (pin!(bell.rung()), clock.sleep(wait.min(HEARTBEAT)));
        stop.run_until_cancelled(future::select(rung, slept)).await;
    }

    /// Carries out one run over what is due.
    async fn work(&mut self, began: Moment) -> Result<(), Fault> {
        let due: Vec<bool> = self.posts.iter().map(|post| post.is_due(began)).collect();
        let wanted = self.wanted_now(&due);
        let before = self.completions().await?;
        // What may take days does not hold up what is due next.
        let next = self.posts.iter().filter_map(|post| post.schedule.next_after(began.now)).min();
        self.engine.put_trickle_off(next.map(|next| began.elapsed + until(next, began.now)));
        self.show(Phase::Running { since: began.now });
        let report = self.mirror(&wanted).await;
        let after = self.completions().await;
        let at = self.moment();
        if let Ok(after) = &after {
            for (place, post) in self.posts.iter_mut().enumerate().filter(|(place, _)| due[*place])
            {
                post.note(went(post, &report, before[place] != after[place]), began, at);
            }
        }
        self.settle(report.fault.or_else(|| after.err().map(Fault::from)), report.stopped)?;
        // Orders that came meanwhile are not kept waiting by what happened under the old ones.
        if let (Some(_), Some(trouble)) = (&self.pending, &mut self.trouble) {
            trouble.try_now();
        }
        self.show_waiting();
        Ok(())
    }

    /// Carries out one run, and, now and then after one that went well, a comparison with the source; shows all the while
    /// that the loop is alive.
    async fn mirror(&mut self, wanted: &[Wanted]) -> Report {
        let (engine, all) = (&self.engine, &self.wanted);
        let mut run = pin!(async {
            let mut report = engine.run(&Mode::Daemon, wanted).await;
            if report.outcome() == Outcome::Complete
                && let Some(verified) = engine.verify_when_due(all).await
            {
                report.fault = verified.report.fault;
                report.stopped = verified.report.stopped;
            }
            report
        });
        loop {
            let beat = self.parts.clock.sleep(HEARTBEAT);
            match future::select(run, beat).await {
                Either::Left((report, _)) => return report,
                Either::Right(((), still)) => run = still,
            }
            beat_of(&self.parts);
            if self.pending.is_none() {
                self.pending = self.commander.orders(false);
                if self.pending.is_some() {
                    self.halt.cancel();
                }
            }
        }
    }

    /// Draws the consequences of how a run ended.
    fn settle(&mut self, fault: Option<Fault>, stopped: bool) -> Result<(), Fault> {
        let at = self.moment();
        let Some(fault) = fault else {
            if !stopped {
                self.first = false;
                if let Some(over) = self.trouble.take() {
                    let lasted = at.now.duration_since(over.since).as_secs();
                    info!("Mirroring goes on after {lasted} s of trouble");
                }
                self.parts.pulse.change(|live| live.trouble = None);
            }
            return Ok(());
        };
        let remedy = remedy(&fault, self.engine.server_now(), self.first);
        if remedy == Remedy::End {
            error!("The daemon ends: {fault}");
            return Err(fault);
        }
        let lasting = Lasting::noted(self.trouble.take(), remedy, &fault, at.now, at.elapsed);
        let shown = Trouble { since: lasting.since, text: lasting.text.clone() };
        self.parts.pulse.change(|live| live.trouble = Some(shown));
        self.trouble = Some(lasting);
        Ok(())
    }

    /// Asks whether there are new orders. Whatever was in the way may not be any more with them, so nothing is waited for;
    /// what is spent or blocked stays so, and the gate knows.
    fn look_for_orders(&mut self) {
        let refused = self.trouble.as_ref().is_some_and(Lasting::is_for_a_token);
        if let Some(orders) = self.commander.orders(refused) {
            self.pending = Some(orders);
            if let Some(trouble) = &mut self.trouble {
                trouble.try_now();
            }
        }
    }

    /// Goes by new orders, if there are any. Those that cannot be taken up now are kept.
    async fn take_orders(&mut self) -> Result<(), Fault> {
        let Some(orders) = &self.pending else { return Ok(()) };
        let known = Known::read(&self.parts.writer, orders).await?;
        let Some(orders) = self.pending.take() else { return Ok(()) };
        self.halt = self.parts.stop.child_token();
        (self.engine, self.posts, self.wanted) = take_up(&self.parts, &self.halt, orders, known);
        self.show_waiting();
        info!("Going by new orders from now on");
        Ok(())
    }

    /// Returns what a run takes up: the lists that are due, and whatever is owed.
    fn wanted_now(&self, due: &[bool]) -> Vec<Wanted> {
        let is_due = |wanted: &Wanted| {
            self.posts.iter().zip(due).any(|(post, due)| *due && post.entity == wanted.entity.name)
        };
        let take = |wanted: &Wanted| if is_due(wanted) { Take::Now } else { Take::NotNow };
        self.wanted.iter().map(|wanted| Wanted { take: take(wanted), ..wanted.clone() }).collect()
    }

    /// Returns when the last complete pass of each post began.
    async fn completions(&self) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let names = self.posts.iter().map(|post| post.entity).collect();
        completions(&self.parts.writer, names).await
    }

    fn look_at_log(&mut self) {
        let bytes = wal_bytes(&self.parts.path);
        let large = bytes > LARGE_WAL;
        if large && !self.said_large {
            warn!(
                "The write-ahead log has grown to {} MiB, as a program keeps a long transaction open on the database",
                bytes >> 20
            );
        }
        self.said_large = large;
    }

    fn moment(&self) -> Moment {
        Moment { now: self.parts.clock.now(), elapsed: self.parts.clock.elapsed() }
    }

    fn beat(&self) {
        beat_of(&self.parts);
    }

    fn show(&self, phase: Phase) {
        self.parts.pulse.change(|live| live.phase = phase);
        self.parts.supervisor.doing(&phase.in_words());
    }

    fn show_waiting(&self) {
        let at = self.moment();
        let waiting = self
            .posts
            .iter()
            .filter_map(|post| Some((post.entity, after(at.now, post.rests(at)?))))
            .collect();
        self.parts.pulse.change(|live| live.waiting = waiting);
    }
}

fn beat_of(parts: &Parts) {
    let elapsed = parts.clock.elapsed();
    parts.pulse.change(|live| live.beat = Some(elapsed));
    parts.supervisor.alive();
}

/// What the database says to new orders.
struct Known {
    /// The number of the next request.
    first_observed: u64,
    /// When the last complete pass of each scheduled list began.
    last: Vec<Option<Timestamp>>,
}

impl Known {
    async fn read(writer: &Writer, orders: &Orders) -> Result<Self, StoreError> {
        let names = scheduled(&orders.wanted).map(|(name, _)| name).collect();
        let first_observed = writer.run(|store| store.next_observed()).await?;
        Ok(Self { first_observed, last: completions(writer, names).await? })
    }
}

/// Makes an engine that goes by `orders`, and the posts that it is woken for.
fn take_up(
    parts: &Parts,
    halt: &CancellationToken,
    orders: Orders,
    known: Known,
) -> (Engine, Vec<Post>, Vec<Wanted>) {
    let Orders { transport, token, options, settings, wanted } = orders;
    let options = Options { first_observed: known.first_observed, ..options };
    let ledger = Arc::new(StoreLedger(parts.writer.clone()));
    let client = Client::new(transport, Arc::clone(&parts.clock), ledger, token, &options)
        .metered(Arc::clone(&parts.meter));
    let engine = Engine::new(
        client,
        parts.writer.clone(),
        Arc::clone(&parts.clock),
        halt.clone(),
        Arc::clone(&parts.observer),
        settings,
    );
    let posts = scheduled(&wanted).zip(known.last);
    let posts = posts.map(|((name, schedule), last)| Post::new(name, schedule.clone(), last));
    (engine, posts.collect(), wanted)
}

/// Returns the lists that have a schedule.
fn scheduled(wanted: &[Wanted]) -> impl Iterator<Item = (&'static str, &Schedule)> {
    wanted.iter().filter_map(|wanted| Some((wanted.entity.name, wanted.schedule.as_ref()?)))
}

async fn completions(
    writer: &Writer,
    names: Vec<&'static str>,
) -> Result<Vec<Option<Timestamp>>, StoreError> {
    let look = move |store: &mut crate::store::Store| {
        let known = names.iter().filter_map(|name| entity::find(name));
        known
            .map(|entity| Ok(store.checkpoint(entity)?.and_then(|stored| stored.complete_began_at)))
            .collect()
    };
    writer.run(look).await
}

/// Returns how a run dealt with a post that was due; `moved`: a pass of it was completed.
fn went(post: &Post, report: &Report, moved: bool) -> Went {
    let outcome = report.entities.iter().find(|one| one.entity == post.entity);
    match outcome.map(|one| one.outcome) {
        _ if moved => Went::Well,
        Some(Outcome::Complete) => Went::Well,
        Some(Outcome::Skipped) => Went::Excluded,
        _ if report.stopped || report.fault.is_some() => Went::Unreached,
        _ => Went::Badly,
    }
}
