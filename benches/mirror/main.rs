//! What a page costs, from the text that came to the disk, and what a whole backfill does a second.
//!
//! `cargo bench` measures each step and then prints their ratios, taken side by side in one run: times of two runs on a
//! shared machine cannot be compared, ratios within one can. `cargo bench -- ratios` prints only those, `cargo bench -- views`
//! those of the views and of the full text. `count STEP PAGES` does a step once and prints nothing:
//! `benches/instructions.py` counts what it takes.

mod bare;
mod count;
mod end_to_end;
mod pages;
mod views;

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use divan::{Bencher, counter::ItemsCount};
use pages::Bench;
use pipedrive_mirror::store::{Batch, Store};

/// Pages of 500 deals that one sample stores, so that the log is written back to the file within it.
const PAGES: u32 = 20;

/// Deals of the backfill.
const DEALS: u32 = 50_000;

static BENCH: LazyLock<Bench> = LazyLock::new(|| Bench::new(PAGES));
static BATCHES: LazyLock<Vec<Batch>> = LazyLock::new(|| BENCH.batches());

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [count, step, pages, ..] = &arguments[..]
        && count == "count"
    {
        return count::step(step, pages.parse().expect("a number of pages"));
    }
    divan::main();
    let filters = || arguments.iter().filter(|argument| !argument.starts_with('-'));
    let only_compiled =
        arguments.iter().any(|argument| argument == "--test" || argument == "--list");
    if !only_compiled && (filters().next().is_none() || filters().any(|filter| filter == "ratios"))
    {
        ratios();
    }
    if !only_compiled && (filters().next().is_none() || filters().any(|filter| filter == "views")) {
        views::ratios();
    }
}

#[divan::bench]
fn decode_a_page(bencher: Bencher<'_, '_>) {
    let page = &BENCH.pages[0];
    bencher.counter(ItemsCount::new(page.rows.len())).bench(|| BENCH.decode(page));
}

#[divan::bench(sample_count = 15, sample_size = 1)]
fn insert_bare(bencher: Bencher<'_, '_>) {
    let batches = &*BATCHES;
    bencher
        .counter(ItemsCount::new(BENCH.rows()))
        .with_inputs(|| bare::connect(&BENCH.fresh()))
        .bench_local_refs(|conn| insert_all(conn, batches));
}

#[divan::bench(sample_count = 15, sample_size = 1)]
fn store(bencher: Bencher<'_, '_>) {
    let batches = &*BATCHES;
    bencher
        .counter(ItemsCount::new(BENCH.rows()))
        .with_inputs(|| BENCH.fresh_store())
        .bench_local_refs(|store| store_all(store, batches));
}

#[divan::bench(sample_count = 15, sample_size = 1)]
fn decode_and_store(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(BENCH.rows()))
        .with_inputs(|| BENCH.fresh_store())
        .bench_local_refs(|store| decode_and_store_all(&BENCH, store));
}

#[divan::bench(sample_count = 15, sample_size = 1)]
fn store_again_unchanged(bencher: Bencher<'_, '_>) {
    let mut store = BENCH.fresh_store();
    store_all(&mut store, &BATCHES);
    bencher.counter(ItemsCount::new(BENCH.rows())).bench_local(|| store_all(&mut store, &BATCHES));
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn backfill_over_loopback(bencher: Bencher<'_, '_>) {
    let source = end_to_end::Source::new(DEALS);
    bencher
        .counter(ItemsCount::new(DEALS))
        .with_inputs(|| tempfile::tempdir().expect("a temporary folder"))
        .bench_local_refs(|folder| source.backfill(&folder.path().join("mirror.db")));
}

fn insert_all(conn: &mut rusqlite::Connection, batches: &[Batch]) {
    for batch in batches {
        bare::insert(conn, batch).expect("rows are inserted");
    }
}

fn store_all(store: &mut Store, batches: &[Batch]) {
    for batch in batches {
        store.commit(batch).expect("rows are stored");
    }
}

fn decode_and_store_all(bench: &Bench, store: &mut Store) {
    for (observed, page) in (1..).zip(&bench.pages) {
        store.commit(&bench.batch(page, observed)).expect("rows are stored");
    }
}

/// Measures the steps in turn, round after round, and compares the median of each with the bare insert's.
#[expect(clippy::print_stdout, reason = "a bench prints what it measured")]
fn ratios() {
    const ROUNDS: usize = 15;
    let mut times: [Vec<Duration>; 5] = Default::default();
    for round in 0..=ROUNDS {
        let mut conn = bare::connect(&BENCH.fresh());
        let mut sample = [Duration::ZERO; 5];
        sample[0] = time(|| insert_all(&mut conn, &BATCHES));
        drop(conn);
        let mut store = BENCH.fresh_store();
        sample[1] = time(|| store_all(&mut store, &BATCHES));
        sample[2] = time(|| store_all(&mut store, &BATCHES));
        drop(store);
        let mut store = BENCH.fresh_store();
        sample[3] = time(|| decode_and_store_all(&BENCH, &mut store));
        sample[4] = time(|| BENCH.pages.iter().for_each(|page| drop(BENCH.decode(page))));
        // The first round only warms up.
        if round > 0 {
            times.iter_mut().zip(sample).for_each(|(times, time)| times.push(time));
        }
    }
    let names = ["bare insert", "store", "store again, unchanged", "decode and store", "decode"];
    let medians = times.map(|mut times| {
        times.sort();
        times[ROUNDS / 2]
    });
    println!("\n{:<24}{:>12}{:>14}{:>18}", "", "ms a page", "deals/s", "of a bare insert");
    for (name, median) in names.iter().zip(medians) {
        let (page, bare) = (median.as_secs_f64() / f64::from(PAGES), medians[0].as_secs_f64());
        println!(
            "{name:<24}{:>12.2}{:>14.0}{:>18.2}",
            page * 1e3,
            500.0 / page,
            median.as_secs_f64() / bare
        );
    }
}

fn time(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}
