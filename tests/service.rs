//! The daemon as a process of its own: what its supervisor, its signals and its page are like.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::net::UnixDatagram,
    process::Child,
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use common::{
    tcp::{House, SECRET, Said, Source},
    truth,
};
use pipedrive_mirror::emulator::{DealChange, Edit, Fault, FaultRule, Switches};
use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};

/// The configuration of a daemon that looks once a second and listens on any port.
const CONFIG: &str = "limits.requests_per_2s = 1000\n[daemon]\nlisten = '127.0.0.1:0'\n\
                      [entities.deals]\nschedule = '* * * * * *'\n";

/// A daemon, and what it says.
struct Running {
    child: Child,
    reader: JoinHandle<()>,
    /// What it said so far.
    log: Arc<Mutex<String>>,
    /// Where its page is, once it said so.
    address: String,
}

impl Running {
    fn start(house: &House) -> Self {
        let mut child = house.spawn(&["daemon"]);
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let (mut said, mut address) = (String::new(), String::new());
        while address.is_empty() {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it ended: {said}");
            if let Some((_, rest)) = line.split_once("http://127.0.0.1:") {
                address = format!("127.0.0.1:{}", rest.split_whitespace().next().unwrap());
            }
            said.push_str(&line);
        }
        let log = Arc::new(Mutex::new(said));
        let heard = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut log = heard.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self { child, reader, log, address }
    }

    /// Waits until it says `words`.
    fn hears(&self, words: &str) {
        while !self.log.lock().unwrap().contains(words) {
            std::thread::yield_now();
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end; returns its exit code, what it said, and how long it took.
    fn end(mut self) -> (i32, String, Duration) {
        let begun = Instant::now();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let took = begun.elapsed();
        self.reader.join().unwrap();
        let log = self.log.lock().unwrap().clone();
        assert!(!log.contains(SECRET), "{log}");
        (code, log, took)
    }

    /// Asks for `path`; returns the status and the body.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Asks for `path` until `wanted` is satisfied.
    fn wait_for(&self, path: &str, wanted: impl Fn(u16, &str) -> bool) -> String {
        loop {
            let (status, body) = self.get(path);
            if wanted(status, &body) {
                return body;
            }
            std::thread::yield_now();
        }
    }

    fn wait_until_ready(&self) {
        self.wait_for("/readyz", |status, _| status == 200);
    }
}

fn house(source: &Source, config: &str) -> House {
    let house = House::at(&source.url);
    house.write("pipedrive-mirror.toml", config);
    house
}

fn sound(house: &House) {
    let sound: String =
        house.database().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    let wal = house.path("pipedrive.db-wal");
    assert!(wal.metadata().map_or(0, |wal| wal.len()) == 0, "the log was written back");
}

#[rstest]
#[case::a_page("/api/v2/deals", "limits.requests_per_2s = 1000")]
#[case::a_fan_out("/api/v2/deals/{id}/followers", "limits.requests_per_2s = 1000")]
#[case::a_wait_on_the_limit("", "limits.requests_per_2s = 1")]
fn sigterm_ends_it_within_two_seconds_during(#[case] path: &str, #[case] limits: &str) {
    let source = Source::serve(300, Switches::default());
    let house = house(&source, &format!("{limits}\n[daemon]\nlisten = '127.0.0.1:0'\n"));
    if !path.is_empty() {
        let path = Some(path.to_owned());
        source.emulator.fault(FaultRule { path, skip: 0, times: u32::MAX, fault: Fault::Hang });
    }
    let mut running = Running::start(&house);
    let asked = || {
        let log = source.emulator.log();
        match path {
            "" => log.len() >= 3,
            _ => log.iter().any(|asked| asked.path.ends_with(path.rsplit('/').next().unwrap())),
        }
    };
    while !asked() {
        assert!(running.child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::yield_now();
    }
    running.signal(Signal::TERM);
    let (code, log, took) = running.end();
    assert_eq!(code, 143, "{log}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    sound(&house);
}

#[test]
fn sigterm_at_any_moment_of_a_backfill_leaves_a_file_to_go_on_with() {
    let source = Source::serve(1_500, Switches { page_rows: Some(50), ..Switches::default() });
    let house = house(&source, CONFIG);
    for requests in [8, 11, 15, 20, 26, 33] {
        source.emulator.reset_log();
        let mut running = Running::start(&house);
        // Between answers pages are being stored.
        assert!(source.wait_for(requests, &mut running.child), "it ended by itself");
        running.signal(Signal::TERM);
        let (code, log, took) = running.end();
        assert_eq!(code, 143, "{log}");
        assert!(took < Duration::from_secs(2), "{took:?}");
        sound(&house);
    }
    let running = Running::start(&house);
    running.wait_until_ready();
    running.signal(Signal::INT);
    assert_eq!(running.end().0, 130);
    assert!(truth::differences(&house.database(), &source.emulator).is_empty());
}

#[test]
fn a_second_signal_ends_it_at_once_and_nothing_is_lost() {
    let source = Source::serve(300, Switches::default());
    let house = house(&source, CONFIG);
    let running = Running::start(&house);
    running.wait_until_ready();
    // A stranger's transaction keeps the page in hand from being stored.
    let stranger = house.database();
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    running.hears("Another program holds a write lock");
    running.signal(Signal::TERM);
    running.hears("a second signal stops at once");
    running.signal(Signal::INT);
    let (code, log, took) = running.end();
    assert_eq!(code, 130, "{log}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    stranger.execute_batch("ROLLBACK").unwrap();
    drop(stranger);
    assert_eq!(house.run(&["sync"]).code, 0);
    assert!(truth::differences(&house.database(), &source.emulator).is_empty());
}

#[test]
fn a_strangers_lock_is_waited_out_and_nothing_is_lost() {
    let source = Source::serve(100, Switches::default());
    let house = house(&source, CONFIG);
    let running = Running::start(&house);
    running.wait_until_ready();
    let stranger = house.database();
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    running.hears("Another program holds a write lock");
    let id = source.emulator.world().live_ids().next().unwrap();
    let edit = Edit::ChangeDeal(id, DealChange::Title("changed meanwhile".to_owned()));
    source.emulator.world().apply(edit).unwrap();
    stranger.execute_batch("ROLLBACK").unwrap();
    let changed = "SELECT count(*) FROM deals WHERE title = 'changed meanwhile'";
    while house.number(changed) == 0 {
        std::thread::yield_now();
    }
    running.signal(Signal::TERM);
    assert_eq!(running.end().0, 143);
}

#[test]
fn a_configuration_file_that_is_gone_is_no_configuration() {
    let source = Source::serve(50, Switches::default());
    let house = house(&source, CONFIG);
    let running = Running::start(&house);
    running.wait_until_ready();
    std::fs::remove_file(house.path("pipedrive-mirror.toml")).unwrap();
    running.signal(Signal::HUP);
    running.hears("the old one stays");
    running.signal(Signal::TERM);
    let (code, log, _) = running.end();
    assert_eq!(code, 143);
    assert!(log.contains("put it back") && !log.contains("Going by new orders"), "{log}");
}

#[test]
fn whoever_comes_beside_it_is_told_who_holds_the_mirror() {
    let source = Source::serve(100, Switches::default());
    let house = house(&source, CONFIG);
    let running = Running::start(&house);
    running.wait_until_ready();
    let pid = running.child.id().to_string();
    for command in [&["daemon"][..], &["sync"], &["backfill"], &["reconcile"]] {
        let beside: Said = house.run(command);
        beside.fails(6, &["held by the daemon", &pid, "status"]);
    }
    // What only reads is not in its way.
    assert_eq!(house.run(&["status"]).code, 0);
    assert_eq!(house.run(&["query", "SELECT count(*) FROM deals"]).code, 0);
    assert_eq!(house.run(&["snapshot", "copy.db"]).code, 0);
    running.signal(Signal::TERM);
    assert_eq!(running.end().0, 143);
}

#[test]
fn sighup_takes_a_good_configuration_and_refuses_a_bad_one() {
    let source = Source::serve(100, Switches::default());
    let house = house(&source, CONFIG);
    let running = Running::start(&house);
    running.wait_until_ready();
    house.write("pipedrive-mirror.toml", "limits.daily_shares = 0.5\n");
    running.signal(Signal::HUP);
    source.emulator.reset_log();
    let asked = |log: &[pipedrive_mirror::emulator::Logged]| {
        log.iter().filter(|asked| asked.path == "/api/v2/deals").count()
    };
    while asked(&source.emulator.log()) < 3 {
        std::thread::yield_now();
    }
    house.write("pipedrive-mirror.toml", &CONFIG.replace("* * * * * *", "0 0 4 * * *"));
    running.signal(Signal::HUP);
    running.hears("Going by new orders");
    running.wait_for("/", |_, page| page.contains("T04:00:00Z"));
    running.signal(Signal::TERM);
    let (code, log, _) = running.end();
    assert_eq!(code, 143);
    assert!(log.contains("the old one stays") && log.contains("daily_share"), "{log}");
    assert!(log.contains("The configuration was read again"), "{log}");
}

#[test]
fn a_rotated_token_file_is_read_again_by_itself() {
    let source = Source::serve(100, Switches::default());
    let house = House::empty().with("PIPEDRIVE_BASE_URL", &source.url);
    house.write("token", SECRET);
    house.write("pipedrive-mirror.toml", &format!("pipedrive.api_token_file = 'token'\n{CONFIG}"));
    let running = Running::start(&house);
    running.wait_until_ready();
    let new = SECRET.replace('5', "6");
    source.emulator.set_tokens([new.clone()]);
    running.wait_for("/metrics", |_, text| {
        text.contains("pipedrive_mirror_needs_person{reason=\"token_refused\"} 1")
    });
    assert!(
        house.run(&["status"]).out.contains("Needs a person: the source refuses the API token")
    );
    house.write("token", &new);
    running.wait_for("/metrics", |_, text| {
        text.contains("pipedrive_mirror_needs_person{reason=\"token_refused\"} 0")
    });
    running.signal(Signal::TERM);
    let (code, log, _) = running.end();
    assert_eq!(code, 143);
    assert!(!log.contains(&new) && log.contains("401"), "{log}");
}

#[test]
fn a_database_that_is_replaced_ends_it_with_8() {
    let source = Source::serve(100, Switches::default());
    let house = house(&source, CONFIG);
    let running = Running::start(&house);
    running.wait_until_ready();
    std::fs::rename(house.path("pipedrive.db"), house.path("old.db")).unwrap();
    let (code, log, _) = running.end();
    assert_eq!(code, 8, "{log}");
    assert!(log.contains("was replaced or removed while it was in use"), "{log}");
}

#[test]
fn its_supervisor_is_told_how_it_is() {
    let source = Source::serve(100, Switches::default());
    let socket = tempfile::tempdir().unwrap();
    let path = socket.path().join("notify");
    let supervisor = UnixDatagram::bind(&path).unwrap();
    supervisor.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let house = house(&source, CONFIG)
        .with("NOTIFY_SOCKET", path.to_str().unwrap())
        .with("WATCHDOG_USEC", "60000000");
    let running = Running::start(&house);
    let mut told = Vec::new();
    let mut until = |wanted: &str| {
        while !told.iter().any(|message: &String| message.contains(wanted)) {
            let mut message = [0; 512];
            let length = supervisor.recv(&mut message).unwrap();
            told.push(String::from_utf8_lossy(&message[..length]).into_owned());
        }
        std::mem::take(&mut told)
    };
    until("READY=1");
    until("WATCHDOG=1");
    until("STATUS=mirroring since ");
    until("STATUS=up to date; next look at ");
    running.signal(Signal::HUP);
    let reload = until("RELOADING=1");
    assert!(reload.iter().any(|message| message.contains("MONOTONIC_USEC=")), "{reload:?}");
    until("READY=1");
    running.signal(Signal::TERM);
    until("STOPPING=1");
    assert_eq!(running.end().0, 143);
}

#[test]
fn an_address_in_use_and_one_that_others_reach_are_refused_with_the_remedy() {
    let source = Source::serve(50, Switches::default());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let busy = house(&source, &format!("daemon.listen = '{address}'\n"));
    busy.run(&["daemon"]).fails(1, &["cannot listen on", "daemon.listen", "off"]);
    let open = house(&source, "daemon.listen = '0.0.0.0:8640'\n");
    open.run(&["daemon"]).fails(2, &["daemon.allow_remote", "other machines"]);
}
