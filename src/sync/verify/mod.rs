//! Proof that the mirror equals the source: its own figures, rows and sets against what the source says now.
//!
//! Properties upheld here:
//! - nothing that is mirrored is changed by looking, but by the `sync` that comes before: what is stale is no difference;
//! - a difference counts only if it stands after a `sync`, twice, and the row did not move meanwhile;
//! - what could not be compared is said: without it nothing is called equal.

mod children;
mod deep;
mod rolling;
mod totals;

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{Engine, Fault, Mode, Outcome, Report, Take, Wanted, forecast};
use crate::{
    entity::{self, Entity, instant},
    exit::Exit,
    store::{Certificate, ChildRule, Difference, Found, Mended, Store},
};

pub use children::Share;

/// How often what differs is synced and looked at again before it counts.
const LOOKS: u32 = 2;

/// What is compared. What the mirror itself tells always is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Proof {
    /// Count and value of live deals by status and pipeline, in each currency.
    pub totals: bool,
    /// Every row of both lists of deals: id, change time, counters, whether it is archived or deleted.
    pub deep: bool,
    /// With `deep`: every column and the exact text.
    pub rows: bool,
    /// What hangs on deals.
    pub children: Option<Share>,
    /// Make good what differs: at once where that costs nothing, else by the next `sync`.
    pub repair: bool,
}

/// What a comparison came to.
#[derive(Debug)]
pub struct Verified {
    /// What was asked and spent, the `sync` that comes first included.
    pub report: Report,
    /// What is not as it should be, in order.
    pub differences: Vec<Difference>,
    /// What could not be compared, and why.
    pub left_out: Vec<String>,
    /// What was written into `sync_certificates`; `None` if it did not come that far.
    pub certificate: Option<Certificate>,
    /// What was done about the differences, and what the next `sync` costs more at most.
    pub mended: Option<(Mended, u64)>,
}

/// A comparison under way.
struct Comparing<'e> {
    engine: &'e Engine,
    proof: Proof,
    /// The lists of deals.
    lists: Vec<Wanted>,
    report: Report,
    found: BTreeMap<(&'static str, String), Difference>,
    left_out: Vec<String>,
    compared: Vec<&'static str>,
    rows: u64,
    /// When the last `sync` began.
    synced: Timestamp,
}

impl Engine {
    /// Compares the mirror with the source as `proof` says, after a `sync` of what is `wanted`.
    pub async fn verify(&self, proof: Proof, wanted: &[Wanted]) -> Verified {
        let began = self.server_now();
        let lists = wanted.iter().filter(|wanted| wanted.entity.has_floor());
        let lists = lists.map(|one| Wanted { take: Take::Named, ..one.clone() }).collect();
        let mut comparing = Comparing {
            engine: self,
            proof,
            lists,
            report: Report::default(),
            found: BTreeMap::new(),
            left_out: Vec::new(),
            compared: Vec::new(),
            rows: 0,
            synced: began,
        };
        let before = self.client.spent();
        let ended = comparing.carry_out(wanted).await;
        let Comparing { mut report, found, left_out, compared, rows, .. } = comparing;
        if let Err(fault) = ended {
            report.fault.get_or_insert(fault);
        }
        let after = self.client.spent();
        (report.requests, report.cost) =
            (after.requests - before.requests, after.cost - before.cost);
        let differences: Vec<Difference> = found.into_values().collect();
        let whole = report.fault.is_none() && !report.stopped && left_out.is_empty();
        let mut verified =
            Verified { report, differences, left_out, certificate: None, mended: None };
        let certificate = Certificate {
            began_at: instant::text(began),
            ended_at: instant::text(self.server_now()),
            compared: compared.join(", "),
            requests: verified.report.requests,
            cost: verified.report.cost,
            rows,
            differences: verified.differences.len() as u64,
            result: match (verified.differences.is_empty(), whole) {
                (false, _) => "different",
                (true, true) => "equal",
                (true, false) => "incomplete",
            }
            .to_owned(),
            digest: String::new(),
        };
        if let Err(fault) = verified.conclude(self, proof.repair, certificate).await {
            verified.report.fault.get_or_insert(fault);
        }
        if let Err(fault) = self.client.close().await {
            verified.report.fault.get_or_insert(fault.into());
        }
        verified
    }
}

impl Verified {
    /// Returns the exit code of the comparison; `signal` is that of the signal that stopped it.
    pub fn exit(&self, signal: Option<Exit>) -> Exit {
        let differs = (!self.differences.is_empty()).then_some(Exit::Different);
        let left = (!self.left_out.is_empty()).then_some(Exit::Partial);
        Exit::combine([self.report.exit(signal)].into_iter().chain(differs).chain(left))
    }

    /// Writes the certificate, and makes good what differs if that is wanted.
    async fn conclude(
        &mut self,
        engine: &Engine,
        repair: bool,
        mut certificate: Certificate,
    ) -> Result<(), Fault> {
        certificate.digest = engine.writer.run(|store| store.digest()).await?.0;
        let (written, differences) = (certificate.clone(), self.differences.clone());
        let now = engine.server_now();
        let mended = engine
            .writer
            .run(move |store| {
                store.certify(&written)?;
                repair.then(|| store.mend(&differences, now)).transpose()
            })
            .await?;
        self.certificate = Some(certificate);
        self.mended = mended.map(|mended| {
            let price = price(&mended, &engine.settings.children);
            (mended, price)
        });
        Ok(())
    }
}

impl Comparing<'_> {
    async fn carry_out(&mut self, wanted: &[Wanted]) -> Result<(), Fault> {
        self.put_marks_back().await?;
        self.sync(&Mode::Sync, wanted).await;
        self.look_inside().await?;
        let ended = self.report.outcome();
        if !matches!(ended, Outcome::Complete | Outcome::Partial | Outcome::NeedsPerson) {
            self.left_out.push(format!("the source: the sync before ended as `{}`", ended.name()));
            return Ok(());
        }
        if self.proof.deep && !self.engine.stop.is_cancelled() {
            self.compare_rows().await?;
        }
        if self.proof.totals && !self.engine.stop.is_cancelled() {
            self.compare_totals().await?;
        }
        if let Some(share) = self.proof.children.filter(|_| !self.engine.stop.is_cancelled()) {
            self.compare_children(share, wanted).await?;
        }
        self.report.stopped |= self.engine.stop.is_cancelled();
        Ok(())
    }

    /// Puts marks back that are ahead of their rows, before anything else: the sync would pass over what changed up to them.
    async fn put_marks_back(&mut self) -> Result<(), Fault> {
        let now = self.engine.server_now();
        let marks = self
            .engine
            .writer
            .run(move |store| {
                let marks = store.marks()?;
                store.mend(&marks, now)?;
                Ok(marks)
            })
            .await?;
        self.note(marks);
        Ok(())
    }

    /// Compares what is stored with itself.
    async fn look_inside(&mut self) -> Result<(), Fault> {
        let rules = Arc::clone(&self.engine.settings.children);
        let found = self.engine.writer.run(move |store| store.inside(&rules)).await?;
        self.note(found);
        self.compared.push("inside");
        let mut after = i64::MIN;
        while self.proof.rows && !self.engine.stop.is_cancelled() {
            let chunk = self.engine.writer.run(move |store| store.rederive(after)).await?;
            self.note(chunk.differences);
            let Some(last) = chunk.last else { break };
            after = last;
        }
        Ok(())
    }

    /// Brings the mirror up to date; how that ended is kept.
    async fn sync(&mut self, mode: &Mode, wanted: &[Wanted]) {
        // What is reserved for our own questions is given back: a run begins by making good what a dead one left.
        if let Err(fault) = self.engine.client.close().await {
            self.report.fault.get_or_insert(fault.into());
            return;
        }
        self.synced = self.engine.server_now();
        let done = self.engine.run(mode, wanted).await;
        for one in done.entities {
            self.report.push(one);
        }
        for note in done.notes {
            if !self.report.notes.contains(&note) {
                self.report.notes.push(note);
            }
        }
        self.report.stopped |= done.stopped;
        self.report.fault = self.report.fault.take().or(done.fault);
    }

    /// Brings the lists of deals up to date; returns whether that could be done.
    async fn sync_lists(&mut self) -> bool {
        let lists = self.lists.clone();
        self.sync(&Mode::Sync, &lists).await;
        self.report.fault.is_none() && !self.report.stopped
    }

    fn note(&mut self, differences: Vec<Difference>) {
        for difference in differences {
            let place = (difference.entity, difference.id.clone());
            // What the file says of itself comes first, what the source says of the same row counts more.
            self.found.insert(place, difference);
        }
    }

    /// Leaves out what follows from something else that was found: sets of a deal that is missing hang on nothing, and those
    /// of one whose counter is wrong contradict it.
    fn drop_followers(&mut self, table: &str) {
        let fates: BTreeMap<String, Found> = self
            .found
            .values()
            .filter(|one| one.entity == table)
            .map(|one| (one.id.clone(), one.fate))
            .collect();
        self.found.retain(|(entity, id), one| {
            let follows = match one.fate {
                _ if *entity == table => false,
                Found::Extra => fates.get(id) == Some(&Found::Missing),
                Found::Children => !one.own && fates.contains_key(id),
                _ => false,
            };
            !follows
        });
    }

    /// Returns the lists of deals that were read whole in this run.
    fn read_lists(&mut self) -> Vec<&'static Entity> {
        let lists: Vec<&'static Entity> = self.lists.iter().map(|one| one.entity).collect();
        let (read, left): (Vec<_>, Vec<_>) = lists.into_iter().partition(|list| {
            let ended = self.report.entities.iter().find(|done| done.entity == list.name);
            ended.is_some_and(|done| done.outcome == Outcome::Complete)
        });
        for list in left {
            let why = format!("{}: it could not be read", list.name);
            if !self.left_out.contains(&why) {
                self.left_out.push(why);
            }
        }
        read
    }
}

/// Returns what the next `sync` costs more at most, as `mended` has it ask for rows and sets. A row that comes back may owe
/// whatever hangs on it.
fn price(mended: &Mended, rules: &[ChildRule]) -> u64 {
    let owed = |entity: &Entity| mended.owed.get(entity.name).copied().unwrap_or_default();
    let rows = entity::ENTITIES.iter().filter(|one| one.has_floor()).map(|one| owed(one)).sum();
    let sets = rules.iter().map(|rule| children::price(rule.entity, owed(rule.entity) + rows));
    forecast::asked_by_id(rows) + sets.sum::<u64>()
}

/// Runs `look` over the database on the thread that writes.
async fn ask_store<T: Send + 'static>(
    engine: &Engine,
    look: impl FnOnce(&mut Store) -> Result<T, crate::store::StoreError> + Send + 'static,
) -> Result<T, Fault> {
    Ok(engine.writer.run(look).await?)
}
