//! Whatever was edited meanwhile, whatever the source is like, whatever went wrong and wherever runs died: one clean run
//! makes the mirror equal the source, and nothing that must never happen happens on the way.
//!
//! Each seed is one story: a small world and what its source is like, a mirror and what it holds, edits between any two
//! requests, faults, spent budgets, deaths of the process at any job of the writer and at any request. It is played on one
//! thread in virtual time. What a source keeps out of every list and counter is not held against the run; then `backfill
//! --restart` and `reconcile` have to be enough.
//!
//! `CONVERGENCE_SEED=17 cargo test --test convergence` plays one story alone, `CONVERGENCE_STORIES=10000` so many of them,
//! `CONVERGENCE_FROM=50000` others than the first; `CONVERGENCE_SHORTEN=0` leaves a bad one as it is. For as long as one likes:
//! `CONVERGENCE_STORIES=100000000 cargo test --release --test convergence`.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "../common/mod.rs"]
mod common;
mod fields;
mod habits;
mod play;
mod shrink;
mod story;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

use rstest::rstest;
use story::Story;

/// Stories that are played if nobody says otherwise.
const STORIES: u64 = 400;

/// Stories that once ended badly.
const REMEMBERED: [u64; 3] = [1_841, 3_190, 6_862];

/// They are played in so many parts side by side.
const PARTS: u64 = 4;

#[rstest]
fn one_clean_run_makes_the_mirror_equal_the_source(#[values(0, 1, 2, 3)] part: u64) {
    let seeds = match number("CONVERGENCE_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let from = number("CONVERGENCE_FROM").unwrap_or(0);
            from..from + number("CONVERGENCE_STORIES").unwrap_or(STORIES)
        }
    };
    for seed in seeds.chain(REMEMBERED).filter(|seed| seed % PARTS == part) {
        let story = Story::of(seed);
        if let Err(cause) = catch_unwind(AssertUnwindSafe(|| play::play(&story))) {
            tell(&story);
            std::panic::resume_unwind(cause);
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[expect(clippy::print_stderr, reason = "a failing test is read there")]
fn tell(story: &Story) {
    eprintln!("play it again: CONVERGENCE_SEED={} cargo test --test convergence", story.seed);
    if std::env::var("CONVERGENCE_SHORTEN").is_ok_and(|wanted| wanted == "0") {
        return;
    }
    let fails = |story: &Story| catch_unwind(AssertUnwindSafe(|| play::play(story))).is_err();
    // Hundreds of stories that fail on the way to the shortest one are of no interest.
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let shortest = shrink::shrink(story.clone(), &fails);
    set_hook(hook);
    eprintln!("the same in short: {shortest:#?}");
    // Once more, aloud.
    fails(&shortest);
}
