//! The edge: arguments in, exit code out.

mod cli;
mod command;
mod logging;
mod progress_bar;
mod shutdown;
mod supervisor;

use std::process::ExitCode;

use clap::Parser as _;
use pipedrive_mirror::exit::Exit;

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout and are no error; a failing print has no better place to be reported.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Complete.into() };
        }
    };
    let bars = logging::init(&cli);
    match command::run(cli, bars) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print();
            failure.exit.into()
        }
    }
}
