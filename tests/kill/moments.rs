//! Mirrors that die again and again, at whatever they do, while the source is edited.

use std::sync::atomic::{AtomicU32, Ordering};

use fastrand::Rng;

use super::{
    bench::{Bench, WHOLE, play},
    common::tcp::House,
    disk::{Case, DEATHS},
    number,
};

const COMMANDS: [&[&str]; 5] =
    [&["backfill"], &["sync"], &WHOLE, &["reconcile"], &["--quiet", "backfill", "--restart"]];

/// Kills, unless `KILL_CASES` says otherwise.
const KILLS: u32 = 20;

/// Kills of one mirror.
const DEATHS_EACH: u32 = 5;

#[test]
fn mirrors_killed_again_and_again_are_sound_each_time_and_end_equal() {
    let kills = number("KILL_CASES").map_or(KILLS, |cases| cases * 4);
    let seed = u64::from(number("KILL_SEED").unwrap_or(7));
    let mut rng = Rng::with_seed(seed);
    // A case is a mirror that dies five times: at these steps, and at others that its seed says.
    let cases: Vec<Case> = match std::env::var("KILL_CASE").map(|text| text.parse::<Case>()) {
        Ok(case) => case.into_iter().filter(|case| case.scene == "moments").collect(),
        Err(_) => (0..kills / DEATHS_EACH)
            .map(|_| Case {
                scene: "moments".to_owned(),
                step: rng.usize(1..2_000),
                fault: rng.choice(DEATHS).unwrap().to_owned(),
                seed: rng.u64(0..1_000_000),
            })
            .collect(),
    };
    let died = AtomicU32::new(0);
    play(
        &cases,
        || Bench::new(60),
        |bench, case| {
            let (house, mut rng) = (bench.empty(), Rng::with_seed(case.seed));
            let mut case = case.clone();
            for _ in 0..DEATHS_EACH {
                let args = rng.choice(COMMANDS).unwrap();
                // A first reconcile finds no database, which is no death.
                let code = if rng.u8(0..3) > 0 {
                    bench.run(&house, args, &case).code
                } else {
                    killed_at_a_request(bench, &house, args, rng.usize(1..20))
                };
                died.fetch_add(u32::from(code == -1), Ordering::Relaxed);
                bench.sound(&house);
                let edits = rng.usize(0..7);
                bench.edit(&mut rng, edits);
                // Sooner rather than later: when little is new there are few steps.
                case.step = 1 + rng.usize(0..2_000) % rng.usize(20..2_000);
                case.fault = rng.choice(DEATHS).unwrap().to_owned();
            }
            bench.clean(&house);
            true
        },
    );
    let died = died.into_inner();
    assert!(died * 2 >= kills || cases.len() < 2, "{died} of {kills} died");
}

/// Kills the program after so many requests, wherever it happens to be; returns its exit code, -1 if it was killed.
fn killed_at_a_request(bench: &Bench, house: &House, args: &[&str], after: usize) -> i32 {
    bench.source.emulator.reset_log();
    let mut child = house.spawn(args);
    if bench.source.wait_for(after, &mut child) {
        child.kill().unwrap();
    }
    child.wait().unwrap().code().unwrap_or(-1)
}
