//! `status`: from the database alone, beside whoever writes.

use jiff::{SignedDuration, Timestamp, ToSpan as _};
use pipedrive_mirror::{
    api::{Options, Outlook},
    config::Config,
    entity::{ENTITIES, find, instant},
    exit::Exit,
    store::{EntityProgress, Reader, Reconciles, Spent},
    sync::accepting,
};
use serde_json::{Value, json};

use super::{Failure, mirror::options, print, shown};

/// All that is shown.
struct Status {
    company: Option<String>,
    entities: Vec<(&'static str, EntityProgress, Option<i64>)>,
    spent: Vec<Spent>,
    left: Option<u64>,
    outlook: Outlook,
    deals: [u64; 4],
    without_column: Vec<String>,
    left_out: Vec<String>,
    reconciles: Reconciles,
}

pub(crate) fn status(config: &Config, json: bool) -> Result<Exit, Failure> {
    let status = read(&Reader::open_current(&config.database)?, &options(config))?;
    if json {
        print::json(&to_json(&status))?;
    } else {
        print::text(&in_words(&status, &shown(&config.database)))?;
    }
    Ok(Exit::Complete)
}

fn read(reader: &Reader, options: &Options) -> Result<Status, Failure> {
    let source_now = Timestamp::now()
        .checked_add(SignedDuration::from_secs(reader.clock_offset()?))
        .unwrap_or(Timestamp::MAX);
    let mut entities = Vec::new();
    for entity in ENTITIES {
        let progress = reader.progress(entity.name)?;
        // From the start of the last complete pass, never from the mark: a quiet weekend is not a stale mirror.
        let began =
            progress.checkpoint.as_ref().and_then(|checkpoint| checkpoint.complete_began_at);
        entities.push((
            entity.name,
            progress,
            began.map(|began| source_now.duration_since(began).as_secs().max(0)),
        ));
    }
    let today = source_now.checked_sub(24.hours()).unwrap_or(source_now);
    let count =
        |condition: &str| reader.count(&format!("SELECT count(*) FROM deals WHERE {condition}"));
    let live = "is_deleted = 0 AND _missing_since IS NULL";
    Ok(Status {
        company: reader
            .account()?
            .and_then(|account| account.company_name.or(account.company_domain)),
        entities,
        spent: reader.spent_since(today)?,
        left: reader.budget_left(source_now)?,
        outlook: Outlook::new(options, &reader.books(source_now)?, source_now),
        deals: [
            count(live)?,
            count(&format!("{live} AND is_archived = 1"))?,
            count("is_deleted = 1")?,
            count("_missing_since IS NOT NULL")?,
        ],
        without_column: reader.fields_without_column()?,
        left_out: reader.fields_left_out()?,
        reconciles: reader.reconciles()?,
    })
}

fn to_json(status: &Status) -> Value {
    let entities: Vec<Value> = status
        .entities
        .iter()
        .map(|(name, progress, lag)| {
            let checkpoint = progress.checkpoint.as_ref();
            let at = |at: Option<Timestamp>| at.map(instant::text);
            json!({
                "entity": name,
                "lag_s": lag,
                "last_success": at(checkpoint.and_then(|checkpoint| checkpoint.completed_at)),
                "owed": progress.owing.count,
                "owed_since": progress.owing.since,
                "owed_failing": progress.owing.failing,
                "owed_error": progress.owing.error.as_ref().map(|(id, error)| match find(name).and_then(|entity| entity.child()) {
                    Some(_) => json!({"deal": id, "error": error}),
                    None => json!({"id": id, "error": error}),
                }),
                "owed_parked": progress.owing.parked,
                "refused_since": at(progress.refused_since),
                "waits_until": at(progress.held.as_ref().map(|held| held.until)),
                "mark": at(checkpoint.and_then(|checkpoint| checkpoint.mark)),
                "since": at(checkpoint.and_then(|checkpoint| checkpoint.floor)),
                "in_progress": checkpoint.is_some_and(|checkpoint| checkpoint.cursor.is_some()),
                "quarantined": progress.quarantined,
                "last_outcome": progress.last_run.as_ref().and_then(|run| run.outcome.clone()),
                "last_error": progress.last_run.as_ref().and_then(|run| run.error.clone()),
            })
        })
        .collect();
    let [live, archived, deleted, missing] = status.deals;
    json!({
        "company": status.company,
        "deals": {"live": live, "archived": archived, "deleted": deleted, "missing": missing},
        "entities": entities,
        "budget": budget(status),
        "fields_without_column": status.without_column,
        "fields_left_out": status.left_out,
        "reconcile": {
            "last": status.reconciles.last.map(instant::text),
            "under_way": status.reconciles.under_way.map(instant::text),
            "owed": status.reconciles.owed,
            "counted": status.reconciles.counted,
            "absent": status.reconciles.absent.iter().map(|(_, count)| count).sum::<u64>(),
        },
    })
}

/// `left` is what the source last said is left to the company, null where that is an hour ago or more; `share_left` is
/// what is left of our own share.
fn budget(status: &Status) -> Value {
    let outlook = &status.outlook;
    let endpoints: Vec<Value> = status
        .spent
        .iter()
        .map(|spent| json!({"endpoint": spent.endpoint, "requests": spent.requests, "cost": spent.cost}))
        .collect();
    let postponed: Vec<Value> = outlook
        .postponed
        .iter()
        .map(|one| json!({"what": one.what, "until": instant::text(one.until), "why": one.why}))
        .collect();
    json!({
        "spent": spent(status),
        "left": status.left,
        "daily_budget": outlook.budget,
        "reserve": outlook.reserve,
        "share": outlook.share,
        "share_left": outlook.left,
        "trickle_share": outlook.trickle_share,
        "trickle_spent": outlook.trickle_counted,
        "postponed": postponed,
        "endpoints": endpoints,
    })
}

fn spent(status: &Status) -> u64 {
    status.spent.iter().map(|spent| spent.cost).sum()
}

fn in_words(status: &Status, database: &str) -> String {
    let [live, archived, deleted, missing] = status.deals.map(print::count);
    let company = status.company.as_deref().map_or_else(|| "no company yet".into(), print::escaped);
    let mut words = format!(
        "{database}: mirror of {company}\n{live} live deals, {archived} of them archived; {deleted} deleted, {missing} gone\n\n"
    );
    let rows =
        status.entities.iter().map(|(name, progress, lag)| row(name, progress, *lag)).collect();
    words.push_str(&print::table(
        &["", "fresh as of", "last run", "owed", "since", "quarantined"],
        rows,
        &[3, 5],
    ));
    let left = status.left.map_or_else(String::new, |left| {
        format!(", {} left to the company today", print::count(left))
    });
    words
        .push_str(&format!("\nCost in the last 24 hours: {}{left}\n", print::count(spent(status))));
    let outlook = &status.outlook;
    words.push_str(&format!(
        "The mirror's share is {} of {} a day; {} are left of it\n",
        print::count(outlook.share),
        print::count(outlook.budget),
        print::count(outlook.left)
    ));
    for postponed in &outlook.postponed {
        let what =
            if postponed.what == "all" { "everything" } else { "what is asked deal by deal" };
        words.push_str(&format!("Postponed: {what}: {}\n", postponed.why));
    }
    let rows = status
        .spent
        .iter()
        .map(|spent| {
            vec![spent.endpoint.clone(), print::count(spent.requests), print::count(spent.cost)]
        })
        .collect::<Vec<_>>();
    if !rows.is_empty() {
        words.push_str(&print::table(&["endpoint", "requests", "cost"], rows, &[1, 2]));
    }
    for (name, progress, _) in &status.entities {
        words.push_str(&troubles(name, progress));
        if let Some(error) = progress.last_run.as_ref().and_then(|run| run.error.as_ref()) {
            words.push_str(&format!("\n{name}: {}", print::escaped(error)));
        }
    }
    words.push_str(&of_reconciles(&status.reconciles));
    if !status.without_column.is_empty() {
        words.push_str(&format!(
            "\n{} custom fields have no column (the database's limit of columns); their values are in deal_raw: {}",
            status.without_column.len(),
            status.without_column.join(", ")
        ));
    }
    if !status.left_out.is_empty() {
        words.push_str(&format!(
            "\n{} custom fields have no room in the view deals_wide; their values are in deal_custom_fields: {}",
            status.left_out.len(),
            status.left_out.join(", ")
        ));
    }
    words
}

/// Says what could not be had of the children that are owed, and why.
fn troubles(name: &str, progress: &EntityProgress) -> String {
    let mut words = String::new();
    if let Some(since) = progress.refused_since {
        words.push_str(&format!(
            "\n{name}: the source refuses it altogether since {}; the plan may lack it, and it is asked again once a week",
            instant::text(since)
        ));
    }
    if let Some(held) = &progress.held {
        words.push_str(&format!(
            "\n{name}: it failed {} times in a row and is asked for again after {}: {}",
            held.failures,
            instant::text(held.until),
            print::escaped(&held.why)
        ));
    }
    if let Some((id, error)) = &progress.owing.error {
        words.push_str(&format!(
            "\n{name}: {} of what is owed failed, such as that of {id}; {} of them wait for their next change or a reconcile: {}",
            print::count(progress.owing.failing),
            print::count(progress.owing.parked),
            print::escaped(error)
        ));
    }
    words
}

fn of_reconciles(reconciles: &Reconciles) -> String {
    let mut words = String::new();
    match (reconciles.last, reconciles.under_way) {
        (_, Some(at)) => {
            words.push_str(&format!(
                "\nreconcile: under way, last gone on with at {}",
                instant::text(at)
            ));
        }
        (Some(at), None) => {
            words.push_str(&format!("\nreconcile: last complete at {}", instant::text(at)))
        }
        (None, None) => {}
    }
    if let Some(why) = &reconciles.owed {
        words.push_str(&format!("\nreconcile: owed, as {}", print::escaped(why)));
    }
    let absent = reconciles.absent.iter().filter(|_| reconciles.under_way.is_none());
    for (table, count) in absent {
        words.push_str(&format!(
            "\nreconcile: {count} {table} are gone from the source, which waits for a person; `{}` takes them",
            accepting(table, *count)
        ));
    }
    if let Some(numbers) = reconciles.counted.as_ref().filter(|counted| *counted != "equal") {
        words.push_str(&format!(
            "\nlive deals counted after the first pass: {}",
            print::escaped(numbers)
        ));
    }
    words
}

fn row(name: &str, progress: &EntityProgress, lag: Option<i64>) -> Vec<String> {
    let fresh = match (lag, &progress.checkpoint) {
        (Some(seconds), _) => ago(seconds),
        (None, Some(checkpoint)) if checkpoint.mark.is_some() => "first pass under way".to_owned(),
        (None, None) if progress.last_run.is_some() => "not all read yet".to_owned(),
        _ => "never read".to_owned(),
    };
    let last = match &progress.last_run {
        None => String::new(),
        Some(run) => {
            let outcome = run.outcome.as_deref().unwrap_or("running, or died");
            format!("{} {}", run.started_at, outcome.replace('_', " "))
        }
    };
    let owed = match progress.owing.count {
        0 => String::new(),
        count => print::count(count),
    };
    let since = progress.owing.since.clone().unwrap_or_default();
    vec![name.to_owned(), fresh, last, owed, since, print::count(progress.quarantined)]
}

fn ago(seconds: i64) -> String {
    match seconds {
        0..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}
