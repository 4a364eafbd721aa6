//! `/v1/deals/timeline`, also of archived deals: deals period by period, by a date of theirs.

mod field;
mod view;

use std::ops::Bound;

use jiff::{ToSpan as _, civil::Date};
use serde::Serialize;

use super::{
    answer,
    deal::{Deal, Status},
    generate::CURRENCIES,
    index::SortBy,
    query::{Query, Refusal},
    switches::TimelineData,
    value::Currency,
    world::{List, World},
    worth::Sums,
};
use crate::seams::Response;
use field::DateField;
pub(super) use view::FlatView;
use view::{TotalsConverted, TotalsView};

/// The most periods one request may ask for; what the real one takes is unknown.
const MAX_AMOUNT: u32 = 1_000;

/// How long a period is.
#[derive(Debug, Clone, Copy)]
enum Interval {
    Day,
    Week,
    Month,
    Quarter,
}

impl Interval {
    /// Returns the first day of the period that begins `count` periods after `start`; `None`: the calendar ends before.
    ///
    /// Source: API reference v1, `interval`: a week is seven days from `start_date`. A month from the 31st on begins
    /// on the last day of a shorter one.
    fn after(self, start: Date, count: i32) -> Option<Date> {
        let span = match self {
            Self::Day => count.days(),
            Self::Week => (7 * count).days(),
            Self::Month => count.months(),
            Self::Quarter => (3 * count).months(),
        };
        start.checked_add(span).ok()
    }
}

/// What a request asks for.
struct Asked {
    /// The first day of each period, and the one behind the last.
    starts: Vec<Date>,
    field: DateField,
    user: Option<super::Id>,
    pipeline: Option<super::Id>,
    with_deals: bool,
    convert_to: Option<Currency>,
}

impl Asked {
    /// Reads the parameters; being v1, it ignores those it does not know.
    fn parse(query: &Query, world: &World) -> Result<Self, Refusal> {
        query.check_filter()?;
        let start = query.date("start_date")?.ok_or(Refusal::missing("start_date"))?;
        let intervals = [
            ("day", Interval::Day),
            ("week", Interval::Week),
            ("month", Interval::Month),
            ("quarter", Interval::Quarter),
        ];
        let interval = query.choice("interval", &intervals)?;
        let interval = interval.ok_or(Refusal::missing("interval"))?;
        let amount = query.id("amount")?.ok_or(Refusal::missing("amount"))?;
        if amount > MAX_AMOUNT {
            return Err(Refusal::over("amount", MAX_AMOUNT as usize));
        }
        let starts = (0..=amount.cast_signed()).map(|nth| interval.after(start, nth));
        let starts = starts.collect::<Option<Vec<_>>>();
        let key = query.get("field_key").ok_or(Refusal::missing("field_key"))?;
        let field = DateField::find(key, world);
        let excluded = query.choice("exclude_deals", &[("0", false), ("1", true)])?;
        Ok(Self {
            starts: starts.ok_or_else(|| {
                Refusal::invalid("amount", "The periods run past the end of the calendar")
            })?,
            field: field.ok_or_else(|| {
                Refusal::invalid("field_key", "The value is not a date field of deals")
            })?,
            user: query.id("user_id")?,
            pipeline: query.id("pipeline_id")?,
            with_deals: !excluded.unwrap_or(false),
            convert_to: query
                .get("totals_convert_currency")
                .map(|code| currency(code, world))
                .transpose()?,
        })
    }

    fn admits(&self, deal: &Deal, list: List, world: &World) -> bool {
        // Source: API reference v1: "Returns not archived open and won deals".
        let status = deal.status != Status::Lost || world.switches().timeline_lost;
        status
            && deal.deleted.is_none()
            && deal.archived.is_some() == (list == List::Archived)
            && self.user.is_none_or(|user| user == deal.owner_id)
            && self.pipeline.is_none_or(|pipeline| pipeline == deal.pipeline_id)
            && world.sees(deal)
    }
}

/// Reads a currency that amounts can be converted to.
fn currency(code: &str, world: &World) -> Result<Currency, Refusal> {
    if code == "default_currency" {
        return Ok(world.company().currency);
    }
    let known = CURRENCIES.iter().find(|(known, _)| known.code() == code);
    let unknown = || Refusal::invalid("totals_convert_currency", "Unknown currency");
    known.map(|(currency, _)| *currency).ok_or_else(unknown)
}

/// The deals of one period and what they come to.
#[derive(Default)]
struct Bucket<'a> {
    deals: Vec<&'a Deal>,
    all: Sums,
    open: Sums,
    won: Sums,
}

#[derive(Serialize)]
struct PeriodView<'a> {
    period_start: String,
    period_end: String,
    /// Whether it is left out or empty where deals are excluded is unknown; it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    deals: Option<Vec<FlatView<'a>>>,
    totals: TotalsView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    totals_converted: Option<TotalsConverted>,
}

pub(super) fn timeline(query: &Query, list: List, world: &World) -> Result<Response, Refusal> {
    let asked = Asked::parse(query, world)?;
    let buckets = buckets(&asked, list, world);
    let views = asked.starts.windows(2).zip(&buckets).map(|(days, bucket)| {
        let last = days[1].saturating_sub(1.day());
        let flat = || bucket.deals.iter().map(|deal| FlatView::of(deal, world)).collect();
        PeriodView {
            period_start: format!("{} 00:00:00", days[0]),
            period_end: format!("{last} 23:59:59"),
            deals: asked.with_deals.then(flat),
            totals: TotalsView::of(bucket),
            totals_converted: asked.convert_to.map(|to| TotalsConverted::of(bucket, to)),
        }
    });
    let periods = views.collect::<Vec<_>>();
    Ok(match (world.switches().timeline_data, &*periods) {
        (TimelineData::ObjectForOne, [period]) => answer::single(period),
        _ => answer::single(periods),
    })
}

/// Puts the deals into the periods their date lies in; those without a date are in none.
fn buckets<'a>(asked: &Asked, list: List, world: &'a World) -> Vec<Bucket<'a>> {
    let unbounded = (Bound::Unbounded, Bound::Unbounded);
    let mut buckets = Vec::new();
    buckets.resize_with(asked.starts.len() - 1, Bucket::default);
    let ids = world.index(list).range(SortBy::Id, unbounded);
    let deals = ids.filter_map(|id| world.shown(id)).filter(|deal| asked.admits(deal, list, world));
    for deal in deals {
        let Some(day) = asked.field.day(deal, world) else { continue };
        let begun = asked.starts.partition_point(|start| *start <= day);
        let Some(bucket) = begun.checked_sub(1).and_then(|nth| buckets.get_mut(nth)) else {
            continue;
        };
        bucket.deals.push(deal);
        bucket.all.add(deal, world);
        match deal.status {
            Status::Open => bucket.open.add(deal, world),
            Status::Won => bucket.won.add(deal, world),
            Status::Lost | Status::Deleted => {}
        }
    }
    buckets
}
