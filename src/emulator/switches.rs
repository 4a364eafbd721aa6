//! What the API leaves unknown, and what a test wants to be otherwise.

use std::time::Duration;

use super::Id;

/// How the emulator behaves where the reference is silent or where an account may differ.
///
/// The defaults are the likeliest behaviour of the real API; each field names the alternative.
#[derive(Debug, Clone)]
pub struct Switches {
    /// What a cursor says.
    pub cursors: Cursors,
    /// A cursor is refused (400) when it is older than this; `None`: it never gets old.
    pub cursor_expires: Option<Duration>,
    /// A cursor is refused (400) after it was used this often; `None`: any number of times.
    pub cursor_uses: Option<u32>,
    /// What stands for the cursor on the last page.
    pub end: End,
    /// What happens to a `limit` over 500.
    pub over_limit: OverLimit,
    /// A page never holds more rows than this, whatever `limit` says; `None`: as many as were asked for.
    pub page_rows: Option<usize>,
    /// Which list shows a deal that is both deleted and archived.
    pub deleted_archived: DeletedArchived,
    /// Whether `GET /deals/{id}` finds a deal that is deleted but not purged.
    pub single_finds_deleted: bool,
    /// When the members of `include_fields` are shown.
    pub optional_members: OptionalMembers,
    /// Leaves out the members of a deal that are null, custom fields too.
    pub omit_nulls: bool,
    /// Which edits set `update_time`.
    pub bumps: Bumps,
    /// Whether an archived deal can be changed other than by unarchive, delete and restore.
    pub archived_editable: bool,
    /// Lists show an edit only this long after it was made; a single deal is always up to date.
    pub visible_after: Duration,
    /// Every n-th deal of the world the emulator starts with has no `update_time`.
    pub null_update_every: Option<Id>,
    /// Every n-th deal of the world the emulator starts with was updated in 2099.
    pub future_update_every: Option<Id>,
    /// `company_id` of `/v1/users/me`, in place of the world's.
    pub company_id: Option<Id>,
    /// Whether the token's user is an administrator; another user sees what they own and what all users may see.
    pub admin: bool,
    /// The token's user, in place of the first one of the company.
    pub user_id: Option<Id>,
    /// How long an answer takes, over TCP and in process.
    pub latency: Duration,
    /// Cost that may be spent per day.
    pub daily_budget: u64,
    /// The hour of UTC at which the day of the budget begins.
    pub reset_hour: u8,
    /// Requests that one token may send within 2 seconds; `None`: any number.
    pub burst: Option<u32>,
    /// The address is blocked with an HTML 403 for ten minutes after this many refusals without a success between them.
    pub block_after: Option<u32>,
    /// Whether answers carry `x-ratelimit-*`.
    pub rate_headers: bool,
    /// Whether answers carry `x-daily-ratelimit-token-*`.
    pub daily_headers: bool,
    /// Whether a request that ends in 4xx or 5xx (other than 401 and 429) costs what a good one costs.
    pub charge_errors: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            cursors: Cursors::Keyset,
            cursor_expires: None,
            cursor_uses: None,
            end: End::Null,
            over_limit: OverLimit::Refuse,
            page_rows: None,
            deleted_archived: DeletedArchived::Archived,
            single_finds_deleted: true,
            optional_members: OptionalMembers::OnRequest,
            omit_nulls: false,
            bumps: Bumps::default(),
            archived_editable: false,
            visible_after: Duration::ZERO,
            null_update_every: None,
            future_update_every: None,
            company_id: None,
            admin: true,
            user_id: None,
            latency: Duration::ZERO,
            // Source: rate limiting page: 30,000 x 7 (Ultimate) x seats; five of them.
            daily_budget: 30_000 * 7 * 5,
            reset_hour: 0,
            // Source: rate limiting page: API tokens of the plan Ultimate.
            burst: Some(120),
            block_after: None,
            rate_headers: true,
            daily_headers: true,
            charge_errors: true,
        }
    }
}

/// What a cursor says about the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursors {
    /// The sort key of its first item: edits between two pages lose nothing in ascending order.
    Keyset,
    /// How many items come before it: edits between two pages shift the rest.
    Offset,
}

/// What stands for the cursor on the last page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// `"additional_data": {"next_cursor": null}`.
    Null,
    /// `"additional_data": {}`.
    Missing,
    /// No `additional_data` at all.
    NoAdditionalData,
    /// `"additional_data": {"next_cursor": ""}`.
    Empty,
}

/// What happens to a `limit` over the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverLimit {
    /// 400, as a search endpoint was seen to answer.
    Refuse,
    /// The maximum is used.
    Clamp,
}

/// Which list shows a deal that is both deleted and archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletedArchived {
    /// `/deals/archived`.
    Archived,
    /// `/deals`.
    Live,
    /// Both.
    Both,
}

/// When the members of `include_fields` are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionalMembers {
    /// Those that were asked for.
    OnRequest,
    /// All, whether asked for or not.
    Always,
    /// None, though they were asked for.
    Never,
}

/// Which edits set `update_time`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bumps {
    /// A change of the deal's own members.
    pub change: bool,
    /// Deletion.
    pub delete: bool,
    /// Restoring a deleted deal.
    pub restore: bool,
    /// Archiving.
    pub archive: bool,
    /// Taking a deal out of the archive.
    pub unarchive: bool,
    /// A note, file, activity, mail, follower, participant or product that came or went.
    pub children: bool,
}

impl Default for Bumps {
    fn default() -> Self {
        Self {
            change: true,
            delete: true,
            restore: true,
            archive: true,
            unarchive: true,
            children: false,
        }
    }
}
