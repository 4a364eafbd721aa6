//! `emulator`: the stand-in alone.

use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use pipedrive_mirror::{
    clock::SystemClock,
    emulator::{self, Emulator, Options, Switches, TOKEN, World},
    exit::Exit,
};
use tokio::net::TcpListener;

use super::{Failure, mirror::runtime, print};
use crate::{cli, shutdown::Shutdown};

pub(crate) fn emulator(args: &cli::Emulator) -> Result<Exit, Failure> {
    let world =
        World::generate(&Options { deals: args.deals, seed: args.seed, now: Timestamp::now() });
    let switches = Switches {
        burst: (args.requests_per_2s > 0).then_some(args.requests_per_2s),
        daily_budget: args.daily_budget,
        latency: args.latency,
        ..Switches::default()
    };
    let emulator = Emulator::new(world, switches, Arc::new(SystemClock::new()));
    runtime()?.block_on(async {
        let shutdown = Shutdown::listen()?;
        let listener = TcpListener::bind(args.listen)
            .await
            .with_context(|| format!("cannot listen on {}; choose another address with --listen", args.listen))?;
        let address = listener.local_addr()?;
        print::text(&format!(
            "A company with {} deals answers on http://{address}\n\
             Try it:\n  curl -H 'x-api-token: {TOKEN}' 'http://{address}/api/v2/deals?limit=2'\n\
             Mirror it:\n  PIPEDRIVE_BASE_URL=http://{address} PIPEDRIVE_API_TOKEN={TOKEN} pipedrive-mirror backfill\n",
            print::count(args.deals.into()),
        ))?;
        let token = shutdown.token.clone();
        emulator::serve(emulator, listener, async move { token.cancelled().await }).await?;
        Ok(shutdown.exit().unwrap_or(Exit::Complete))
    })
}
