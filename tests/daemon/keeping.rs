//! A daemon beside whatever happens to it, on one thread.

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::future::join;
use pipedrive_mirror::{
    api::Unmetered,
    daemon::{Bell, Commander, Daemon, Ended, Orders, Parts, Pulse, Supervisor},
    emulator::TOKEN,
    id::ApiToken,
    schedule::Schedule,
    store::Writer,
    sync::Unobserved,
};

use crate::common::{Sim, drive, skew::Skewed};

/// Names of entities and when they are due.
type Schedules = Vec<(&'static str, &'static str)>;

/// All that a test holds in hand while a daemon runs.
#[derive(Clone)]
pub(crate) struct Keeping {
    /// The daemon's own clock.
    pub(crate) clock: Skewed,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) bell: Arc<Bell>,
    /// What is in the token file.
    pub(crate) token: Arc<Mutex<String>>,
    /// Schedules to go by from now on.
    pub(crate) schedules: Arc<Mutex<Option<Schedules>>>,
    pub(crate) beats: Arc<Beats>,
}

impl Keeping {
    pub(crate) fn of(sim: &Sim) -> Self {
        let pulse = Arc::new(Pulse::default());
        Self {
            clock: sim.mirror_clock.clone(),
            bell: Arc::new(Bell::new(Arc::clone(&pulse))),
            pulse,
            token: Arc::new(Mutex::new(TOKEN.to_owned())),
            schedules: Arc::default(),
            beats: Arc::default(),
        }
    }

    /// Lets a daemon keep the mirror of `sim` until `life` is over, or it ends by itself.
    pub(crate) fn keep(&self, sim: &Sim, life: impl Future<Output = ()>) -> Ended {
        let (writer, mut work) = Writer::stepped(sim.store());
        let parts = Parts {
            path: sim.database(),
            writer,
            clock: Arc::new(self.clock.clone()),
            stop: sim.stop.clone(),
            bell: Arc::clone(&self.bell),
            pulse: Arc::clone(&self.pulse),
            observer: Arc::new(Unobserved),
            meter: Arc::new(Unmetered),
            supervisor: self.beats.clone(),
        };
        let hand = Hand { orders: orders(sim), keeping: self.clone(), in_use: TOKEN.to_owned() };
        let daemon = async { Daemon::new(parts, hand, orders(sim)()).await.unwrap().run().await };
        let life = async {
            life.await;
            sim.stop.cancel();
        };
        let life = sim.stop.run_until_cancelled(life);
        let both = join(
            async {
                let ended = daemon.await;
                sim.stop.cancel();
                ended
            },
            life,
        );
        drive(&sim.clock, &mut work, both, usize::MAX).unwrap().0
    }
}

/// Returns what makes the orders that `sim` gives.
fn orders(sim: &Sim) -> Box<dyn Fn() -> Orders + Send> {
    let (transport, options) = (sim.transport(), sim.options.clone());
    let (settings, wanted) = (sim.settings(), sim.wanted());
    Box::new(move || Orders {
        transport: Arc::clone(&transport),
        token: ApiToken::new(TOKEN).unwrap(),
        options: options.clone(),
        settings: settings.clone(),
        wanted: wanted.clone(),
    })
}

/// Gives new orders when the token file or the schedules changed.
struct Hand {
    orders: Box<dyn Fn() -> Orders + Send>,
    keeping: Keeping,
    in_use: String,
}

impl Commander for Hand {
    fn orders(&mut self, refused: bool) -> Option<Orders> {
        let token = self.keeping.token.lock().unwrap().clone();
        let schedules = self.keeping.schedules.lock().unwrap().take();
        let rotated = refused && token != self.in_use;
        if !rotated && schedules.is_none() {
            return None;
        }
        self.in_use.clone_from(&token);
        let mut orders = (self.orders)();
        orders.token = ApiToken::new(&token).unwrap();
        for (name, schedule) in schedules.into_iter().flatten() {
            let wanted = orders.wanted.iter_mut().find(|wanted| wanted.entity.name == name);
            wanted.unwrap().schedule = Some(Schedule::parse(schedule).unwrap());
        }
        Some(orders)
    }
}

/// Counts the signs of life.
#[derive(Default)]
pub(crate) struct Beats(AtomicU64);

impl Beats {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Supervisor for Beats {
    fn alive(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn doing(&self, _words: &str) {}
}
