//! What the schedules in force cost a day, in words.

use pipedrive_mirror::{
    api::Outlook,
    sync::{Tick, Upkeep},
};

use super::{
    print,
    quoted::{percent, whole},
};

/// What the schedules cost, and what that has to fit into.
pub(super) struct Schedules {
    pub(super) upkeep: Upkeep,
    pub(super) outlook: Outlook,
    /// Whether a database told how many rows there are.
    pub(super) mirrored: bool,
    /// Why the database that is there could not be asked.
    pub(super) unread: Option<String>,
}

/// Names every schedule with its cost, and the sum.
pub(super) fn in_one_line(upkeep: &Upkeep) -> String {
    let each: Vec<String> = upkeep
        .ticks
        .iter()
        .map(|tick| format!("{} {}", tick.what, print::count(whole(tick.cost))))
        .collect();
    format!(
        "The schedules in force cost {} a day while nothing changes: {}.\n",
        print::count(whole(upkeep.cost())),
        each.join(", ")
    )
}

/// Lays out every schedule, sets the sum against the mirror's share, and warns if it does not fit.
pub(super) fn in_words(schedules: &Schedules) -> String {
    let Schedules { upkeep, outlook, .. } = schedules;
    let rows = upkeep
        .ticks
        .iter()
        .map(|tick| vec![tick.what.to_owned(), often(tick.runs), print::count(whole(tick.cost))]);
    let mut words =
        print::table(&["schedule", "runs a day", "cost a day"], rows.collect(), &[1, 2]);
    let part = upkeep.cost() / outlook.share.max(1) as f64;
    words.push_str(&format!(
        "The schedules cost {} a day while nothing changes, {} % of the mirror's share of {} ({} % of {}).\n",
        print::count(whole(upkeep.cost())),
        percent(part, part),
        print::count(outlook.share),
        rounded(outlook.share as f64 * 100.0 / outlook.budget.max(1) as f64),
        print::count(outlook.budget),
    ));
    match &schedules.unread {
        Some(why) => words.push_str(&format!(
            "The database could not be asked how many rows there are, so every list counts as one page: {}.\n",
            print::escaped(why)
        )),
        None if !schedules.mirrored => words.push_str(
            "There is no database yet, so every list counts as one page; `pipedrive-mirror plan` asks how many deals there are.\n",
        ),
        None => {}
    }
    if upkeep.cost() > outlook.share as f64 {
        words.push_str(&too_much(upkeep, outlook.share));
    }
    words
}

/// Says that the schedules alone cost more than may be spent, and what to do about it.
fn too_much(upkeep: &Upkeep, share: u64) -> String {
    let Some(most) = most_expensive(upkeep) else { return String::new() };
    format!(
        "WARNING: the schedules alone cost more than the mirror may spend, so every day it stands still once its share is\n\
         spent. The most expensive is `{}`, {} a day{}. Make\n\
         {} rarer, or raise limits.daily_share, or limits.daily_budget if the company's is larger.\n",
        most.what,
        print::count(whole(most.cost)),
        fitting(upkeep, most, share),
        key(most),
    )
}

/// Returns the schedule that costs most.
pub(super) fn most_expensive(upkeep: &Upkeep) -> Option<&Tick> {
    upkeep.ticks.iter().max_by(|one, other| one.cost.total_cmp(&other.cost))
}

/// Says how often `most` could run, if the others stay as they are.
fn fitting(upkeep: &Upkeep, most: &Tick, share: u64) -> String {
    let rest = share as f64 - (upkeep.cost() - most.cost);
    let runs = (rest / (most.cost / most.runs)).floor();
    if runs < 1.0 {
        return String::new();
    }
    format!(" for {} runs; {} would fit", often(most.runs), often(runs))
}

/// Returns the key of the configuration that says when it is due.
pub(super) fn key(tick: &Tick) -> String {
    match tick.what {
        "reconcile" => "reconcile.schedule".to_owned(),
        "verify" => "verify.daily_cost".to_owned(),
        entity => format!("entities.{entity}.schedule"),
    }
}

/// Writes how often a day something is: a whole number, or two decimals.
fn often(runs: f64) -> String {
    if runs.fract() == 0.0 { print::count(whole(runs)) } else { rounded(runs) }
}

/// Writes a number with two decimals at most.
fn rounded(number: f64) -> String {
    format!("{number:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use pipedrive_mirror::{api::Options, seams::Books};

    use super::*;

    fn schedules(ticks: &[(&'static str, f64, f64)]) -> Schedules {
        let ticks = ticks.iter().map(|&(what, runs, cost)| Tick { what, runs, cost }).collect();
        Schedules {
            upkeep: Upkeep { ticks },
            outlook: Outlook::new(&Options::default(), &Books::default(), Timestamp::UNIX_EPOCH),
            mirrored: true,
            unread: None,
        }
    }

    #[test]
    fn schedules_that_fit_are_set_against_the_share() {
        let fit = schedules(&[("deals", 288.0, 2_880.0), ("reconcile", 1.0 / 7.0, 30.0)]);
        insta::assert_snapshot!(in_words(&fit), @"
          schedule   runs a day  cost a day
          deals             288       2,880
          reconcile        0.14          30
        The schedules cost 2,910 a day while nothing changes, 19.4 % of the mirror's share of 15,000 (50 % of 30,000).
        ");
        insta::assert_snapshot!(in_one_line(&fit.upkeep), @"The schedules in force cost 2,910 a day while nothing changes: deals 2,880, reconcile 30.");
    }

    #[test]
    fn schedules_that_do_not_fit_are_a_warning_that_names_the_most_expensive_and_a_remedy() {
        let words = in_words(&schedules(&[("deals", 2_880.0, 28_800.0), ("users", 1.0, 20.0)]));
        insta::assert_snapshot!(words.split_once("WARNING").unwrap().1, @"
        : the schedules alone cost more than the mirror may spend, so every day it stands still once its share is
        spent. The most expensive is `deals`, 28,800 a day for 2,880 runs; 1,498 would fit. Make
        entities.deals.schedule rarer, or raise limits.daily_share, or limits.daily_budget if the company's is larger.
        ");
        let words = in_words(&schedules(&[("reconcile", 1.0, 50_000.0)]));
        insta::assert_snapshot!(words.split_once("WARNING").unwrap().1, @"
        : the schedules alone cost more than the mirror may spend, so every day it stands still once its share is
        spent. The most expensive is `reconcile`, 50,000 a day. Make
        reconcile.schedule rarer, or raise limits.daily_share, or limits.daily_budget if the company's is larger.
        ");
    }
}
