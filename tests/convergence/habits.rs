//! What a source may be like: every question that the reference leaves open, and every limit that an account may have.

use std::time::Duration;

use pipedrive_mirror::emulator::{
    ChildAnswer, Counters, Cursors, DeletedArchived, DeletedRows, End, InstallmentPages,
    Installments, OptionalMembers, OverLimit, ProductsBy, Reach, Switches,
};

/// One thing in which a source differs from the likeliest one.
#[derive(Clone, Copy)]
pub(crate) struct Habit {
    pub(crate) name: &'static str,
    /// How rarely it is drawn: one source in so many has it.
    one_in: u8,
    /// What it keeps out of every list and counter, so that only reading everything again finds it.
    pub(crate) hides: Hidden,
    set: fn(&mut Switches, Draw),
}

/// Of what some change may show nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hidden {
    Nothing,
    /// What hangs on deals, and their counters.
    Rows,
    /// Deals themselves.
    Deals,
}

/// A number below 1,000 that a habit may depend on.
pub(crate) type Draw = u64;

/// A habit of the source of a story.
#[derive(Clone, Copy)]
pub(crate) struct Chosen {
    pub(crate) habit: &'static Habit,
    pub(crate) draw: Draw,
}

impl std::fmt::Debug for Chosen {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{} ({})", self.habit.name, self.draw)
    }
}

const fn open(one_in: u8, name: &'static str, set: fn(&mut Switches, Draw)) -> Habit {
    Habit { name, one_in, hides: Hidden::Nothing, set }
}

const fn hides(
    hides: Hidden,
    one_in: u8,
    name: &'static str,
    set: fn(&mut Switches, Draw),
) -> Habit {
    Habit { name, one_in, hides, set }
}

/// The habit without which an edit of what hangs on a deal may show nowhere.
pub(crate) const CHILDREN_BUMP: &str = "an edit of rows moves the change time";

#[rustfmt::skip]
const HABITS: &[Habit] = &[
    open(1, "small pages", |s, n| s.page_rows = Some(3 + n as usize % 8)),
    open(4, "all on one page", |s, _| s.page_rows = None),
    open(4, "cursors get old", |s, _| { s.cursor_expires = Some(Duration::from_secs(5)); s.latency = Duration::from_secs(1); }),
    hides(Hidden::Deals, 8, "cursors are offsets", |s, _| s.cursors = Cursors::Offset),
    open(5, "a list ends otherwise", |s, n| s.end = [End::Missing, End::Empty, End::NoAdditionalData][n as usize % 3]),
    open(9, "a limit is clamped", |s, _| s.over_limit = OverLimit::Clamp),
    open(5, "deals without a change time", |s, n| s.null_update_every = Some(2 + n as u32 % 5)),
    open(7, "deals from the future", |s, n| s.future_update_every = Some(3 + n as u32 % 5)),
    open(4, "nulls are left out", |s, _| s.omit_nulls = true),
    open(5, "optional members come unasked", |s, _| s.optional_members = OptionalMembers::Always),
    hides(Hidden::Rows, 9, "optional members never come", |s, _| s.optional_members = OptionalMembers::Never),
    open(4, "lists are late", |s, n| s.visible_after = Duration::from_secs(1 + n % 55)),
    open(3, "deleted archived deals are elsewhere", |s, n| s.deleted_archived = [DeletedArchived::Live, DeletedArchived::Both][n as usize % 2]),
    open(4, "a deleted deal is not found by its id", |s, _| s.single_finds_deleted = false),
    open(4, "lists of records show deleted ones otherwise", |s, n| s.deleted_records = [DeletedRows::Never, DeletedRows::Always][n as usize % 2]),
    open(5, "lists of stages show deleted ones", |s, n| s.deleted_stages = [DeletedRows::WhenAsked, DeletedRows::Always][n as usize % 2]),
    open(3, "an archived deal can be changed", |s, _| s.archived_editable = true),
    hides(Hidden::Deals, 9, "an edit does not move the change time", |s, n| s.bumps.change = n % 2 == 0),
    hides(Hidden::Deals, 9, "deletion does not move it", |s, _| s.bumps.delete = false),
    hides(Hidden::Deals, 9, "restoring does not move it", |s, _| s.bumps.restore = false),
    hides(Hidden::Deals, 9, "archiving does not move it", |s, _| s.bumps.archive = false),
    hides(Hidden::Deals, 9, "taking out of the archive does not move it", |s, _| s.bumps.unarchive = false),
    open(2, CHILDREN_BUMP, |s, _| s.bumps.children = true),
    hides(Hidden::Rows, 9, "a value that follows from lines does not move it", |s, _| s.bumps.value = false),
    open(4, "the value does not follow the lines", |s, _| s.value_from_lines = false),
    hides(Hidden::Rows, 9, "counters lag", |s, n| s.counters = if n % 2 == 0 { Counters::Late(Duration::from_secs(n % 300)) } else { Counters::UntilBump }),
    hides(Hidden::Rows, 9, "counters are absent", |s, _| s.counters = Counters::Absent),
    hides(Hidden::Rows, 9, "rows are late", |s, n| s.children_visible_after = Duration::from_secs(n % 90)),
    open(4, "several archived, deleted or unknown deals have no rows", |s, n| s.bulk_children = reach(n, s.bulk_children)),
    open(4, "one archived, deleted or unknown deal has no rows", |s, n| s.single_children = reach(n, s.single_children)),
    open(3, "products are sorted by deal", |s, _| s.products_by = ProductsBy::Deal),
    open(6, "installments are not to be had", |s, n| s.installments = [Installments::PaymentRequired, Installments::Forbidden, Installments::NotEnabled, Installments::Nothing][n as usize % 4]),
    open(4, "pages of installments always have a cursor", |s, _| s.installment_pages = InstallmentPages::Always),
    open(4, "an empty page of v1 is null", |s, _| s.empty_page_null = true),
    open(4, "no headers tell of the window", |s, _| s.rate_headers = false),
    open(4, "no headers tell of the budget", |s, _| s.daily_headers = false),
    open(3, "a small window", |s, n| s.burst = Some(20 + n as u32 % 60)),
    open(4, "a small budget", |s, n| s.daily_budget = 400 + 10 * n),
    open(4, "the day begins at another hour", |s, n| s.reset_hour = (n % 24) as u8),
    open(4, "failed requests are free", |s, _| s.charge_errors = false),
    open(5, "an answer takes a while", |s, n| s.latency = Duration::from_millis(n)),
];

/// Archived deals without rows would empty what is stored of them, so that stays; what is deleted or unknown varies.
fn reach(draw: Draw, usual: Reach) -> Reach {
    let answers = [ChildAnswer::Rows, ChildAnswer::Nothing, ChildAnswer::NotFound];
    let nth = |by: u64| answers[(draw / by) as usize % 3];
    Reach { deleted: nth(1), unknown: nth(3), ..usual }
}

/// Draws what a source is like; `tells`: nothing stays hidden.
pub(crate) fn draw(rng: &mut fastrand::Rng, tells: bool) -> Vec<Chosen> {
    HABITS
        .iter()
        .filter_map(|habit| {
            let mut drawn = rng.u8(..habit.one_in) == 0;
            let draw = rng.u64(..1_000);
            if tells {
                drawn = habit.name == CHILDREN_BUMP || (drawn && habit.hides == Hidden::Nothing);
            }
            drawn.then_some(Chosen { habit, draw })
        })
        .collect()
}

/// Returns the source with these habits.
pub(crate) fn switches(habits: &[Chosen]) -> Switches {
    let mut switches = Switches::default();
    for chosen in habits {
        (chosen.habit.set)(&mut switches, chosen.draw);
    }
    switches
}
