//! `status`: from the database alone, beside whoever writes.

use jiff::Timestamp;
use pipedrive_mirror::{
    config::Config,
    entity::instant,
    exit::Exit,
    status::{Deals, EntityStatus, Status},
    store::{EntityProgress, Hold, Reader, Reconciles, canonical},
};

use super::{Failure, mirror::options, print, shown};

pub(crate) fn status(config: &Config, json: bool) -> Result<Exit, Failure> {
    let path = canonical(&config.database)?;
    let reader = Reader::open_current(&path)?;
    let status = Status::read(&reader, &path, &options(config), Timestamp::now())?;
    if json {
        print::json(&status.to_json())?;
    } else {
        print::text(&in_words(&status, &shown(&config.database)))?;
    }
    Ok(Exit::Complete)
}

fn in_words(status: &Status, database: &str) -> String {
    let Deals { live, archived, deleted, missing } = status.deals;
    let [live, archived, deleted, missing] = [live, archived, deleted, missing].map(print::count);
    let company = status.company.as_deref().map_or_else(|| "no company yet".into(), print::escaped);
    let mut words = format!(
        "{database}: mirror of {company}\n{live} live deals, {archived} of them archived; {deleted} deleted, {missing} gone\n\n"
    );
    let rows = status.entities.iter().map(row).collect();
    words.push_str(&print::table(
        &["", "fresh as of", "last run", "owed", "since", "quarantined"],
        rows,
        &[3, 5],
    ));
    let left = status.left.map_or_else(String::new, |left| {
        format!(", {} left to the company today", print::count(left))
    });
    words
        .push_str(&format!("\nCost in the last 24 hours: {}{left}\n", print::count(status.cost())));
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
    for EntityStatus { entity, progress, .. } in &status.entities {
        let name = entity.name;
        words.push_str(&troubles(name, progress));
        if let Some(error) = progress.last_run.as_ref().and_then(|run| run.error.as_ref()) {
            words.push_str(&format!("\n{name}: {}", print::escaped(error)));
        }
    }
    words.push_str(&of_reconciles(&status.reconciles));
    if let Some(certificate) = &status.certificate {
        words.push_str(&format!("\nverify: {}", certificate.sentence()));
    }
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
    for attention in status.attention() {
        words.push_str(&format!("\nNeeds a person: {}", print::escaped(&attention.text)));
    }
    words
}

/// Says what could not be had of the children that are owed, and why.
fn troubles(name: &str, progress: &EntityProgress) -> String {
    let mut words = String::new();
    if let Some(since) = progress.refused_since {
        words.push_str(&format!("\n{name}: {}", refusal(since)));
    }
    if let Some(held) = &progress.held {
        words.push_str(&format!("\n{name}: {}", print::escaped(&waiting(held))));
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

/// Says that the source refuses an entity, whatever the deal.
pub(super) fn refusal(since: Timestamp) -> String {
    format!(
        "the source refuses it altogether since {}; the plan may lack it, and it is asked again once a week",
        instant::text(since)
    )
}

/// Says what an entity waits for that failed as a whole.
pub(super) fn waiting(held: &Hold) -> String {
    format!(
        "it failed {} times in a row and is asked for again after {}: {}",
        held.failures,
        instant::text(held.until),
        held.why
    )
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
    if let Some(numbers) = reconciles.counted.as_ref().filter(|counted| *counted != "equal") {
        words.push_str(&format!(
            "\nlive deals counted after the first pass: {}",
            print::escaped(numbers)
        ));
    }
    words
}

fn row(one: &EntityStatus) -> Vec<String> {
    let EntityStatus { entity, progress, lag_s } = one;
    let fresh = match (*lag_s, &progress.checkpoint) {
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
    vec![entity.name.to_owned(), fresh, last, owed, since, print::count(progress.quarantined)]
}

pub(super) fn ago(seconds: i64) -> String {
    match seconds {
        0..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}
