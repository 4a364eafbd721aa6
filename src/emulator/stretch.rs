//! Pages of v1: `start` and `limit`.

use serde_json::{Value as Json, json};

use super::{
    answer, list,
    query::{Query, Refusal, positive},
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
