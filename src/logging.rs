//! Logs go to stderr, above the progress bars.

use std::io::{self, IsTerminal as _, Write};

use indicatif::MultiProgress;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, fmt::MakeWriter, prelude::*};

use crate::cli::{Cli, Color, Command, LogFormat};

/// Starts logging as the command line asks; returns the bars that log lines must not tear.
pub(crate) fn init(cli: &Cli) -> MultiProgress {
    match cli.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let bars = MultiProgress::new();
    // Nobody looks at a daemon but through its log.
    let usual = match cli.command {
        Command::Daemon => LevelFilter::INFO,
        _ => LevelFilter::WARN,
    };
    let level = match (cli.quiet, cli.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => usual,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    // Libraries log for their authors; a person who asked for more of ours gets their warnings only.
    let filter = Targets::new()
        .with_target("pipedrive_mirror", level)
        .with_default(level.min(LevelFilter::WARN));
    let colour = match cli.color {
        Color::Auto => io::stderr().is_terminal(),
        Color::Always => true,
        Color::Never => false,
    };
    let lines = AboveBars(bars.clone());
    let layer =
        tracing_subscriber::fmt::layer().with_writer(lines).with_target(false).with_ansi(colour);
    let registry = tracing_subscriber::registry().with(filter);
    match cli.log_format {
        LogFormat::Text => registry.with(layer).init(),
        LogFormat::Json => registry.with(layer.json()).init(),
    }
    bars
}

/// Writes lines to stderr while the bars are taken off the screen.
#[derive(Clone)]
struct AboveBars(MultiProgress);

impl Write for AboveBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for AboveBars {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
