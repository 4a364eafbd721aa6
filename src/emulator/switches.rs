//! What the API leaves unknown, and what a test wants to be otherwise.

use std::time::Duration;

use super::{
    Id,
    attached::{ConversionEnd, Kind},
    v1::Removed,
};

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
    /// Whether a deal or a record of reference data that is deleted but not purged is found by its id.
    pub single_finds_deleted: bool,
    /// Whether lists of persons, organizations and products show what is deleted and not purged.
    pub deleted_records: DeletedRows,
    /// Whether lists of pipelines and stages show what is deleted.
    pub deleted_stages: DeletedRows,
    /// What `data` of a timeline is.
    pub timeline_data: TimelineData,
    /// Whether a timeline counts lost deals, which the reference says it does not.
    pub timeline_lost: bool,
    /// When the members of `include_fields` of a deal are shown.
    pub optional_members: OptionalMembers,
    /// Leaves out the members of a deal that are null, custom fields too.
    pub omit_nulls: bool,
    /// Which edits set `update_time`.
    pub bumps: Bumps,
    /// Whether the value, `acv`, `arr` and `mrr` of a deal follow its enabled product lines and its discounts.
    pub value_from_lines: bool,
    /// What `products_count`, `followers_count` and `participants_count` say.
    pub counters: Counters,
    /// Reads of what hangs on a deal show an edit only this long after it was made.
    pub children_visible_after: Duration,
    /// For which deals the reads of several deals (products, installments) answer.
    pub bulk_children: Reach,
    /// For which deals the reads of what hangs on one deal answer.
    pub single_children: Reach,
    /// How a page of products is sorted that does not say how.
    pub products_by: ProductsBy,
    /// Whether the company's plan has installments.
    pub installments: Installments,
    /// Whether a page of installments has `additional_data`.
    pub installment_pages: InstallmentPages,
    /// Whether `data` of an empty v1 page is null rather than `[]`.
    pub empty_page_null: bool,
    /// How long a conversion to a lead says that it has not started.
    pub conversion_waits: Duration,
    /// How long it then says that it is running.
    pub conversion_takes: Duration,
    /// How it ends.
    pub conversion_ends: ConversionEnd,
    /// What becomes of a request to an endpoint that is gone from the reference.
    pub removed_endpoints: Removed,
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
    /// Searches that one token may send within 2 seconds, which count as requests too; `None`: any number.
    pub search_burst: Option<u32>,
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
            deleted_records: DeletedRows::WhenAsked,
            deleted_stages: DeletedRows::Never,
            timeline_data: TimelineData::Array,
            timeline_lost: false,
            optional_members: OptionalMembers::OnRequest,
            omit_nulls: false,
            bumps: Bumps::default(),
            value_from_lines: true,
            counters: Counters::Current,
            children_visible_after: Duration::ZERO,
            bulk_children: Reach {
                archived: ChildAnswer::Rows,
                deleted: ChildAnswer::Nothing,
                hidden: ChildAnswer::Nothing,
                unknown: ChildAnswer::Nothing,
            },
            single_children: Reach {
                archived: ChildAnswer::Rows,
                deleted: ChildAnswer::Rows,
                hidden: ChildAnswer::NotFound,
                unknown: ChildAnswer::NotFound,
            },
            products_by: ProductsBy::Id,
            installments: Installments::There,
            installment_pages: InstallmentPages::WhenMore,
            empty_page_null: false,
            conversion_waits: Duration::ZERO,
            conversion_takes: Duration::ZERO,
            conversion_ends: ConversionEnd::Completed,
            removed_endpoints: Removed::Gone,
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
            // Source: rate limiting page: search endpoints, the same for all plans and tokens.
            search_burst: Some(10),
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

/// Whether a list of reference data shows what is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletedRows {
    /// It does not.
    Never,
    /// It does where `ids` or `updated_since` is given.
    WhenAsked,
    /// It does.
    Always,
}

/// What `data` of a timeline is.
///
/// Source: API reference v1: its text speaks of groups, its example shows one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimelineData {
    /// An array of periods.
    Array,
    /// The period itself where one is asked for, and an array where several are.
    ObjectForOne,
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
    /// A note, file, activity, mail or a row that came, changed or went.
    pub children: bool,
    /// The value, `acv`, `arr` or `mrr`, where they follow from lines and discounts.
    pub value: bool,
    /// A product line, in place of `children`.
    pub products: Option<bool>,
    /// An installment, in place of `children`.
    pub installments: Option<bool>,
    /// A discount, in place of `children`.
    pub discounts: Option<bool>,
    /// A follower, in place of `children`.
    pub followers: Option<bool>,
    /// A participant, in place of `children`.
    pub participants: Option<bool>,
}

impl Bumps {
    /// Returns whether an edit of one kind of rows sets `update_time`.
    pub(super) fn of(self, kind: Kind) -> bool {
        let own = match kind {
            Kind::Product => self.products,
            Kind::Installment => self.installments,
            Kind::Discount => self.discounts,
            Kind::Follower => self.followers,
            Kind::Participant => self.participants,
        };
        own.unwrap_or(self.children)
    }
}

/// What the counters of rows say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counters {
    /// How many there are.
    Current,
    /// How many there were this long ago.
    Late(Duration),
    /// How many there were when `update_time` was last set.
    UntilBump,
    /// They are not there, though they were asked for.
    Absent,
}

/// For which deals a read of what hangs on them answers; for all others it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Deals that are archived and not deleted.
    pub archived: ChildAnswer,
    /// Deals that are deleted and not purged.
    pub deleted: ChildAnswer,
    /// Deals that the token's user may not see.
    pub hidden: ChildAnswer,
    /// Deals that were purged or never there; [`ChildAnswer::Rows`] is as good as [`ChildAnswer::Nothing`].
    pub unknown: ChildAnswer,
}

/// How a deal is answered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildAnswer {
    /// With its rows.
    Rows,
    /// As if it had none.
    Nothing,
    /// With 404, the whole request.
    NotFound,
}

/// How products are sorted where a request does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductsBy {
    /// By the id of the line: a page jumps between deals.
    Id,
    /// By the deal, then by the id of the line.
    Deal,
}

/// What a plan makes of installments. Source: API reference v2: "Growth and above"; the answer of others is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installments {
    /// They are there.
    There,
    /// 402.
    PaymentRequired,
    /// 403, as JSON.
    Forbidden,
    /// 415, "feature is not enabled".
    NotEnabled,
    /// No deal has any.
    Nothing,
}

/// When a page of installments has `additional_data`, which its schema lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstallmentPages {
    /// On every page.
    Always,
    /// Where another page follows.
    WhenMore,
    /// Never: what does not fit the page is not told of.
    Never,
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
            value: true,
            products: None,
            installments: None,
            discounts: None,
            followers: None,
            participants: None,
        }
    }
}
