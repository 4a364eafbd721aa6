//! `demo`: the whole thing without an account.

use std::{path::Path, sync::Arc, time::Instant};

use anyhow::Context as _;
use fastrand::Rng;
use indicatif::MultiProgress;
use jiff::Timestamp;
use pipedrive_mirror::{
    api::Options,
    clock::SystemClock,
    emulator::{self, Cents, Edit, Edited, Emulator, ProductLine, Switches, TOKEN, World},
    entity::ENTITIES,
    exit::Exit,
    id::ApiToken,
    schedule::Schedule,
    store::{ChildRule, Lock, Policy, Reader, Store},
    sync::{Mode, Report, Settings, Take, Wanted},
};
use rusqlite::types::ValueRef;

use super::{
    Failure,
    mirror::{Source, in_words, run, runtime},
    print,
};
use crate::{cli, progress_bar::Progress, shutdown::Shutdown};

/// How many random edits the demo makes besides those it names.
const EDITS: usize = 40;

/// How many product lines it adds.
const LINES: usize = 5;

pub(crate) fn demo(args: &cli::Demo, bars: MultiProgress, quiet: bool) -> Result<Exit, Failure> {
    // A folder of its own, which only the owner can enter and which is gone afterwards.
    let folder = tempfile::tempdir().context("no temporary folder can be made")?;
    let path = match &args.keep {
        Some(path) if path.exists() => {
            let message =
                format!("{} exists already; give --keep the name of a new file", path.display());
            return Err(Failure::new(Exit::Usage, message));
        }
        Some(path) => path.clone(),
        None => folder.path().join("demo.db"),
    };
    let demo = Demo::new(args, &path, Arc::new(Progress::new(bars, quiet)));
    let exit = runtime()?.block_on(demo.play(args))?;
    Ok(exit)
}

struct Demo<'a> {
    emulator: Emulator,
    path: &'a Path,
    progress: Arc<Progress>,
}

impl<'a> Demo<'a> {
    fn new(args: &cli::Demo, path: &'a Path, progress: Arc<Progress>) -> Self {
        let world = World::generate(&emulator::Options {
            deals: args.deals,
            seed: args.seed,
            now: Timestamp::now(),
        });
        let switches = Switches { burst: None, rate_headers: false, ..Switches::default() };
        let emulator = Emulator::new(world, switches, Arc::new(SystemClock::new()));
        Self { emulator, path, progress }
    }

    async fn play(&self, args: &cli::Demo) -> Result<Exit, Failure> {
        let shutdown = Shutdown::listen()?;
        print::text(&format!(
            "This is pipedrive-mirror without an account: a made-up company with {} deals answers on a stand-in of\n\
             Pipedrive's API inside this program. Nothing leaves your machine.\n\n\
             1. Backfill: mirror everything into a SQLite file\n\n",
            print::count(args.deals.into())
        ))?;
        let backfill = Mode::Backfill { since: None, restart: false };
        if let Some(exit) = self.step(&backfill, &shutdown).await? {
            return Ok(exit);
        }
        self.show_counts()?;
        print::text("\n2. Work goes on at the source\n\n")?;
        self.edit()?;
        print::text("\n3. Sync: fetch what changed, and nothing else\n\n")?;
        if let Some(exit) = self.step(&Mode::Sync, &shutdown).await? {
            return Ok(exit);
        }
        self.show_counts()?;
        print::text("\n4. Ask it something: it is an ordinary SQLite database\n")?;
        self.ask()?;
        print::text(&self.farewell(args))?;
        Ok(Exit::Complete)
    }

    /// Carries out one run; returns the exit code if it did not end well.
    async fn step(&self, mode: &Mode, shutdown: &Shutdown) -> Result<Option<Exit>, Failure> {
        let started = Instant::now();
        let report = self.run(mode, shutdown).await?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        print::text(&in_words(&report, &name, started.elapsed().as_secs_f64()))?;
        match report.exit(shutdown.exit()) {
            Exit::Complete => Ok(None),
            exit => match report.fault {
                Some(fault) => Err(Failure::new(exit, fault.to_string())),
                None => Ok(Some(exit)),
            },
        }
    }

    async fn run(&self, mode: &Mode, shutdown: &Shutdown) -> Result<Report, Failure> {
        let token = ApiToken::new(TOKEN).context("the emulator's own token")?;
        let source = Source {
            transport: Arc::new(self.emulator.clone()),
            token,
            base_url: "demo".to_owned(),
        };
        let store = Store::open(Lock::acquire(self.path)?, 0o600)?;
        let wanted = ENTITIES
            .iter()
            .map(|&entity| {
                let schedule = entity.schedule.map(Schedule::parse).transpose()?;
                Ok(Wanted { entity, schedule, take: Take::WhenDue })
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let rules = ENTITIES
            .iter()
            .filter(|entity| entity.child().is_some())
            .map(|&entity| ChildRule { entity, policy: Policy::Counter })
            .collect::<Vec<_>>();
        let settings = Settings { children: Arc::from(rules), ..Settings::new("demo") };
        let observer = self.progress.clone();
        let options = Options {
            // Nobody else is asked, so nobody has to be spared; what it would cost on the smallest plan shows all the same.
            requests_per_2s: Some(1_000_000),
            daily_budget: Some(30_000),
            ..Options::default()
        };
        run(source, store, &options, settings, shutdown, observer, mode, &wanted).await
    }

    /// Prints the deals by status beside what the source itself holds.
    fn show_counts(&self) -> Result<(), Failure> {
        let reader = Reader::open(self.path)?;
        let count = |condition: &str| {
            reader.count(&format!("SELECT count(*) FROM deals WHERE {condition}"))
        };
        let rows_of = |table: &str| {
            reader.count(&format!(
                "SELECT count(*) FROM {table} JOIN deals d ON d.id = deal_id WHERE d.is_deleted = 0"
            ))
        };
        let mirror = [
            count("is_deleted = 0 AND is_archived = 0")?,
            count("is_deleted = 0 AND is_archived = 1")?,
            count("is_deleted = 1")?,
            rows_of("deal_products")?,
            rows_of("deal_installments")?,
        ];
        let world = self.emulator.world();
        let kept = || world.live_ids().chain(world.archived_ids());
        let source = [
            world.live_ids().count(),
            world.archived_ids().count(),
            world.deleted_ids().count(),
            kept().map(|id| world.products(id).len()).sum(),
            kept().map(|id| world.installments(id).len()).sum(),
        ];
        let rows = ["live", "archived", "deleted", "products", "installments"]
            .iter()
            .zip(mirror.iter().zip(source))
            .map(|(name, (mirror, source))| {
                vec![(*name).to_owned(), print::count(*mirror), print::count(source as u64)]
            })
            .collect();
        print::text(&format!("\n{}", print::table(&["deals", "mirror", "source"], rows, &[1, 2])))
    }

    /// Edits the source as a sales team would, and says what was done.
    fn edit(&self) -> Result<(), Failure> {
        let mut world = self.emulator.world();
        let mut rng = Rng::with_seed(11);
        let mut touched = std::collections::BTreeSet::new();
        let live: Vec<_> = world.live_ids().take(4).collect();
        let archived: Vec<_> = world.archived_ids().take(1).collect();
        let deleted: Vec<_> = world.deleted_ids().take(1).collect();
        let mut named: Vec<Edit> = Vec::new();
        named.extend(live.iter().take(2).map(|&id| Edit::DeleteDeal(id)));
        named.extend(live.iter().skip(2).map(|&id| Edit::ArchiveDeal(id)));
        named.extend(archived.iter().map(|&id| Edit::UnarchiveDeal(id)));
        named.extend(deleted.iter().map(|&id| Edit::RestoreDeal(id)));
        for edit in named {
            if let Ok(Edited::Deal(id)) = world.apply(edit) {
                touched.insert(id);
            }
        }
        for _ in 0..EDITS {
            if let (_, Edited::Deal(id)) = world.random_edit(&mut rng) {
                touched.insert(id);
            }
        }
        let product = world.company().products.keys().next().copied();
        let more: Vec<_> = world.live_ids().skip(4).take(LINES).collect();
        for (id, product) in more.into_iter().zip(std::iter::repeat(product).flatten()) {
            if world.apply(Edit::AddProduct(id, ProductLine::new(product, 1, Cents(9_900)))).is_ok()
            {
                touched.insert(id);
            }
        }
        print::text(&format!(
            "{} deals were touched: created, edited, won, lost, deleted, restored, archived, taken out of the archive, or\n\
             given another product line.\n",
            touched.len()
        ))
    }

    /// Asks three questions and prints their answers.
    fn ask(&self) -> Result<(), Failure> {
        let reader = Reader::open(self.path)?;
        let live = "is_deleted = 0 AND _missing_since IS NULL";
        self.question(
            &reader,
            "What is open, what was won, what was lost? (Never add up different currencies.)",
            &format!(
                "SELECT currency, status, count(*) AS deals, round(sum(value), 2) AS value\nFROM deals\n\
                 WHERE {live}\nGROUP BY currency, status ORDER BY currency, value DESC LIMIT 6;"
            ),
        )?;
        self.question(
            &reader,
            "Who buys? In deals_wide custom fields have their names, and options theirs.",
            &format!(
                "SELECT \"Customer type\", count(*) AS won_deals\nFROM deals_wide\n\
                 WHERE status = 'won' AND \"Customer type\" IS NOT NULL AND {live}\n\
                 GROUP BY \"Customer type\" ORDER BY won_deals DESC;"
            ),
        )?;
        self.question(
            &reader,
            "What did the last sync change? _version is a change feed.",
            "SELECT id, title, status, is_archived AS archived, update_time\nFROM deals\n\
             ORDER BY _version DESC, update_time DESC LIMIT 5;",
        )
    }

    fn question(&self, reader: &Reader, question: &str, sql: &str) -> Result<(), Failure> {
        let answer = answer(reader, sql).with_context(|| format!("asking {sql}"))?;
        let indented: String = sql.lines().map(|line| format!("    {line}\n")).collect();
        print::text(&format!("\n{question}\n\n{indented}\n{answer}"))
    }

    fn farewell(&self, args: &cli::Demo) -> String {
        let kept = match &args.keep {
            Some(path) => format!("The database is in {}: sqlite3 {0}\n", path.display()),
            None => "The database is gone now; `demo --keep FILE` keeps it.\n".to_owned(),
        };
        format!(
            "\n{kept}Your own account: in Pipedrive, under Personal preferences > API, copy the token, then\n\n    \
             export PIPEDRIVE_API_TOKEN=…\n    pipedrive-mirror backfill      everything, once\n    \
             pipedrive-mirror sync          what changed, from cron or a timer\n    \
             pipedrive-mirror status        how fresh it is and what it cost\n"
        )
    }
}

/// Runs `sql` and lays out what it answers.
fn answer(reader: &Reader, sql: &str) -> anyhow::Result<String> {
    let mut statement = reader.connection().prepare(sql)?;
    let head: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut right = std::collections::BTreeSet::new();
    let mut lines = Vec::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut line = Vec::new();
        for column in 0..head.len() {
            let value = row.get_ref(column)?;
            if matches!(value, ValueRef::Integer(_) | ValueRef::Real(_)) {
                right.insert(column);
            }
            line.push(shown(value));
        }
        lines.push(line);
    }
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    Ok(print::table(&head, lines, &right.into_iter().collect::<Vec<_>>()))
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:.2}"),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(_) => "(bytes)".to_owned(),
    }
}
