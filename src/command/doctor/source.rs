//! The source: whether it can be reached, whose token it is, what its answers say about time and limits.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use pipedrive_mirror::{
    api::{ApiError, BaseUrl, Client, Facts, HttpTransport, Outlook, Timeouts, proxy},
    clock::SystemClock,
    config::Config,
    endpoint::USERS_ME,
    exit::Exit,
    seams::{Books, Clock as _, Standing, TransportError},
    store::{Account, Lock, Store},
    sync::{self, of_api},
};

use super::{
    super::{
        config::whose,
        mirror::{BODY_LIMIT, base_url, options, runtime},
        plan, print,
        spending::Spending,
    },
    Failure, Findings, LIMIT,
    database::{Seen, of_store},
    finding::halves,
    probes::Probes,
};

const ABOUT: &str = "source";

/// Shorter than a run's: a person waits.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    read: Duration::from_secs(15),
    total: Duration::from_secs(20),
};

/// A clock that is wrong by more than this shows in every instant of the mirror's own, and may keep TLS from working.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// What is asked, and of whom.
struct Question {
    base: BaseUrl,
    through: Option<String>,
    probes: Probes,
    /// Whose mirror it is.
    stored: Option<Account>,
}

/// Asks the source, and returns what that cost. `lock` is that of the database, where there is one, and `seen` what it told,
/// where it can be used.
pub(super) fn check(
    config: &Config,
    lock: Option<Lock>,
    seen: Option<Seen>,
    findings: &mut Findings,
) -> Result<u64, Failure> {
    // What is wrong with either was said before.
    let (Ok(base), Ok(_)) = (base_url(config), config.require_token()) else { return Ok(0) };
    let probes = match (&lock, &seen) {
        // What the database knows of the lists cannot be read, and what they cost could not be written down.
        (Some(_), None) => Probes::none(),
        (_, seen) => Probes::choose(config, seen.as_ref().map(|seen| &seen.status)),
    };
    let stored = seen.as_ref().and_then(|seen| seen.account.clone());
    let question = Question { through: proxy(&base), base, probes, stored };
    // A lock that keeps no books is held all the same: only its holder spends.
    let (spending, _held) = match (lock, seen) {
        (Some(lock), Some(_)) => match Store::open(lock, config.database_mode.bits()) {
            Ok(store) => (Spending::in_database(store)?, None),
            Err(error) => {
                of_store(&error, findings);
                return Ok(0);
            }
        },
        (Some(lock), None) => {
            let says = "the cost is not written down, as the database cannot be used";
            findings.note("unbooked", "budget", says, "heal the database, as said above");
            (Spending::in_memory(), Some(lock))
        }
        (None, _) => (Spending::in_memory(), None),
    };
    // Who cannot be told the price is asked for nothing.
    print::aside(&announcement(&question.probes))?;
    let cost = runtime()?.block_on(questions(config, &question, &spending, findings));
    spending.close();
    cost
}

fn announcement(probes: &Probes) -> String {
    let total = USERS_ME.cost + probes.cost();
    let may = match probes.cost() {
        0 => String::new(),
        cost => format!(", and whether it may read {} ({cost})", probes.names()),
    };
    format!(
        "Asking the source whose token it is ({}){may}: this costs {total} at most (of {LIMIT}).\n",
        USERS_ME.cost
    )
}

async fn questions(
    config: &Config,
    question: &Question,
    spending: &Spending,
    findings: &mut Findings,
) -> Result<u64, Failure> {
    let transport = HttpTransport::new(question.base.clone(), TIMEOUTS, BODY_LIMIT)
        .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let (clock, options) = (Arc::new(SystemClock::new()), options(config));
    let token = config.require_token()?.clone();
    let client =
        Client::new(Arc::new(transport), clock.clone(), spending.ledger(), token, &options);
    let asked = ask(&client, question, findings).await;
    if let Err(error) = asked {
        judge(&error, question, findings);
    }
    if client.spent().requests > 0 {
        let facts = client.facts();
        match facts.clock_offset {
            Some(offset) => self::clock(offset, findings),
            None => findings.note(
                "no_date",
                "clock",
                "the answers have no `Date`",
                "nothing, unless a proxy cuts it off",
            ),
        }
        limits(
            facts,
            &Outlook::new(&options, &books(facts), facts.date.unwrap_or_else(|| clock.now())),
            findings,
        );
    }
    // What was spent is written down whatever came of it.
    if let Err(error) = client.close().await {
        judge(&error, question, findings);
    }
    Ok(client.spent().cost)
}

async fn ask(
    client: &Client,
    question: &Question,
    findings: &mut Findings,
) -> Result<(), ApiError> {
    let base = question.base.to_string();
    let account = sync::ask_once(client, &base).await?;
    let through = question
        .through
        .as_ref()
        .map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"));
    findings.ok(ABOUT, format!("{base} answers{through}"));
    if whose_mirror(&account, question.stored.clone(), findings) {
        question.probes.ask(client, findings).await?;
    }
    Ok(())
}

/// Says whose token it is; returns whether it is one for this mirror.
fn whose_mirror(found: &Account, stored: Option<Account>, findings: &mut Findings) -> bool {
    if let Err(failure) = plan::check(stored.clone(), found) {
        let text = failure.to_string();
        let told =
            halves(&text, "use a token of that company, or name another file in database.path");
        findings.error("other_company", "token", told, failure.exit);
        return false;
    }
    match stored.filter(|stored| stored.user_id != found.user_id) {
        Some(stored) => findings.warning(
            "other_user",
            "token",
            &format!(
                "it belongs to {}; the mirror was filled by user {}, who may see other deals",
                whose(found),
                stored.user_id
            ),
            "use that user's token again, or run `pipedrive-mirror reconcile --accept-user`",
        ),
        None => findings.ok("token", format!("it belongs to {}", whose(found))),
    }
    if !found.is_admin {
        findings.warning(
            "not_admin",
            "token",
            "its user is no deals admin, so deals that this user may not see are not mirrored",
            "use the token of a deals admin (or make this user one in Pipedrive under Manage users), unless these deals are all \
             you want",
        );
    }
    true
}

/// What is said where something else than Pipedrive answers.
const ELSEWHERE: &str =
    "check `pipedrive.base_url`, and that no proxy or login page answers in its place";

/// Adds what an error means.
fn judge(error: &ApiError, question: &Question, findings: &mut Findings) {
    let text = error.to_string();
    let (says, next) = halves(&text, ELSEWHERE);
    let (id, about) = match error {
        ApiError::Unreachable(fault) => {
            return unreachable(fault, (says, next), question, findings);
        }
        error if error.is_budget() => return spent(error, (says, next), findings),
        ApiError::RateLimited { .. } => {
            return findings.warning("burst_limit", "budget", says, next);
        }
        ApiError::Forbidden { .. } => {
            // Source: authentication guide: administrators may disable API use per permission set.
            let next = "have an administrator allow this user the API (permission sets), or use another user's token";
            return findings.error("api_not_permitted", "token", (says, next), of_api(error));
        }
        ApiError::Unauthorized => ("token_refused", "token"),
        ApiError::AccountClosed { .. } => ("account_closed", "token"),
        ApiError::Blocked { .. } => ("blocked", ABOUT),
        ApiError::Transient { .. } => ("source_in_trouble", ABOUT),
        ApiError::Redirected { .. } => ("redirected", ABOUT),
        ApiError::Ledger(_) => ("ledger", "database"),
        _ => {
            let told = (says, ELSEWHERE);
            return findings.error("not_pipedrive", ABOUT, told, of_api(error));
        }
    };
    findings.error(id, about, (says, next), of_api(error));
}

/// Adds that there is no budget left for now. Where it is only our part of it, nothing is wrong: it was meant so.
fn spent(error: &ApiError, (says, next): (&str, &str), findings: &mut Findings) {
    let (id, more) = match error {
        ApiError::ShareSpent { .. } => ("share_spent", "or raise limits.daily_share"),
        ApiError::ReserveReached { .. } => ("reserve_reached", "or lower limits.reserve"),
        _ => {
            let more = "find out what else spends it, in Pipedrive's company settings";
            let next = format!("wait: {next}; {more}");
            return findings.error("budget_spent", "budget", (says, &next), of_api(error));
        }
    };
    findings.warning(id, "budget", says, &format!("wait: {next}; {more}"));
}

fn unreachable(
    fault: &TransportError,
    (says, next): (&str, &str),
    question: &Question,
    findings: &mut Findings,
) {
    if let Some(proxy) = &question.through {
        let says = format!("{says}, through the proxy {proxy}");
        let next = "check the proxy that HTTPS_PROXY (or ALL_PROXY) names, or leave the source's host out of it with NO_PROXY";
        return findings.error("proxy", ABOUT, (&says, next), Exit::Failed);
    }
    let (id, next) = match fault {
        TransportError::Resolve { .. } => {
            ("dns", "check the host in `pipedrive.base_url`, and this machine's DNS")
        }
        TransportError::Tls { .. } => (
            "tls",
            "see that `pipedrive.base_url` names Pipedrive, that the clock is right, and that the certificate of a proxy that \
             looks into TLS is installed on this system",
        ),
        _ => ("connection", next),
    };
    findings.error(id, ABOUT, (says, next), Exit::Failed);
}

/// Sets this machine's clock against the source's, which is so far ahead.
pub(super) fn clock(ahead: SignedDuration, findings: &mut Findings) {
    if ahead.abs() <= SKEW {
        return findings
            .ok("clock", format!("within {} s of the source's", ahead.as_secs().abs().max(1)));
    }
    let (seconds, side) =
        (ahead.as_secs().abs(), if ahead.is_positive() { "behind" } else { "ahead of" });
    findings.warning(
        "clock",
        "clock",
        &format!("this machine's is {seconds} s {side} the source's"),
        "set it by the network: timedatectl set-ntp true",
    );
}

fn books(facts: Facts) -> Books {
    let standing = Standing {
        burst_limit: facts.burst_limit,
        daily_limit: facts.daily_limit,
        daily_left: facts.daily_remaining.zip(facts.date),
        ..Standing::default()
    };
    Books { spent: Vec::new(), standing }
}

/// Says what the answers tell of the limits.
fn limits(facts: Facts, outlook: &Outlook, findings: &mut Findings) {
    let told = [
        facts.burst_limit.map(|limit| format!("{limit} requests in 2 s")),
        facts.daily_limit.map(|limit| format!("{} a day", print::count(limit))),
        facts.daily_remaining.map(|left| format!("{} left today", print::count(left))),
    ];
    let told: Vec<String> = told.into_iter().flatten().collect();
    if told.is_empty() {
        findings.note(
            "limits_untold",
            "budget",
            "the answers do not tell the limits, so the mirror goes by its own count",
            "set limits.daily_budget and limits.requests_per_2s to those of your plan",
        );
    } else {
        findings.ok("budget", told.join(", "));
    }
    for one in outlook.postponed.iter().filter(|one| one.what == "all") {
        let (says, next) = halves(&one.why, "later");
        findings.warning(
            "reserve_reached",
            "budget",
            says,
            &format!("wait: {next}; or lower limits.reserve"),
        );
    }
}
