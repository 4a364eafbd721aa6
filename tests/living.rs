//! A company that lives: the mirror follows it, and it outlives its process.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::Child,
    thread,
};

use common::{Sim, reference, tcp::House};
use jiff::SignedDuration;
use pipedrive_mirror::{
    emulator::{Bumps, Life, Switches, TOKEN},
    store::Policy,
    sync::Outcome,
};
use serde_json::Value as Json;

const HOUR: u64 = 3_600;

/// Lets the company of `sim` live for so many hours.
fn live(sim: &Sim, life: &mut Life, hours: u64) -> usize {
    let end = sim.now() + SignedDuration::from_hours(hours as i64);
    let acts = life.until(&mut sim.emulator.world(), end);
    sim.advance(hours * HOUR);
    acts
}

#[test]
fn after_a_week_of_life_the_mirror_equals_the_company() {
    for seed in 0..2 {
        let switches = Switches {
            bumps: Bumps { children: true, ..Bumps::default() },
            daily_budget: 10_000_000,
            ..Switches::default()
        };
        let sim = Sim::with(200, seed, switches).and_children(Policy::Changed).and_reference();
        let mut sim = sim.in_memory();
        sim.all_rows = true;
        assert_eq!(sim.backfill().outcome(), Outcome::Complete);
        let mut life = Life::new(seed, "15/h".parse().unwrap());
        let mut acts = 0;
        for round in 0..14 {
            acts += live(&sim, &mut life, 12);
            let report = sim.sync();
            assert_eq!(report.outcome(), Outcome::Complete, "seed {seed}, {round}: {report:?}");
        }
        // 2,520 expected.
        assert!((2_300..2_750).contains(&acts), "{acts}");
        assert_eq!(sim.reconcile().outcome(), Outcome::Complete);
        sim.assert_equal();
        assert!(reference::differences(&sim.connection(), &sim.emulator, true).is_empty());
    }
}

/// The program at work; it is killed at the end.
struct Company {
    child: Child,
    /// What it said until it said what to try.
    said: String,
    address: String,
}

impl Company {
    fn start(house: &House, args: &[&str]) -> Self {
        let args = [&["emulator", "--listen", "127.0.0.1:0"], args].concat();
        let mut child = house.spawn(&args);
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap());
        let mut said = String::new();
        while !said.contains(" backfill\n") {
            assert!(lines.read_line(&mut said).unwrap() > 0, "{said}");
        }
        let address = said.split("http://").nth(1).unwrap().split_whitespace().next().unwrap();
        Self { address: address.to_owned(), child, said }
    }

    /// Asks for one deal as the line to try does, and returns the answer.
    fn deal(&self) -> Json {
        let answer = self.get("/api/v2/deals?limit=1&sort_by=update_time&sort_direction=desc");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        serde_json::from_str::<Json>(body).unwrap()["data"][0].clone()
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        write!(stream, "{head}x-api-token: {TOKEN}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Kills it without a warning, and returns what it said on stderr.
    fn kill(mut self) -> String {
        self.child.kill().unwrap();
        let mut told = String::new();
        self.child.stderr.as_mut().unwrap().read_to_string(&mut told).unwrap();
        told
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Returns how many edits the whole lines of a state file hold.
fn edits(text: &str) -> usize {
    let whole = text.split_inclusive('\n').skip(1).filter(|line| line.ends_with('\n'));
    whole
        .map(|line| serde_json::from_str::<Json>(line).unwrap()["edits"].as_array().unwrap().len())
        .sum()
}

#[test]
fn a_company_goes_on_while_it_is_read() {
    let house = House::empty();
    let company = Company::start(&house, &["--deals", "40", "--live", "500/s"]);
    assert!(company.said.contains("A company with 40 deals"), "{}", company.said);
    assert!(company.said.contains("It is at work: 500/s on average\n"), "{}", company.said);
    let first = company.deal();
    while company.deal() == first {
        thread::yield_now();
    }
    assert_eq!(fs::read_dir(house.folder()).unwrap().count(), 0, "nothing is kept unasked");
}

#[test]
fn a_company_that_was_killed_goes_on_where_its_file_ends() {
    let house = House::empty();
    let state = ["--state", "company.jsonl"];
    let file = house.path("company.jsonl");
    let start = [&["--deals", "40", "--seed", "3", "--live", "1000/s"], &state[..]].concat();
    let company = Company::start(&house, &start);
    assert!(company.said.contains("It is kept in company.jsonl\n"), "{}", company.said);
    while edits(&fs::read_to_string(&file).unwrap()) < 100 {
        thread::yield_now();
    }
    // Only one may keep its world there.
    house.run(&start_args(&state)).fails(6, &["company.jsonl", "--state another file"]);
    company.kill();
    let text = fs::read_to_string(&file).unwrap();
    let torn = text.trim_end_matches('\n');
    fs::write(&file, &torn[..torn.len() - 1]).unwrap();
    let whole = torn.rfind('\n').unwrap() + 1;
    let known = edits(&text[..whole]);

    let company = Company::start(&house, &state);
    let first = company.deal();
    let told = company.kill();
    assert!(told.contains(&format!("Going on after {known} edits in company.jsonl\n")), "{told}");
    assert!(told.contains("company.jsonl: its last line was torn"), "{told}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text[..whole]);

    let company = Company::start(&house, &state);
    assert_eq!(company.deal(), first);
    let told = company.kill();
    assert!(!told.contains("torn"), "{told}");
}

fn start_args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["emulator", "--listen", "127.0.0.1:0"], more].concat()
}

#[test]
fn a_state_of_another_company_is_refused_with_what_to_do() {
    let house = House::empty();
    let state = ["--state", "company.jsonl"];
    Company::start(&house, &[&["--deals", "40", "--seed", "3"], &state[..]].concat()).kill();
    let text = fs::read_to_string(house.path("company.jsonl")).unwrap();
    for (wish, word) in
        [(["--deals", "41"], "--deals 40, not 41"), (["--seed", "4"], "--seed 3, not 4")]
    {
        let args = start_args(&[&wish[..], &state[..]].concat());
        house
            .run(&args)
            .fails(2, &["company.jsonl", word, "leave", "begin anew with another file"]);
    }
    assert_eq!(fs::read_to_string(house.path("company.jsonl")).unwrap(), text);
}

#[test]
fn a_file_that_is_no_state_is_refused_and_left_as_it_is() {
    let house = House::empty();
    house.write("notes.txt", "my notes\n");
    let args = start_args(&["--state", "notes.txt"]);
    house.run(&args).fails(2, &["notes.txt is no state of an emulator", "left as it is"]);
    assert_eq!(fs::read_to_string(house.path("notes.txt")).unwrap(), "my notes\n");
    let args = start_args(&["--state", "nowhere/company.jsonl"]);
    house.run(&args).fails(1, &["nowhere/company.jsonl cannot be opened", "No such file"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_state_on_a_device_is_refused() {
    let house = House::empty();
    house.run(&start_args(&["--state", "/dev/full"])).fails(2, &["/dev/full is no state"]);
}

#[test]
fn a_rate_that_is_none_is_refused_with_what_to_write() {
    let house = House::empty();
    for (rate, words) in [
        ("5", "5/s, 30/min, 100/h"),
        ("5/d", "5/s, 30/min, 100/h"),
        ("0/s", "leave it out"),
        ("1001/s", "at most 1000/s"),
    ] {
        house.run(&start_args(&["--live", rate])).fails(2, &["--live", words]);
    }
}

#[test]
fn what_upstream_removed_is_gone_unless_it_is_brought_back() {
    let house = House::empty();
    for (args, status) in
        [(&["--deals", "5"][..], 410), (&["--deals", "5", "--removed-endpoints"], 200)]
    {
        let answer = Company::start(&house, args).get("/v1/deals/collection");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{args:?}: {answer}");
    }
}
