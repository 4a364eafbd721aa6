//! One page, as large as the source can give it.

use tracing::warn;

use crate::{
    api::{ApiError, Call, Client, Page, Reason},
    endpoint::Paging,
    progress::Cursor,
};

/// How many rows to ask for: less where the source cannot give so many, and again more after each page that came.
#[derive(Debug)]
pub(super) struct PageSize {
    most: usize,
    now: usize,
    asked: usize,
}

impl PageSize {
    pub(super) fn new(most: usize) -> Self {
        Self { most, now: most, asked: most }
    }

    /// Returns how many rows the page was asked for that came last.
    pub(super) fn asked(&self) -> usize {
        self.asked
    }

    fn came(&mut self) {
        self.asked = self.now;
        self.now = self.now.saturating_mul(2).min(self.most);
    }

    /// Asks for less after `error`; returns whether that can help.
    fn shrink(&mut self, error: &ApiError) -> bool {
        let smaller = match error {
            ApiError::TooLarge { .. } => self.now / 2,
            // Whether the source is down or one row breaks the answer shows at once by asking for one row.
            ApiError::Malformed { .. }
            | ApiError::Transient { reason: Reason::Status { .. }, .. } => 1,
            ApiError::Transient { reason: Reason::Transport(_), .. } => 1,
            _ => return false,
        };
        let can = self.now > 1;
        self.now = smaller.max(1);
        can
    }
}

/// How long an answer is worked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// What passes by itself is waited out.
    Full,
    /// One request a size.
    Little,
}

/// Asks for the page at `cursor`, in smaller pieces where the source cannot give it whole.
///
/// # Errors
///
/// The source's; one that [`may_be_one_place`] means that not even one row could be had.
pub(super) async fn page(
    client: &Client,
    call: &Call,
    cursor: Option<&Cursor>,
    size: &mut PageSize,
    mut patience: Patience,
) -> Result<Page, ApiError> {
    loop {
        let error = match ask(client, call, cursor, size, patience).await {
            Ok(page) => return Ok(page),
            Err(error) => error,
        };
        let trouble = matches!(error, ApiError::Transient { .. });
        let asked = size.now;
        if (trouble && patience == Patience::Little) || !size.shrink(&error) {
            return Err(error);
        }
        warn!(
            endpoint = call.endpoint.path,
            "Asking for {} rows instead of {asked}: {error}", size.now
        );
        if trouble {
            // A source in trouble altogether shows by one more question: all patience was spent on the first.
            patience = Patience::Little;
        }
    }
}

async fn ask(
    client: &Client,
    call: &Call,
    cursor: Option<&Cursor>,
    size: &mut PageSize,
    patience: Patience,
) -> Result<Page, ApiError> {
    let sized = match call.endpoint.paging {
        Paging::None => call.clone(),
        Paging::Cursor | Paging::Offset => call.clone().param("limit", size.now).at(cursor),
    };
    let answer = match patience {
        Patience::Full => client.get(&sized).await,
        Patience::Little => client.get_once(&sized).await,
    }?;
    let page = Page::parse(&answer, cursor)?;
    size.came();
    Ok(page)
}

/// Returns whether `error` may come from one row at this place: the source was reached, and it is not about our rate.
pub(super) fn may_be_one_place(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::TooLarge { .. } | ApiError::Malformed { .. } | ApiError::Transient { .. }
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_page_that_is_too_large_is_halved_and_grows_back() {
        let mut size = PageSize::new(500);
        let large = ApiError::TooLarge { path: "/", limit: 1 };
        let mut asked = Vec::new();
        while size.shrink(&large) {
            asked.push(size.now);
        }
        assert_eq!(asked, [250, 125, 62, 31, 15, 7, 3, 1]);
        for _ in 0..10 {
            size.came();
        }
        assert_eq!(size.now, 500);
    }

    #[test]
    fn what_is_broken_rather_than_large_is_tried_with_one_row() {
        let mut size = PageSize::new(500);
        assert!(size.shrink(&ApiError::Malformed { path: "/", what: String::new() }));
        assert_eq!(size.now, 1);
        let down = ApiError::Transient {
            reason: Reason::Status { status: 503, message: String::new() },
            after: Duration::ZERO,
        };
        assert!(!size.shrink(&down));
        assert!(!PageSize::new(500).shrink(&ApiError::Unauthorized));
    }
}
