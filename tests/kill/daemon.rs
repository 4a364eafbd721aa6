//! The daemon: killed at any step, its shutdown included, and on a disk that fails for a moment.

use std::{
    io::Read as _,
    process::Child,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use fastrand::Rng;
use rustix::process::{Pid, Signal, kill_process};

use super::{
    bench::{Bench, play},
    common::tcp::{House, SECRET},
    disk::{self, DEATHS, cases},
};

/// Requests for deals after which it has looked at them more than once: a look is some pages at most.
const LOOKS: usize = 6;

#[test]
fn a_daemon_that_dies_at_any_step_is_gone_on_with() {
    let bench = || Bench::filled(45);
    let cases = cases("daemon", &watch(&bench()), &DEATHS, 8);
    let died = play(&cases, bench, |bench, case| {
        let house = bench.house();
        let mut running = Running::start(bench, &house, &case.environment(&house));
        running.looks_again(bench);
        running.signal(Signal::TERM);
        let (code, log) = running.end();
        assert!([-1, 143].contains(&code), "{log}");
        bench.sound(&house);
        bench.edit(&mut Rng::with_seed(case.seed), 4);
        bench.clean(&house);
        code == -1
    });
    // The second look begins a second after the first, so now and then there are fewer steps than were watched.
    assert!(died * 2 >= cases.len(), "{died} of {} died", cases.len());
}

#[test]
fn a_daemon_outlives_a_disk_that_fails_and_goes_on_when_it_is_told_to() {
    let bench = || Bench::filled(40);
    let faults = ["full", "write-error", "sync-error", "full3"];
    let cases = cases("daemon-errors", &watch(&bench()), &faults, 8);
    play(&cases, bench, |bench, case| {
        let house = bench.house();
        let mut running = Running::start(bench, &house, &case.environment(&house));
        running.looks_again(bench);
        let log = running.log();
        let met = log.contains(MET);
        if met {
            assert!(log.contains("pipedrive.db: the disk "), "{log}");
            // By itself it tries again in a minute, or sooner; what fails thrice has to be told thrice.
            let mut told = 0;
            while !running.log().contains("Mirroring goes on") && !running.is_over() {
                if running.log().matches(MET).count() > told {
                    running.signal(Signal::HUP);
                    told += 1;
                }
                thread::yield_now();
            }
        }
        running.signal(Signal::TERM);
        let (code, log) = running.end();
        // Before it listens for signals they end it as they end any program.
        let waits = log.contains("The database cannot be opened") && log.contains("trying again");
        assert!(code == 143 || (code == -1 && waits), "{code}: {log}");
        bench.sound(&house);
        bench.edit(&mut Rng::with_seed(case.seed), 4);
        bench.clean(&house);
        met || waits
    });
}

/// What it says when a run met something that lasts.
const MET: &str = "Nothing can be mirrored";

/// Returns the steps of a daemon that looks twice and ends.
fn watch(bench: &Bench) -> Vec<String> {
    let house = bench.house();
    let mut running = Running::start(bench, &house, &disk::watched(&house));
    running.looks_again(bench);
    running.signal(Signal::TERM);
    let (code, log) = running.end();
    assert_eq!(code, 143, "{log}");
    disk::steps(&house)
}

/// A daemon whose words are read all the while.
struct Running {
    child: Child,
    heard: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Running {
    fn start(bench: &Bench, house: &House, environment: &[(&str, String)]) -> Self {
        bench.source.emulator.reset_log();
        let mut child = house.spawn_with(&["daemon"], environment);
        let mut words = child.stderr.take().unwrap();
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        let kept = Arc::clone(&heard);
        let reader = thread::spawn(move || {
            let mut part = [0; 4_096];
            while let Ok(length @ 1..) = words.read(&mut part) {
                kept.lock().unwrap().extend(&part[..length]);
            }
        });
        Self { child, heard, reader }
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }

    fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it looks at the deals a second time, says that it cannot, or ends.
    fn looks_again(&mut self, bench: &Bench) {
        let looks = || {
            let log = bench.source.emulator.log();
            log.iter().filter(|asked| asked.path == "/api/v2/deals").count()
        };
        while !self.is_over() && looks() < LOOKS && !self.log().contains("trying again in") {
            thread::yield_now();
        }
    }

    fn signal(&self, signal: Signal) {
        // It may be gone by now.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Waits for its end; returns its exit code, -1 if it was killed, and what it said.
    fn end(mut self) -> (i32, String) {
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        while !self.reader.is_finished() {
            thread::yield_now();
        }
        let log = self.log();
        assert!(!log.contains(SECRET), "{log}");
        (code, log)
    }
}
