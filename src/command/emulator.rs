//! `emulator`: the stand-in alone.

use std::{convert::Infallible, path::Path, sync::Arc};

use anyhow::Context as _;
use jiff::Timestamp;
use pipedrive_mirror::{
    clock::SystemClock,
    emulator::{
        self, Emulator, Kept, Life, Options, Rate, Removed, StateError, Switches, TOKEN, Wish,
        World,
    },
    exit::Exit,
};
use tokio::net::TcpListener;

use super::{Failure, mirror::runtime, print, shown};
use crate::{cli, shutdown::Shutdown};

pub(crate) fn emulator(args: &cli::Emulator) -> Result<Exit, Failure> {
    let (emulator, kept) = open(args)?;
    runtime()?.block_on(async {
        let shutdown = Shutdown::listen()?;
        let listener = TcpListener::bind(args.listen)
            .await
            .with_context(|| format!("cannot listen on {}; choose another address with --listen", args.listen))?;
        let address = listener.local_addr()?;
        let deals = emulator.world().len() as u64;
        print::text(&format!(
            "A company with {} deals answers on http://{address}\n{}\
             Try it:\n  curl -H 'x-api-token: {TOKEN}' 'http://{address}/api/v2/deals?limit=2'\n\
             Mirror it:\n  PIPEDRIVE_BASE_URL=http://{address} PIPEDRIVE_API_TOKEN={TOKEN} pipedrive-mirror backfill\n",
            print::count(deals),
            habits(args),
        ))?;
        let token = shutdown.token.clone();
        let served =
            emulator::serve(emulator.clone(), listener, async move { token.cancelled().await });
        let seed = kept.seed.wrapping_add(kept.edits.unwrap_or(0));
        tokio::select! {
            served = served => served?,
            error = emulator.lost() => return Err(error.into()),
            never = live(&emulator, args.live, seed) => match never {},
        }
        Ok(shutdown.exit().unwrap_or(Exit::Complete))
    })
}

/// Makes the company, or goes on with the one that is kept.
fn open(args: &cli::Emulator) -> Result<(Emulator, Kept), Failure> {
    let limited = args.requests_per_2s > 0;
    let defaults = Switches::default();
    let switches = Switches {
        burst: limited.then_some(args.requests_per_2s),
        search_burst: defaults.search_burst.filter(|_| limited),
        daily_budget: args.daily_budget,
        latency: args.latency,
        removed_endpoints: if args.removed_endpoints { Removed::There } else { Removed::Gone },
        ..defaults
    };
    let clock = Arc::new(SystemClock::new());
    let wish = Wish { deals: args.deals, seed: args.seed, now: Timestamp::now() };
    let Some(path) = &args.state else {
        let (deals, seed) = (wish.deals.unwrap_or(Wish::DEALS), wish.seed.unwrap_or(Wish::SEED));
        let world = World::generate(&Options { deals, seed, now: wish.now });
        let emulator = Emulator::new(world, switches, clock);
        emulator.forget();
        return Ok((emulator, Kept { seed, edits: None, torn: false }));
    };
    let (emulator, kept) = Emulator::keep(path, &wish, switches, clock)?;
    notice(path, &kept)?;
    Ok((emulator, kept))
}

/// Says what was found in the file.
fn notice(path: &Path, kept: &Kept) -> Result<(), Failure> {
    let file = shown(path);
    if let Some(edits) = kept.edits {
        print::aside(&format!("Going on after {} edits in {file}\n", print::count(edits)))?;
    }
    if kept.torn {
        let text = "its last line was torn, as where a process was killed, and is dropped";
        print::aside(&format!("{file}: {text}\n"))?;
    }
    Ok(())
}

/// Says whether the company works and where it is kept, a line each.
fn habits(args: &cli::Emulator) -> String {
    let live = args.live.map(|rate| format!("It is at work: {rate} on average\n"));
    let state = args.state.as_deref().map(|path| format!("It is kept in {}\n", shown(path)));
    [live, state].into_iter().flatten().collect()
}

/// Lets the company work if it is to.
async fn live(emulator: &Emulator, rate: Option<Rate>, seed: u64) -> Infallible {
    match rate {
        Some(rate) => emulator.live(Life::new(seed, rate)).await,
        None => std::future::pending().await,
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        let exit = match &error {
            StateError::Open { .. } | StateError::Write { .. } => Exit::Failed,
            StateError::InUse { .. } => Exit::Locked,
            _ => Exit::Usage,
        };
        Self::new(exit, error.to_string())
    }
}
