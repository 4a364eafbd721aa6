//! A disk that is full or broken: the run says so and ends with 8, and goes on once the disk is well.

use fastrand::Rng;
use rstest::rstest;

use super::{
    bench::{Bench, WHOLE, play},
    common::tcp::Said,
    disk::{cases, steps},
};

/// What fails: once, for a while, from then on.
const FAULTS: [&str; 8] =
    ["full", "full*", "sync-error", "write-error*", "full5", "sync-error*", "write-error", "full*"];

#[rstest]
#[case::backfill("errors-backfill", false, &["--quiet", "backfill"])]
#[case::sync("errors-sync", true, &WHOLE)]
#[case::reconcile("errors-reconcile", true, &["reconcile"])]
fn a_disk_that_fails_ends_the_run_with_8_and_its_name_and_costs_nothing(
    #[case] scene: &str,
    #[case] filled: bool,
    #[case] args: &[&str],
) {
    let bench = || if filled { Bench::filled(40) } else { Bench::new(40) };
    let cases = cases(scene, &bench().watch(args), &FAULTS, 10);
    let failed = play(&cases, bench, |bench, case| {
        let house = bench.house();
        let said = bench.run(&house, args, case);
        // A disk that is full may be so when all is done but the housekeeping; one that is broken is never overheard.
        let breaks =
            ["sync", "write"].into_iter().find(|kind| case.fault == format!("{kind}-error*"));
        let after = steps(&house).split_off((case.step - 1).min(steps(&house).len()));
        let broke = breaks.is_some_and(|kind| after.iter().any(|step| step.starts_with(kind)));
        if said.code != 0 || broke {
            assert_told(&said);
        }
        bench.sound(&house);
        bench.edit(&mut Rng::with_seed(case.seed), 4);
        bench.clean(&house);
        said.code != 0
    });
    assert!(failed * 2 >= cases.len(), "{failed} of {} failed", cases.len());
}

/// The promised exit code, the file and what to do.
pub(super) fn assert_told(said: &Said) {
    said.fails(8, &["pipedrive.db"]);
    let told = said.err.lines().last().unwrap_or_default();
    let remedies = ["free some space and run again", "look at the disk and the system's log"];
    assert!(remedies.iter().any(|remedy| told.contains(remedy)), "{said:?}");
}
