//! Pages of v1: `start` and `limit`, and `sort`.

use std::cmp::Ordering;

use serde_json::{Value as Json, json};

use super::{
    answer, list,
    query::{Query, Refusal, one_of, positive},
    switches::Switches,
};
use crate::seams::Response;

/// The part of a list that was asked for.
pub(super) struct Stretch {
    start: usize,
    limit: usize,
}

impl Stretch {
    /// Reads `start` and `limit`; being v1, other parameters are none of its business.
    pub(super) fn parse(query: &Query, switches: &Switches) -> Result<Self, Refusal> {
        Self::new(query, list::limit(query, switches)?)
    }

    /// Reads them where a page holds at most `most`.
    pub(super) fn up_to(most: usize, query: &Query, switches: &Switches) -> Result<Self, Refusal> {
        Self::new(query, list::limit_up_to(most, query, switches)?)
    }

    fn new(query: &Query, limit: usize) -> Result<Self, Refusal> {
        let start = match query.get("start") {
            None | Some("0") => 0,
            Some(start) => positive("start", start)? as usize,
        };
        Ok(Self { start, limit })
    }

    /// Returns the rows of the page and what the answer says of it.
    pub(super) fn cut<T>(&self, rows: impl IntoIterator<Item = T>) -> (Vec<T>, Json) {
        let Self { start, limit } = *self;
        let mut rest = rows.into_iter().skip(start);
        let page = rest.by_ref().take(limit).collect();
        let more = rest.next().is_some();
        let mut pagination =
            json!({"start": start, "limit": limit, "more_items_in_collection": more});
        if more {
            pagination["next_start"] = (start + limit).into();
        }
        (page, pagination)
    }
}

/// The order that `sort` asks for: members, and whether the greatest comes first.
///
/// Source: API reference v1, `sort`: "The field names and sorting mode separated by a comma (`field_name_1 ASC`,
/// `field_name_2 DESC`)". That the mode may be left out or be in small letters is a guess.
pub(super) struct Sort(Vec<(&'static str, bool)>);

impl Sort {
    /// Reads `sort`, which knows the members of `known`.
    pub(super) fn parse(query: &Query, known: &[&'static str]) -> Result<Self, Refusal> {
        let members = known.iter().map(|member| (*member, *member)).collect::<Vec<_>>();
        let part = |part: &str| {
            let (member, mode) = part.split_once(' ').unwrap_or((part, "asc"));
            let mode = mode.trim().to_lowercase();
            let descending = one_of("sort", &mode, &[("asc", false), ("desc", true)])?;
            Ok((one_of("sort", member, &members)?, descending))
        };
        query
            .list("sort")
            .unwrap_or_default()
            .into_iter()
            .map(part)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Sorts `rows`; what is equal in all members stays in its order.
    pub(super) fn apply<T>(&self, rows: &mut [T], compare: impl Fn(&str, &T, &T) -> Ordering) {
        rows.sort_by(|a, b| {
            let by = |(member, descending): &(&str, bool)| {
                let order = compare(member, a, b);
                if *descending { order.reverse() } else { order }
            };
            self.0.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
    }
}

/// Answers with a page.
pub(super) fn answer(
    rows: Vec<Json>,
    pagination: Json,
    related: Option<Json>,
    switches: &Switches,
) -> Response {
    let nothing = rows.is_empty() && switches.empty_page_null;
    let mut body = json!({
        "success": true, "data": if nothing { Json::Null } else { rows.into() },
        "additional_data": {"pagination": pagination},
    });
    if let Some(related) = related {
        body["related_objects"] = related;
    }
    answer::whole(&body)
}
