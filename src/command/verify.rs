//! `verify`: proof that the mirror equals the source.

use std::{sync::Arc, time::Instant};

use indicatif::MultiProgress;
use pipedrive_mirror::{
    config::Config,
    exit::Exit,
    store::{Lock, Reader, Store},
    sync::{Proof, Settings, Share, Verified},
};
use serde_json::json;

use super::{
    Failure,
    mirror::{Source, options, runtime, with_engine},
    print, shown,
    wanted::{settings, wanted},
};
use crate::{cli, progress_bar::Progress, shutdown::Shutdown};

pub(crate) fn verify(
    config: &Config,
    args: &cli::Verify,
    bars: MultiProgress,
    quiet: bool,
) -> Result<Exit, Failure> {
    let (source, wanted) = (Source::of(config)?, wanted(config, &cli::Which::default())?);
    let settings = settings(config, &source.base_url);
    let proof = Proof {
        totals: true,
        deep: args.deep,
        rows: args.rows,
        children: args.children.map(|share| match share {
            cli::Share::Sample => Share::Sample,
            cli::Share::All => Share::All,
        }),
        repair: args.repair,
    };
    // It compares with what is there, so it makes no database.
    drop(Reader::open(&config.database)?);
    let store = Store::open(Lock::acquire(&config.database)?, config.database_mode.bits())?;
    if !args.json.json && !quiet {
        print::aside(&price(&Reader::open(&config.database)?, proof, &settings)?)?;
    }
    let path = store.path().to_owned();
    let (started, runtime) = (Instant::now(), runtime()?);
    let observer = Arc::new(Progress::new(bars, quiet || args.json.json));
    let (mut verified, signal) = runtime.block_on(async {
        let shutdown = Shutdown::listen()?;
        let work =
            async |engine: &pipedrive_mirror::sync::Engine| engine.verify(proof, &wanted).await;
        let (mut verified, closed) =
            with_engine(source, store, &options(config), settings, &shutdown, observer, work)
                .await?;
        if let Err(error) = closed {
            verified.report.fault.get_or_insert(error.into());
        }
        Ok::<_, Failure>((verified, shutdown.exit()))
    })?;
    let exit = verified.exit(signal);
    if args.json.json {
        print::json(&to_json(&verified, exit))?;
    } else {
        let seconds = started.elapsed().as_secs_f64();
        print::text(&print::escaped(&in_words(&verified, &shown(&path), seconds)))?;
    }
    match verified.report.fault.take() {
        Some(fault) => Err(Failure::new(exit, fault.to_string())),
        None => Ok(exit),
    }
}

/// Says what the comparison costs, beside the `sync` before it.
fn price(reader: &Reader, proof: Proof, settings: &Settings) -> Result<String, Failure> {
    let prices = proof.prices(reader.sizes()?, &settings.children);
    let total: u64 = prices.iter().map(|(_, cost)| cost).sum();
    let parts: Vec<String> =
        prices.iter().map(|(what, cost)| format!("{what} {}", print::count(*cost))).collect();
    Ok(format!(
        "Comparing costs up to {} ({}), besides a `sync`. What differs is looked at twice more, each time after another \
         `sync`: 40 for a total, 30 for each hundred deals.\n",
        print::count(total),
        parts.join(", ")
    ))
}

fn to_json(verified: &Verified, exit: Exit) -> serde_json::Value {
    let certificate = verified.certificate.as_ref();
    json!({
        "equal": certificate.is_some_and(|certificate| certificate.result == "equal"),
        "exit": exit.code(),
        "differences": verified.differences,
        "left_out": verified.left_out,
        "certificate": certificate,
        "repair": verified.mended.as_ref().map(|(mended, cost)| json!({
            "at_once": mended.at_once, "owed": mended.owed, "left": mended.left, "cost_max": cost,
        })),
        "requests": verified.report.requests,
        "cost": verified.report.cost,
        "notes": verified.report.notes,
        "error": verified.report.fault.as_ref().map(ToString::to_string),
    })
}

fn in_words(verified: &Verified, database: &str, seconds: f64) -> String {
    let mut words = String::new();
    if !verified.differences.is_empty() {
        let rows = verified.differences.iter().map(|one| {
            vec![one.entity.to_owned(), one.id.clone(), one.fate.to_string(), one.evidence.clone()]
        });
        words.push_str(&print::table(&["", "id", "fate", "evidence"], rows.collect(), &[]));
    }
    for left in &verified.left_out {
        words.push_str(&format!("not compared: {left}\n"));
    }
    let count = verified.differences.len() as u64;
    let certificate = verified.certificate.as_ref();
    let says = match certificate.map(|certificate| certificate.result.as_str()) {
        Some("equal") => "equals the source".to_owned(),
        Some("different") if count == 1 => "differs from the source in 1 place".to_owned(),
        Some("different") => {
            format!("differs from the source in {} places", print::count(count))
        }
        _ => "could not be compared as a whole".to_owned(),
    };
    let compared = certificate.map_or("nothing", |certificate| &certificate.compared);
    words.push_str(&format!(
        "{database} {says}. Compared: {compared}; {} rows of the source, in {seconds:.1} s: {} requests at a cost of {}.\n",
        print::count(certificate.map_or(0, |certificate| certificate.rows)),
        print::count(verified.report.requests),
        print::count(verified.report.cost)
    ));
    words.push_str(&next(verified));
    for note in &verified.report.notes {
        words.push_str(&format!("note: {note}\n"));
    }
    words
}

/// Says what was done about differences, or what can be.
fn next(verified: &Verified) -> String {
    let Some((mended, cost)) = &verified.mended else {
        return match verified.differences.is_empty() {
            true => String::new(),
            false => "`verify` with the same options and --repair marks exactly these; the next `sync` then reads them \
                      again.\n"
                .to_owned(),
        };
    };
    let mut words = String::new();
    if mended.at_once > 0 {
        words.push_str(&format!("Made good at once: {}.\n", print::count(mended.at_once)));
    }
    if !mended.owed.is_empty() {
        let owed: Vec<String> = mended
            .owed
            .iter()
            .map(|(name, count)| format!("{} {name}", print::count(*count)))
            .collect();
        words.push_str(&format!(
            "The next `sync` asks for {}, at a cost of up to {} more.\n",
            owed.join(", "),
            print::count(*cost)
        ));
    }
    if mended.left > 0 {
        words.push_str(&format!(
            "Left to a person: {}. Totals whose rows are not known: `verify --deep` names them. A damaged file: restore a \
             snapshot, or `backfill` into a new one.\n",
            print::count(mended.left)
        ));
    }
    words
}
