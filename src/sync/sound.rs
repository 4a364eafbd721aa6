//! What a page must be like so that a mark, an absence or an end of the listing may be believed.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::walk::{Leg, Walk};
use crate::{
    api::{ApiError, Page},
    entity::Decoded,
};

/// Pages without rows that are followed before a listing counts as endless.
const EMPTY_PAGES: u32 = 100;

impl Walk<'_> {
    /// Refuses a page after which the listing would not advance.
    pub(super) fn check_place(&mut self, page: &Page) -> Result<(), ApiError> {
        let Some(next) = &page.next else { return Ok(()) };
        let mut hasher = DefaultHasher::new();
        next.hash(&mut hasher);
        self.empty_pages = if page.rows.is_empty() { self.empty_pages + 1 } else { 0 };
        if !self.met.insert(hasher.finish()) || self.empty_pages > EMPTY_PAGES {
            return Err(ApiError::RepeatedCursor { path: self.entity.endpoint.path });
        }
        Ok(())
    }

    /// Refuses a page that cannot be what was asked for.
    pub(super) fn check(&self, page: &Page, decoded: &Decoded) -> Result<(), ApiError> {
        let (bad, path) = (decoded.unreadable.len(), self.entity.endpoint.path);
        if bad >= 20 && bad * 2 > page.rows.len() {
            let reason = &decoded.unreadable[0].reason;
            let what =
                format!("{bad} of {} rows cannot be read (the first: {reason})", page.rows.len());
            return Err(ApiError::Malformed { path, what });
        }
        let times = decoded.records.iter().filter_map(|record| record.changed);
        if self.leg == Leg::ByTime && !self.last.into_iter().chain(times).is_sorted() {
            let what = "rows are not sorted by update_time as was asked, so no mark can be trusted"
                .to_owned();
            return Err(ApiError::Malformed { path, what });
        }
        // Within the page only: a source that counts rows rather than remember ids may begin it with some that were seen.
        let ids = decoded.records.iter().filter_map(|record| record.values[0].int());
        if self.leg == Leg::ById && !ids.is_sorted() {
            let what =
                "rows are not sorted by id as was asked, so no absence can be trusted".to_owned();
            return Err(ApiError::Malformed { path, what });
        }
        Ok(())
    }
}
