//! `plan`, and what `backfill` says before it begins: the price, before it is paid.
//!
//! A mirror that was filled once is its own measure: nothing is sent and no lock is taken. Before that the source is asked
//! how many deals it has, through the same gate and ledger as everything else.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use pipedrive_mirror::{
    api::{Client, Outlook, Spent},
    clock::SystemClock,
    config::Config,
    exit::Exit,
    seams::{Books, Clock as _, Ledger, SpentHour, Standing as Limits},
    store::{Account, Lock, Reader, Store, StoreError, Writer},
    sync::{self, Forecast, Mode, Pace, Standing, Upkeep, Wanted},
};

use super::{
    Failure,
    mirror::{Source, options, runtime},
    print, quoted,
    spending::Spending,
    upkeep::{self, Schedules},
    wanted::{settings, wanted},
};
use crate::cli;

/// A price, and what it rests on.
pub(super) struct Quote {
    pub(super) standing: Standing,
    pub(super) forecast: Forecast,
    pub(super) pace: Pace,
    pub(super) upkeep: Upkeep,
    /// What asking for it cost.
    pub(super) own: Spent,
    /// Whether there is a database.
    pub(super) mirrored: bool,
}

/// What can be known without a request.
struct Seen {
    standing: Standing,
    books: Books,
    account: Option<Account>,
    /// The source's time.
    now: Timestamp,
}

pub(crate) fn plan(config: &Config, args: &cli::Plan) -> Result<Exit, Failure> {
    let mode = match args.restart {
        true => Mode::Backfill { since: None, restart: true },
        false => Mode::Sync,
    };
    let quote = quote(config, &mode, &wanted(config, &args.which)?, true)?;
    if args.json.json {
        print::json(&quoted::to_json(&quote))?;
    } else {
        print::text(&quoted::in_words(&quote))?;
        print::text(&upkeep::in_one_line(&quote.upkeep))?;
    }
    Ok(Exit::Complete)
}

/// Says on stderr what a backfill of `wanted` costs. The database is there, and nobody holds it.
///
/// What keeps the price from being known is no reason to fail here: if it lasts, the run meets it and says so.
pub(super) fn announce(config: &Config, mode: &Mode, wanted: &[Wanted]) {
    // The run itself asks whose token it is.
    match quote(config, mode, wanted, false) {
        Ok(quote) => {
            // Nobody can be told if that fails.
            let _ = print::aside(&quoted::in_words(&quote));
        }
        Err(error) => tracing::debug!("The price is not known: {error}"),
    }
}

fn quote(
    config: &Config,
    mode: &Mode,
    wanted: &[Wanted],
    ask_whose: bool,
) -> Result<Quote, Failure> {
    let settings = settings(config, &config.base_url);
    let look = || look(config, mode, wanted);
    let (mut seen, mut own) = (look()?, Spent::default());
    let mirrored = seen.is_some();
    if seen.as_ref().is_none_or(|seen| seen.standing.needs_total()) {
        let account = seen.as_ref().and_then(|seen| seen.account.clone());
        let asked = ask(config, mirrored, account, ask_whose)?;
        own = asked.spent;
        seen = match mirrored {
            true => look()?,
            false => Some(Seen {
                standing: Standing::without_mirror(&settings, mode, wanted, Some(asked.total)),
                books: asked.books,
                account: None,
                now: asked.now,
            }),
        };
    }
    // It was there a moment ago.
    let seen = seen.ok_or_else(|| StoreError::Absent(config.database.clone()))?;
    Ok(Quote {
        forecast: Forecast::new(&seen.standing),
        pace: Pace::new(&options(config), &seen.books, seen.now),
        upkeep: Upkeep::new(&seen.standing, &settings, wanted, seen.now),
        standing: seen.standing,
        own,
        mirrored,
    })
}

/// Returns what the schedules in force cost, without a request and without the lock.
pub(super) fn schedules(config: &Config) -> Result<Schedules, Failure> {
    let wanted = wanted(config, &cli::Which::default())?;
    let (settings, mode) = (settings(config, &config.base_url), Mode::Sync);
    let (seen, unread) = match look(config, &mode, &wanted) {
        Ok(seen) => (seen, None),
        // A database that cannot be read does not make the configuration wrong.
        Err(error) => (None, Some(error.to_string())),
    };
    let mirrored = seen.is_some();
    let seen = seen.unwrap_or_else(|| Seen {
        standing: Standing::without_mirror(&settings, &mode, &wanted, None),
        books: Books::default(),
        account: None,
        now: Timestamp::now(),
    });
    Ok(Schedules {
        upkeep: Upkeep::new(&seen.standing, &settings, &wanted, seen.now),
        outlook: Outlook::new(&options(config), &seen.books, seen.now),
        mirrored,
        unread,
    })
}

/// Reads what the mirror tells; `None` where there is none.
fn look(config: &Config, mode: &Mode, wanted: &[Wanted]) -> Result<Option<Seen>, Failure> {
    let reader = match Reader::open_current(&config.database) {
        Err(StoreError::Absent(_)) => return Ok(None),
        other => other?,
    };
    let offset = SignedDuration::from_secs(reader.clock_offset()?);
    let now = Timestamp::now().checked_add(offset).unwrap_or(Timestamp::MAX);
    let settings = settings(config, &config.base_url);
    Ok(Some(Seen {
        standing: Standing::read(&reader, &settings, mode, wanted, now)?,
        books: reader.books(now)?,
        account: reader.account()?,
        now,
    }))
}

/// What the source said.
struct Asked {
    total: u64,
    spent: Spent,
    /// What the answers told, for want of a database that keeps it.
    books: Books,
    now: Timestamp,
}

/// Asks the source how many live deals it has, and before that, with `whose`, whether it is the company of `account`.
fn ask(
    config: &Config,
    mirrored: bool,
    account: Option<Account>,
    whose: bool,
) -> Result<Asked, Failure> {
    let source = Source::of(config)?;
    let spending = match mirrored {
        true => {
            let lock = Lock::acquire(&config.database)?;
            Spending::in_database(Store::open(lock, config.database_mode.bits())?)?
        }
        false => Spending::in_memory(),
    };
    let asked = questions(config, source, spending.ledger(), spending.writer(), account, whose);
    let asked = runtime()?.block_on(asked);
    spending.close();
    asked
}

async fn questions(
    config: &Config,
    source: Source,
    ledger: Arc<dyn Ledger>,
    writer: Option<Writer>,
    account: Option<Account>,
    whose: bool,
) -> Result<Asked, Failure> {
    let clock = Arc::new(SystemClock::new());
    let options = options(config);
    let client = Client::new(source.transport, clock.clone(), ledger, source.token, &options);
    let total = async {
        if whose {
            let found = sync::ask(&client, &source.base_url).await?;
            check(account, &found)?;
        }
        Ok::<_, Failure>(sync::ask_total(&client).await?)
    };
    let total = total.await;
    // What was spent is written down whatever came of it.
    client.close().await?;
    let total = total?;
    if let Some(writer) = writer {
        writer.run(move |store| store.set_live_total(total)).await?;
    }
    let (facts, spent) = (client.facts(), client.spent());
    let now = facts.date.unwrap_or_else(|| clock.now());
    let standing = Limits {
        burst_limit: facts.burst_limit,
        daily_limit: facts.daily_limit,
        daily_left: facts.daily_remaining.map(|left| (left, now)),
        ..Limits::default()
    };
    let spent_now = vec![SpentHour { hour: now, cost: spent.cost, trickle: 0 }];
    Ok(Asked { total, spent, books: Books { spent: spent_now, standing }, now })
}

/// Refuses another company's token: its deals are none of this mirror's.
pub(super) fn check(account: Option<Account>, found: &Account) -> Result<(), Failure> {
    match account.filter(|stored| stored.company_id != found.company_id) {
        None => Ok(()),
        Some(stored) => {
            let name = |account: &Account| match &account.company_domain {
                Some(domain) => format!("{} ({domain})", account.company_id),
                None => account.company_id.to_string(),
            };
            let fault = sync::Fault::OtherCompany { stored: name(&stored), found: name(found) };
            Err(Failure::new(Exit::Usage, fault.to_string()))
        }
    }
}
