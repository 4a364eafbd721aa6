//! `/v1/notes`: which notes, in which order.

use std::cmp::Ordering;

use jiff::civil::Date;

use super::{
    super::{
        Id,
        deal::Deal,
        query::{Query, Refusal},
        second::Second,
        stretch::{self, Sort, Stretch},
        world::World,
    },
    Row, text, view,
};
use crate::seams::Response;

/// Source: API reference v1, `sort` of notes.
const SORTS: [&str; 8] =
    ["id", "user_id", "deal_id", "person_id", "org_id", "content", "add_time", "update_time"];
/// What a note can be pinned to but a deal; none is here.
const PINNED_ELSEWHERE: [&str; 5] = [
    "pinned_to_lead_flag",
    "pinned_to_organization_flag",
    "pinned_to_person_flag",
    "pinned_to_project_flag",
    "pinned_to_task_flag",
];

/// A note and its deal.
type Noted<'a> = (Row, &'a Deal);

/// Which notes were asked for; each is that of a deal here.
struct Wanted {
    user: Option<Id>,
    deal: Option<Id>,
    person: Option<Id>,
    organization: Option<Id>,
    since: Option<Second>,
    from: Option<Date>,
    to: Option<Date>,
    pinned: Option<bool>,
    /// Of what no note of this world is.
    elsewhere: bool,
}

impl Wanted {
    /// Reads the parameters; being v1, it ignores those it does not know.
    ///
    /// Source: API reference v1, "Get all notes".
    fn parse(query: &Query) -> Result<Self, Refusal> {
        let flag = |name: &str| query.choice(name, &[("0", false), ("1", true)]);
        let mut elsewhere = query.get("lead_id").is_some();
        for name in ["project_id", "task_id"] {
            elsewhere |= query.id(name)?.is_some();
        }
        for name in PINNED_ELSEWHERE {
            elsewhere |= flag(name)?.unwrap_or(false);
        }
        Ok(Self {
            user: query.id("user_id")?,
            deal: query.id("deal_id")?,
            person: query.id("person_id")?,
            organization: query.id("org_id")?,
            since: query.loose_time("updated_since")?,
            from: query.date("start_date")?,
            to: query.date("end_date")?,
            pinned: flag("pinned_to_deal_flag")?,
            elsewhere,
        })
    }

    fn admits_of(&self, deal: &Deal) -> bool {
        same(self.person, deal.person_id) && same(self.organization, deal.org_id)
    }

    /// Which time the two dates are about, and whether the last day counts, is unknown; here it is when the note was
    /// made, in UTC, and both days count.
    fn admits(&self, note: Row) -> bool {
        let day = note.made.date_at(0);
        same(self.user, Some(note.by))
            && self.since.is_none_or(|since| note.made >= since)
            && self.from.is_none_or(|from| day >= from)
            && self.to.is_none_or(|to| day <= to)
            && self.pinned.is_none_or(|pinned| pinned == text::is_pinned(note.id))
    }
}

fn same(wanted: Option<Id>, id: Option<Id>) -> bool {
    wanted.is_none() || wanted == id
}

/// Notes of all deals that the token's user may see, by id where nothing else is asked for.
pub(super) fn notes(query: &Query, world: &World) -> Result<Response, Refusal> {
    let stretch = Stretch::parse(query, world.switches())?;
    let sort = Sort::parse(query, &SORTS)?;
    let wanted = Wanted::parse(query)?;
    let of_one = wanted.deal.map_or(0..=Id::MAX, |id| id..=id);
    let mut notes = Vec::<Noted<'_>>::new();
    for (_, deal) in world.deals.range(of_one).filter(|_| !wanted.elsewhere) {
        if world.sees(deal) && wanted.admits_of(deal) {
            let around = world.shown_around(deal);
            let admitted = around.notes.iter().copied().filter(|note| wanted.admits(*note));
            notes.extend(admitted.map(|note| (note, deal)));
        }
    }
    notes.sort_by_key(|(note, _)| note.id);
    sort.apply(&mut notes, |by, a, b| compare(by, a, b, world));
    let rows = notes.into_iter().map(|(note, deal)| view::note(deal, note, world));
    let (page, pagination) = stretch.cut(rows);
    Ok(stretch::answer(page, pagination, None, world.switches()))
}

/// Compares two notes by a member; what a note does not have comes first.
fn compare(by: &str, (a, of): &Noted<'_>, (b, other): &Noted<'_>, world: &World) -> Ordering {
    match by {
        "user_id" => a.by.cmp(&b.by),
        "deal_id" => of.id.cmp(&other.id),
        "person_id" => of.person_id.cmp(&other.person_id),
        "org_id" => of.org_id.cmp(&other.org_id),
        "content" => view::words(a.id, world).cmp(view::words(b.id, world)),
        "add_time" | "update_time" => a.made.cmp(&b.made),
        _ => a.id.cmp(&b.id),
    }
}
