//! The process dies at a change of a file: before it, after it, in the middle of it, and with what was not synced lost.

use rstest::rstest;

use super::{
    bench::{Bench, WHOLE, play},
    disk::{DEATHS, cases},
};
use fastrand::Rng;

/// Few enough deals that a run takes a fraction of a second, and enough for several pages.
const DEALS: u32 = 45;

#[test]
fn a_first_backfill_that_dies_at_any_step_is_gone_on_with() {
    dies("backfill", || Bench::new(DEALS), &["--quiet", "backfill"], usize::MAX, 12);
}

#[test]
fn the_making_of_the_file_can_end_at_any_step() {
    // The file, its journal mode, and the first tables.
    dies("create", || Bench::new(6), &["--quiet", "backfill"], 300, 10);
}

#[rstest]
#[case::sync("sync", &WHOLE)]
#[case::reconcile("reconcile", &["reconcile"])]
fn a_run_that_dies_at_any_step_is_made_good_by_the_next(
    #[case] scene: &str,
    #[case] args: &[&str],
) {
    dies(scene, || Bench::filled(DEALS), args, usize::MAX, 10);
}

/// Lets `args` die at some of its first `most` steps, each time in a house of its own.
fn dies(scene: &str, bench: impl Fn() -> Bench + Sync, args: &[&str], most: usize, few: usize) {
    let mut steps = bench().watch(args);
    steps.truncate(most);
    let cases = cases(scene, &steps, &DEATHS, few);
    let died = play(&cases, bench, |bench, case| {
        let house = bench.house();
        let said = bench.run(&house, args, case);
        // Two runs are not the same step for step: one may be done before.
        assert!(said.code == -1 || said.code == 0, "{said:?}");
        bench.sound(&house);
        bench.edit(&mut Rng::with_seed(case.seed), 4);
        bench.clean(&house);
        said.code == -1
    });
    assert!(died * 4 >= cases.len() * 3, "{died} of {} died", cases.len());
}
