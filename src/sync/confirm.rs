//! A second look at candidates: each is asked for by its id before its absence is believed.

use std::collections::BTreeSet;

use tracing::{debug, warn};

use super::{
    EntityReport, Fault,
    engine::Engine,
    fetch::{self, PageSize, Patience},
    walk::{Ended, Walk},
};
use crate::{
    api::{ApiError, Call, Page},
    entity::{self, Entity},
    progress::{Checkpoint, Cursor},
    store::Purpose,
};

/// Candidates asked for at a time; one more id is that of a row that is there.
///
/// Source: API reference, "Get all deals": `ids`, "up to 100".
const AT_A_TIME: u32 = 99;

/// Asks for candidates until each is seen or known to be absent.
pub(super) struct Confirming<'e> {
    engine: &'e Engine,
    /// Whose candidates.
    lists: Vec<&'static Entity>,
    /// The lists that are asked, in order: what moves between them meanwhile is met in one of them. The rows that are
    /// there are remembered beside them.
    questions: Vec<Question<'e>>,
    /// Whether a person said that much may be gone, even all of it.
    accepts: bool,
}

struct Question<'e> {
    walk: Walk<'e>,
    control: Option<i64>,
}

/// What a list said about ids.
enum Said {
    /// It holds these of them.
    Holds(BTreeSet<i64>),
    /// It did not show the row that is there, so what else it did not show means nothing.
    Nothing,
}

impl<'e> Confirming<'e> {
    /// Prepares for candidates of `lists`. Every list of their table is asked, mirrored or not.
    pub(super) fn new(engine: &'e Engine, lists: Vec<&'static Entity>, accepts: bool) -> Self {
        let table = lists.first().map(|list| list.table.name);
        let questions = entity::ENTITIES
            .iter()
            .filter(|entity| entity.is_list() && Some(entity.table.name) == table)
            .map(|entity| Question {
                walk: Walk::by_id(engine, entity, Checkpoint::default()),
                control: None,
            })
            .collect();
        Self { engine, lists, questions, accepts }
    }

    /// Returns what was done, as a part of `entity`'s report.
    pub(super) fn report(&mut self, entity: &Entity) -> EntityReport {
        let mut report = EntityReport::new(entity);
        for question in &self.questions {
            report.seen += question.walk.report.seen;
            report.written += question.walk.report.written;
            report.deleted += question.walk.report.deleted;
            report.pages += question.walk.report.pages;
            report.quarantined += question.walk.report.quarantined;
        }
        report
    }

    /// Returns the reports of what was read in between.
    pub(super) fn others(self) -> Vec<EntityReport> {
        self.questions.into_iter().flat_map(|question| question.walk.others).collect()
    }

    /// Asks until no candidate is left that nobody asked for.
    ///
    /// # Errors
    ///
    /// The source's; candidates that are left wait for the next reconcile.
    pub(super) async fn run(&mut self) -> Result<Ended, Fault> {
        loop {
            let lists = self.lists.clone();
            let ids =
                self.engine.writer.run(move |store| store.candidates(&lists, AT_A_TIME)).await?;
            if ids.is_empty() {
                return Ok(Ended::Complete);
            }
            let stop = self.engine.stop.clone();
            let Some(absent) = stop.run_until_cancelled(self.absent(ids)).await else {
                return Ok(Ended::Stopped);
            };
            let (lists, absent) = (self.lists.clone(), absent?);
            self.engine.writer.run(move |store| store.confirm_absent(&lists, &absent)).await?;
        }
    }

    /// Returns those of `ids` that none of three questions brought.
    async fn absent(&mut self, ids: Vec<i64>) -> Result<Vec<i64>, Fault> {
        let order: Vec<usize> = (0..self.questions.len()).chain([0]).collect();
        let mut absent: BTreeSet<i64> = ids.into_iter().collect();
        for place in order {
            if absent.is_empty() {
                break;
            }
            match self.ask(place, &absent).await? {
                Said::Holds(seen) => absent.retain(|id| !seen.contains(id)),
                Said::Nothing => {
                    let path = self.questions[place].walk.entity.endpoint.path;
                    let what =
                        "it does not show a row it showed a moment ago, so no absence is believed"
                            .to_owned();
                    return Err(Fault::Api(ApiError::Malformed { path, what }));
                }
            }
        }
        Ok(absent.into_iter().collect())
    }

    /// Asks one list for `ids` and stores what comes.
    async fn ask(&mut self, place: usize, ids: &BTreeSet<i64>) -> Result<Said, Fault> {
        for fresh in [false, true] {
            let Some(control) = self.control(place, fresh).await? else {
                return self.nothing_there(place).await;
            };
            let asked = ids.iter().chain([&control]).map(i64::to_string).collect::<Vec<_>>();
            let call = self.call(place).param("ids", asked.join(","));
            let seen = self.keep_all(place, &call).await?;
            if seen.contains(&control) {
                return Ok(Said::Holds(seen));
            }
            let what = self.questions[place].walk.entity.table.name;
            warn!("{control} of {what} was not shown though it was asked for by its id");
        }
        Ok(Said::Nothing)
    }

    /// Decides what a list means that is empty: that nothing is in it, if nothing ever was.
    async fn nothing_there(&self, place: usize) -> Result<Said, Fault> {
        let list = self.questions[place].walk.entity;
        let rows = self.engine.writer.run(move |store| store.listed(list)).await?;
        if rows > 0 && !self.accepts {
            return Err(Fault::EmptyList { path: list.endpoint.path, rows });
        }
        debug!(entity.name = list.name, "The list is empty, so nothing is in it");
        Ok(Said::Holds(BTreeSet::new()))
    }

    fn call(&self, place: usize) -> Call {
        let entity = self.questions[place].walk.entity;
        let mut call = Call::new(entity.endpoint);
        call.query.extend(entity.query.iter().map(|(name, value)| (*name, (*value).to_owned())));
        call
    }

    /// Returns a row that is in the list: the last one its walk met, or one that is asked for now; `None` if it is empty.
    async fn control(&mut self, place: usize, fresh: bool) -> Result<Option<i64>, Fault> {
        let entity = self.questions[place].walk.entity;
        if !fresh && self.questions[place].control.is_none() {
            let swept = self.engine.writer.run(move |store| store.sweep(entity)).await?;
            self.questions[place].control = swept.and_then(|swept| swept.after_id);
        }
        if !fresh && self.questions[place].control.is_some() {
            return Ok(self.questions[place].control);
        }
        let call = self.call(place).param("sort_by", "id").param("sort_direction", "desc");
        let mut size = PageSize::new(1);
        let page = fetch::page(&self.engine.client, &call, None, &mut size, Patience::Full).await?;
        let control = self.keep(place, page).await?.into_iter().next();
        self.questions[place].control = control;
        Ok(control)
    }

    async fn keep_all(&mut self, place: usize, call: &Call) -> Result<BTreeSet<i64>, Fault> {
        let mut size = PageSize::new(call.endpoint.page_limit);
        let (mut seen, mut cursor) = (BTreeSet::new(), None::<Cursor>);
        loop {
            let page =
                fetch::page(&self.engine.client, call, cursor.as_ref(), &mut size, Patience::Full)
                    .await?;
            cursor.clone_from(&page.next);
            let (rows, more) = (page.rows.len(), cursor.is_some());
            seen.extend(self.keep(place, page).await?);
            if !more || rows == 0 {
                return Ok(seen);
            }
        }
    }

    /// Stores a page; returns the ids on it.
    async fn keep(&mut self, place: usize, page: Page) -> Result<BTreeSet<i64>, Fault> {
        let walk = &mut self.questions[place].walk;
        let decoded = walk.decode(&page).await?;
        if decoded.unreadable.iter().any(|row| row.key.is_empty()) {
            let what = "a row came without an id that can be read".to_owned();
            return Err(Fault::Api(ApiError::Malformed { path: walk.entity.endpoint.path, what }));
        }
        let read = decoded.records.iter().filter_map(|record| record.values[0].int());
        let seen: BTreeSet<i64> =
            read.chain(decoded.unreadable.iter().filter_map(|row| row.key.parse().ok())).collect();
        walk.store(page, decoded, Purpose::Confirm, None).await?;
        Ok(seen)
    }
}
