//! A stand-in of the Pipedrive Deals API: an in-memory world, a clock that can be moved, and the API's manners.
//!
//! It is written from the API reference and shares nothing with the mirror but the seams, so that a misreading on one
//! side shows on the other. All edits pass [`World::apply`]; the handlers only translate. Where the reference is silent
//! a [`Switches`] field decides. `README.md` beside this file says what is emulated and what is not.
//!
//! ```text
//! Emulator (mod.rs)   one request: token, limits, endpoint, fault, log
//!   routes.rs         which endpoints there are       handlers.rs                    their costs and answers
//!   list.rs  filter.rs  index.rs  cursor.rs
//!   query.rs          strict parameters              view.rs  field_view.rs  value.rs  JSON
//!   limits.rs         budget, burst, block           faults.rs                      what goes wrong on request
//!   attached/         what hangs on a deal           late.rs                        what is shown late
//!   around/           activities, files, notes, mails   chronicle/                  what became of a deal
//!   v1/               what only v1 has, or had       stretch.rs                     its pages
//!   reference/        what deals refer to            search.rs  summary.rs  timeline/  over many deals
//!   writes/           POST, PATCH, PUT, DELETE        answer.rs                      envelopes
//!   world.rs          what is there                  edit.rs  apply.rs  random.rs   how it changes
//!   generate/         how it begins                  serve.rs                       the same over TCP
//!   life/             how it goes on                 journal/                       how it outlives the process
//! ```

mod answer;
mod apply;
mod around;
mod attached;
mod chronicle;
mod company;
mod cursor;
mod deal;
mod edit;
mod faults;
mod field;
mod field_view;
mod filter;
mod generate;
mod handlers;
mod index;
mod journal;
mod late;
mod life;
mod limits;
mod list;
mod log;
mod query;
mod random;
mod reference;
mod routes;
mod search;
mod second;
mod serve;
mod sorted;
mod stretch;
mod summary;
mod switches;
#[cfg(test)]
mod tests;
mod timeline;
mod v1;
mod value;
mod view;
mod world;
mod worth;
mod writes;

use std::{
    collections::BTreeSet,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fastrand::Rng;
use futures_util::{FutureExt as _, future::BoxFuture};
use http::{HeaderValue, header};

use crate::seams::{Clock, Request, Response, Transport, TransportError};
use cursor::Issued;
use handlers::Endpoint;
use journal::Past;
use limits::{Caller, Limits, Moment};
use query::Query;

pub use attached::{
    BillingFrequency, ConversionEnd, Discount, DiscountType, Installment, Kind, ProductLine,
    TaxMethod,
};
pub use company::{
    Company, CurrencyEntry, Extra, Organization, Person, Pipeline, Product, Stage, Stamp, User,
};
pub use deal::{Child, Children, CloseDate, Deal, Status};
pub use edit::{
    DealChange, Edit, EditError, Edited, OrganizationChange, PersonChange, ProductChange,
    StageChange,
};
pub use faults::{Fault, FaultRule, Told};
pub use field::{CustomField, FieldOption, FieldType, Slot};
pub use generate::Options;
pub use journal::{Kept, StateError, Wish};
pub use life::{Life, Rate, RateError};
pub use limits::Refused;
pub use log::{Logged, Outcome};
pub use reference::Reference;
pub use routes::{ROUTES, Route};
pub use second::Second;
pub use serve::serve;
pub use switches::{
    Bumps, ChildAnswer, Counters, Cursors, DeletedArchived, DeletedRows, End, InstallmentPages,
    Installments, OptionalMembers, OverLimit, ProductsBy, Reach, Switches, TimelineData,
};
pub use v1::Removed;
pub use value::{Address, Cents, Currency, TimeOfDay, Value};
pub use world::World;

/// The number of a deal, user, stage and so on.
pub type Id = u32;

/// The token that is valid at first.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";

/// The stand-in. Clones are the same one.
#[derive(Clone)]
pub struct Emulator {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
}

struct State {
    world: World,
    tokens: BTreeSet<String>,
    limits: Limits,
    faults: faults::Faults,
    cursors: Issued,
    log: Vec<Logged>,
    past: Past,
    rng: Rng,
}

/// An answer, or what kept it from arriving.
type Answer = Result<Response, TransportError>;

impl Emulator {
    /// Puts `world` behind the API. The switches that concern deals already there take effect now.
    pub fn new(mut world: World, switches: Switches, clock: Arc<dyn Clock>) -> Self {
        world.start(switches);
        Self::with_past(world, Past::Remembered, clock)
    }

    fn with_past(world: World, past: Past, clock: Arc<dyn Clock>) -> Self {
        let state = State {
            world,
            tokens: BTreeSet::from([TOKEN.to_owned()]),
            limits: Limits::default(),
            faults: faults::Faults::default(),
            cursors: Issued::default(),
            log: Vec::new(),
            past,
            rng: Rng::with_seed(1),
        };
        Self { state: Arc::new(Mutex::new(state)), clock }
    }

    /// Answers `request`, at once and whatever [`Switches::latency`] says.
    ///
    /// # Errors
    ///
    /// Only those that a [`FaultRule`] asks for.
    pub fn handle(&self, request: Request) -> Result<Response, TransportError> {
        self.respond(&request).0
    }

    /// Answers `request` and says which fault it met.
    fn respond(&self, request: &Request) -> (Answer, Option<Fault>) {
        let at = Moment { now: self.clock.now(), elapsed: self.clock.elapsed() };
        self.state().respond(request, at)
    }

    /// Returns the world, at the present of the clock. Requests wait until the guard is dropped, so the thread that holds
    /// it must not send any.
    pub fn world(&self) -> WorldGuard<'_> {
        let mut state = self.state();
        state.world.set_now(self.clock.now());
        WorldGuard(state)
    }

    /// Changes the switches; those that concern the deals of the beginning have no effect any more.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        self.state().world.switch(change);
    }

    /// Makes `tokens` the only valid ones.
    pub fn set_tokens<T: Into<String>>(&self, tokens: impl IntoIterator<Item = T>) {
        self.state().tokens = tokens.into_iter().map(Into::into).collect();
    }

    /// Lets something go wrong.
    pub fn fault(&self, rule: FaultRule) {
        self.state().faults.add(rule);
    }

    /// Takes back all faults that have not happened yet.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Takes `cost` from today's budget, as another program of the company does.
    pub fn spend_elsewhere(&self, cost: u64) {
        let mut state = self.state();
        let State { world, limits, .. } = &mut *state;
        limits.turn(self.clock.now(), world.switches());
        limits.spend(cost);
    }

    /// Returns every request since the beginning or the last [`Emulator::reset_log`].
    pub fn log(&self) -> Vec<Logged> {
        self.state().log.clone()
    }

    /// Returns what the requests in the log cost.
    pub fn spent(&self) -> u64 {
        self.state().log.iter().map(|logged| logged.cost).sum()
    }

    /// Forgets the requests so far and what was refused; budget and burst window stand.
    pub fn reset_log(&self) {
        let mut state = self.state();
        state.log.clear();
        state.limits.refused = Refused::default();
    }

    /// Returns what was refused since the beginning or the last [`Emulator::reset_log`].
    pub fn refused(&self) -> Refused {
        self.state().limits.refused
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn latency(&self) -> Duration {
        self.state().world.switches().latency
    }
}

impl Transport for Emulator {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let (answer, fault) = self.respond(&request);
            if fault == Some(Fault::Hang) {
                return std::future::pending().await;
            }
            let latency = self.latency() + fault.as_ref().map_or(Duration::ZERO, Fault::delay);
            if !latency.is_zero() {
                self.clock.sleep(latency).await;
            }
            answer
        }
        .boxed()
    }
}

impl State {
    fn respond(&mut self, request: &Request, at: Moment) -> (Answer, Option<Fault>) {
        self.world.set_now(at.now);
        self.settle(false);
        let path = request.uri().path().to_owned();
        let mut query = Query::parse(request.uri().query().unwrap_or_default());
        let token = token(request, query.take_token()).filter(|token| self.tokens.contains(token));
        let searches = Endpoint::is_search(request.method(), &path);
        let caller = token.as_deref().map(|token| Caller { token, searches });
        let fault = self.faults.take(&path, &query);
        let stopped = fault.as_ref().is_some_and(Fault::stops_writes);
        let (mut response, mut cost) = self.good(request, (&path, &query), caller, at, stopped);
        self.head(&mut response, caller, at);
        let answer = match &fault {
            Some(fault) => fault.distort(response, &query),
            None => Ok(response),
        };
        let failed = answer.as_ref().is_ok_and(|response| response.status().as_u16() >= 400);
        let free = fault.as_ref().is_some_and(Fault::is_free);
        if free || failed && !self.world.switches().charge_errors {
            self.limits.give_back(std::mem::take(&mut cost));
        }
        if matches!(self.past, Past::Remembered) {
            self.log.push(Logged::new(request, path, &query, &answer, cost, at.now));
        }
        self.settle(true);
        (answer, fault)
    }

    /// Answers as if nothing ever went wrong; also says what that cost. A write that is `stopped` changes nothing.
    fn good(
        &mut self,
        request: &Request,
        (path, query): (&str, &Query),
        caller: Option<Caller<'_>>,
        at: Moment,
        stopped: bool,
    ) -> (Response, u64) {
        let Self { world, limits, cursors, .. } = self;
        let switches = world.switches();
        limits.turn(at.now, switches);
        let Some(caller) = caller else { return (answer::unauthorized(), 0) };
        let endpoint = Endpoint::find(request.method(), path, switches);
        let cost = endpoint.as_ref().map_or(0, |endpoint| endpoint.cost());
        if let Some(refused) = limits.refusal(caller, cost, at, switches) {
            return (refused, 0);
        }
        let response = match endpoint {
            Ok(Endpoint::Write(_)) if stopped => answer::single(()),
            Ok(endpoint) if cursors.admit(query, at.elapsed, switches) => {
                endpoint.answer(query, request.body(), world)
            }
            Ok(_) => query::Refusal::Cursor.answer(),
            Err(missing) => missing.answer(),
        };
        if let Some(answer::NextCursor(cursor)) = response.extensions().get() {
            cursors.add(cursor.clone(), at.elapsed, world.switches());
        }
        (response, cost)
    }

    /// Sets the headers every answer carries.
    fn head(&mut self, response: &mut Response, caller: Option<Caller<'_>>, at: Moment) {
        let id = answer::uuid(self.rng.u128(..));
        let headers = response.headers_mut();
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at.now);
        let date = date.expect("the clock shows a time that HTTP can write");
        headers.insert(header::DATE, HeaderValue::try_from(date).expect("a date is ASCII"));
        headers.insert("x-correlation-id", HeaderValue::try_from(id).expect("a UUID is ASCII"));
        self.limits.head(headers, caller, at, self.world.switches());
    }
}

/// Returns the token of a request, wherever it stands.
fn token(request: &Request, in_query: Option<String>) -> Option<String> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let bearer = || header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    header("x-api-token").or_else(bearer).map(str::to_owned).or(in_query)
}

/// The world, held still.
pub struct WorldGuard<'a>(MutexGuard<'a, State>);

impl Deref for WorldGuard<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0.world
    }
}

impl DerefMut for WorldGuard<'_> {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.0.world
    }
}

impl Drop for WorldGuard<'_> {
    fn drop(&mut self) {
        self.0.settle(false);
    }
}
