//! `snapshot`: a copy of the database while it is in use.

use std::{ops::ControlFlow, time::Instant};

use anyhow::Context as _;
use indicatif::{BinaryBytes, MultiProgress, ProgressBar, ProgressStyle};
use pipedrive_mirror::{
    config::Config,
    exit::Exit,
    store::{self, SnapshotError},
    sync::of_store,
};
use serde_json::json;

use super::{Failure, mirror::runtime, print, shown};
use crate::{cli, shutdown::Shutdown};

pub(crate) fn snapshot(
    config: &Config,
    args: &cli::Snapshot,
    bars: &MultiProgress,
    quiet: bool,
) -> Result<Exit, Failure> {
    let started = Instant::now();
    let runtime = runtime()?;
    let shutdown =
        runtime.block_on(async { Shutdown::listen() }).context("signals cannot be listened for")?;
    let bar = if quiet || args.json.json { ProgressBar::hidden() } else { bars.add(bar()) };
    let copied = store::snapshot(&config.database, &args.file, args.force, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
        if shutdown.token.is_cancelled() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let copied = copied.map_err(|error| {
        let exit = shutdown.exit().unwrap_or_else(|| exit(&error));
        Failure::new(exit, error.to_string())
    })?;
    let seconds = started.elapsed().as_secs_f64();
    if args.json.json {
        let file = copied.path.to_string_lossy();
        let seconds = (seconds * 1_000.0).round() / 1_000.0;
        print::json(&json!({"file": file, "bytes": copied.bytes, "seconds": seconds}))?;
    } else {
        print::text(&print::escaped(&format!(
            "{} is a copy of {}: {}, checked, in {seconds:.1} s.\n",
            shown(&copied.path),
            shown(&config.database),
            BinaryBytes(copied.bytes),
        )))?;
    }
    Ok(Exit::Complete)
}

fn exit(error: &SnapshotError) -> Exit {
    match error {
        SnapshotError::Store(error) => of_store(error),
        SnapshotError::Exists(_)
        | SnapshotError::Itself(_)
        | SnapshotError::Target { .. }
        | SnapshotError::InUse { .. } => Exit::Usage,
        SnapshotError::Stopped => Exit::Interrupted,
        _ => Exit::Database,
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} % of {len} pages {eta}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
