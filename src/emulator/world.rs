//! The world: a company and its deals, as they are and as the lists show them.
//!
//! Every change of it passes [`World::apply`], also the one that time brings about: a deal that was deleted thirty days
//! ago is purged when the time is next moved.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::{
    Id,
    around::Around,
    attached::{Attached, Conversion, Counts},
    company::Company,
    deal::Deal,
    edit::Edit,
    field::{CustomField, FieldOption, Slot},
    field_view::{BUILT_IN_COUNT, FieldView, Settings},
    index::Index,
    late::Late,
    reference::Reference,
    second::Second,
    switches::{Counters, DeletedArchived, Switches},
    value::Address,
    view::{DealView, Shape},
};

/// How long a deleted deal can still be read.
///
/// Source: changelog, "permanent deletion": 30 days; "soft-deleted deals": counted from the last update.
pub(super) const PURGE_AFTER: u32 = 30 * 24 * 3_600;

/// The two lists of deals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Live,
    Archived,
}

/// A company with its deals. Made by [`World::generate`], changed by [`World::apply`].
#[derive(Debug, Clone)]
pub struct World {
    pub(super) company: Company,
    pub(super) deals: BTreeMap<Id, Deal>,
    pub(super) fields: Vec<CustomField>,
    pub(super) labels: Vec<FieldOption>,
    /// What people note down; deals share it.
    pub(super) phrases: Vec<Arc<str>>,
    /// Where customers are; deals share them.
    pub(super) addresses: Vec<Arc<Address>>,
    pub(super) next_deal: Id,
    pub(super) next_option: Id,
    pub(super) next_slot: Slot,
    pub(super) next_line: Id,
    pub(super) next_installment: Id,
    pub(super) next_participant: Id,
    pub(super) next_uuid: u64,
    pub(super) next_row: Id,
    pub(super) next_change: Id,
    /// Whether what changes now was asked for by a request.
    pub(super) by_request: bool,
    /// When the world began.
    pub(super) born: Second,
    /// Ids of reference data that were given away, where the last one is no longer there to tell.
    pub(super) next_record: BTreeMap<Reference, Id>,
    /// Jobs that make leads of deals, by their UUID.
    pub(super) conversions: BTreeMap<String, Conversion>,
    pub(super) history: Vec<(Second, Edit)>,
    switches: Switches,
    now: Timestamp,
    live: Index,
    archived: Index,
    /// Deleted deals by the time they were deleted.
    doomed: BTreeSet<(Second, Id)>,
    /// Deleted records that are purged in time, by the time they were deleted.
    pub(super) doomed_records: BTreeSet<(Second, Reference, Id)>,
    /// What the lists still show of deals that were edited a moment ago.
    late: BTreeMap<Id, VecDeque<Version>>,
    /// What the counters of a deal still say.
    pub(super) late_counts: Late<Counts>,
    /// What the reads of what hangs on a deal still show.
    pub(super) late_attached: Late<Option<Arc<Attached>>>,
    /// What they still show of what is done around a deal.
    pub(super) late_around: Late<Around>,
}

/// What the lists show of a deal until an edit becomes visible; `None`: the deal was not there yet.
#[derive(Debug, Clone)]
struct Version {
    until: Timestamp,
    deal: Option<Deal>,
}

impl World {
    /// Puts a world together; `deals` come with ids below `next_deal`.
    pub(super) fn new(
        company: Company,
        fields: Vec<CustomField>,
        labels: Vec<FieldOption>,
        now: Timestamp,
    ) -> Self {
        let options = fields.iter().flat_map(|field| &field.options).chain(&labels);
        let next_option = options.map(|option| option.id + 1).max().unwrap_or(1);
        let next_slot = fields.iter().map(|field| field.slot + 1).max().unwrap_or(0);
        Self {
            company,
            deals: BTreeMap::new(),
            fields,
            labels,
            phrases: Vec::new(),
            addresses: Vec::new(),
            next_deal: 1,
            next_option,
            next_slot,
            next_line: 1,
            next_installment: 1,
            next_participant: 1,
            next_uuid: 0,
            next_row: 0,
            next_change: 0,
            by_request: false,
            born: Second::of(now),
            next_record: BTreeMap::new(),
            conversions: BTreeMap::new(),
            history: Vec::new(),
            switches: Switches::default(),
            now,
            live: Index::default(),
            archived: Index::default(),
            doomed: BTreeSet::new(),
            doomed_records: BTreeSet::new(),
            late: BTreeMap::new(),
            late_counts: Late::default(),
            late_attached: Late::default(),
            late_around: Late::default(),
        }
    }

    /// Replaces all deals and what was known about them.
    pub(super) fn fill(&mut self, deals: BTreeMap<Id, Deal>) {
        self.next_deal = deals.last_key_value().map_or(1, |(id, _)| id + 1);
        self.deals = deals;
        self.late.clear();
        self.reindex();
    }

    /// Sets the switches, including those that concern the deals that are there now.
    pub(super) fn start(&mut self, switches: Switches) {
        let future = Second::of("2099-01-01T00:00:00Z".parse().expect("this is a time"));
        let nth = |every: Option<Id>, id: Id| {
            every.is_some_and(|every| every > 0 && id.is_multiple_of(every))
        };
        for deal in self.deals.values_mut() {
            if nth(switches.null_update_every, deal.id) {
                deal.update_time = None;
            } else if nth(switches.future_update_every, deal.id) {
                deal.update_time = Some(future);
            }
        }
        self.switches = switches;
        self.reindex();
    }

    pub(super) fn switches(&self) -> &Switches {
        &self.switches
    }

    /// Changes the switches of a running world.
    pub(super) fn switch(&mut self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.switches);
        if self.switches.counters == Counters::Current {
            self.late_counts = Late::default();
        }
        self.reindex();
    }

    fn reindex(&mut self) {
        let shown = || self.deals.keys().filter_map(|id| self.shown(*id));
        let live = Index::of(shown().filter(|deal| self.lists(deal).0));
        let archived = Index::of(shown().filter(|deal| self.lists(deal).1));
        let doomed =
            self.deals.values().filter_map(|deal| Some((deal.deleted?, deal.id))).collect();
        (self.live, self.archived, self.doomed) = (live, archived, doomed);
    }

    /// Returns whether `deal` belongs in `/deals` and in `/deals/archived`.
    fn lists(&self, deal: &Deal) -> (bool, bool) {
        match (deal.archived.is_some(), deal.deleted.is_some(), self.switches.deleted_archived) {
            (false, ..) => (true, false),
            (true, true, DeletedArchived::Live) => (true, false),
            (true, true, DeletedArchived::Both) => (true, true),
            (true, ..) => (false, true),
        }
    }

    /// Returns the present, as far as this world knows it.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Moves the time: edits that waited become visible, and what was deleted thirty days ago is purged.
    pub fn set_now(&mut self, now: Timestamp) {
        self.turn(now);
        let today = Second::of(now);
        while let Some(&(at, id)) = self.doomed.first()
            && today.since(at) >= PURGE_AFTER
        {
            self.apply(Edit::PurgeDeal(id)).expect("a deal on the list of the doomed is there");
        }
        self.purge_records(today);
    }

    /// Moves the time without purging anything.
    pub(super) fn turn(&mut self, now: Timestamp) {
        self.now = now;
        let due = |versions: &VecDeque<Version>| {
            versions.front().is_some_and(|version| version.until <= now)
        };
        let waiting = self.late.iter().filter(|(_, versions)| due(versions));
        let waiting = waiting.map(|(id, _)| *id).collect::<Vec<_>>();
        for id in waiting {
            self.unlist(id);
            let versions = self.late.get_mut(&id).expect("the id was just read from the map");
            while due(versions) {
                versions.pop_front();
            }
            if versions.is_empty() {
                self.late.remove(&id);
            }
            self.list(id);
        }
        self.late_counts.forget_old(now);
        self.late_attached.forget_old(now);
        self.late_around.forget_old(now);
        self.conversions.retain(|_, conversion| conversion.is_known(Second::of(now)));
    }

    /// Puts `new` in the place of the deal `id`; the lists show it when the switches say so.
    pub(super) fn replace(&mut self, id: Id, new: Option<Deal>) {
        let delay = if new.is_some() { self.switches.visible_after } else { Duration::ZERO };
        if delay.is_zero() {
            self.unlist(id);
            self.late.remove(&id);
        }
        let doom = |deal: &Deal| deal.deleted.map(|at| (at, id));
        let old = self.deals.remove(&id);
        if let Some(doom) = old.as_ref().and_then(doom) {
            self.doomed.remove(&doom);
        }
        self.doomed.extend(new.as_ref().and_then(doom));
        self.lag(id, old.as_ref(), new.as_ref());
        self.deals.extend(new.map(|deal| (id, deal)));
        if delay.is_zero() {
            self.list(id);
        } else {
            let until = self.now + SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX);
            self.late.entry(id).or_default().push_back(Version { until, deal: old });
        }
    }

    fn unlist(&mut self, id: Id) {
        if let Some(deal) = self.shown(id).cloned() {
            self.live.remove(&deal);
            self.archived.remove(&deal);
        }
    }

    fn list(&mut self, id: Id) {
        let Some(deal) = self.shown(id).cloned() else { return };
        let (live, archived) = self.lists(&deal);
        if live {
            self.live.insert(&deal);
        }
        if archived {
            self.archived.insert(&deal);
        }
    }

    /// Returns a deal as the lists show it.
    pub(super) fn shown(&self, id: Id) -> Option<&Deal> {
        match self.late.get(&id).and_then(VecDeque::front) {
            Some(version) => version.deal.as_ref(),
            None => self.deals.get(&id),
        }
    }

    /// Returns one of the two lists.
    pub(super) fn index(&self, list: List) -> &Index {
        match list {
            List::Live => &self.live,
            List::Archived => &self.archived,
        }
    }

    /// Returns whether `deal` belongs in `list`.
    pub(super) fn belongs(&self, deal: &Deal, list: List) -> bool {
        let (live, archived) = self.lists(deal);
        if list == List::Live { live } else { archived }
    }

    /// Returns whether the token's user may see `deal`; users other than administrators are in one visibility group.
    pub(super) fn sees(&self, deal: &Deal) -> bool {
        self.sees_what_is(deal.visible_to, deal.owner_id)
    }

    /// Returns whether the token's user may see what has this owner and is visible to so many.
    pub(super) fn sees_what_is(&self, visible_to: u8, owner: Id) -> bool {
        self.switches.admin || visible_to != 1 || owner == self.user()
    }

    /// Returns the token's user.
    pub fn user(&self) -> Id {
        let first = self.company.users.keys().next().copied();
        self.switches.user_id.or(first).unwrap_or(1)
    }

    /// Returns the company.
    pub fn company(&self) -> &Company {
        &self.company
    }

    /// Returns a deal as it is, whether or not any list shows it.
    pub fn deal(&self, id: Id) -> Option<&Deal> {
        self.deals.get(&id)
    }

    /// Returns what the API would answer for a deal as it is, with every member of `include_fields`.
    pub fn deal_json(&self, id: Id) -> Option<Json> {
        let shape = Shape { as_it_is: true, ..Shape::whole() };
        let view = DealView { deal: self.deals.get(&id)?, world: self, shape: &shape };
        Some(serde_json::to_value(view).expect("a deal is writable as JSON"))
    }

    /// Returns the deals that are neither archived nor deleted.
    pub fn live_ids(&self) -> impl Iterator<Item = Id> {
        self.deals
            .values()
            .filter(|deal| deal.archived.is_none() && deal.deleted.is_none())
            .map(|deal| deal.id)
    }

    /// Returns the deals that are archived and not deleted.
    pub fn archived_ids(&self) -> impl Iterator<Item = Id> {
        self.deals
            .values()
            .filter(|deal| deal.archived.is_some() && deal.deleted.is_none())
            .map(|deal| deal.id)
    }

    /// Returns the deals that are deleted and not purged, archived or not.
    pub fn deleted_ids(&self) -> impl Iterator<Item = Id> {
        self.deals.values().filter(|deal| deal.deleted.is_some()).map(|deal| deal.id)
    }

    /// Returns how many deals there are, the deleted ones included.
    pub fn len(&self) -> usize {
        self.deals.len()
    }

    /// Returns whether there is no deal.
    pub fn is_empty(&self) -> bool {
        self.deals.is_empty()
    }

    /// Returns the fields the company added, in the order the API lists them.
    pub fn custom_fields(&self) -> &[CustomField] {
        &self.fields
    }

    /// Returns the options of `label_ids`.
    pub fn labels(&self) -> &[FieldOption] {
        &self.labels
    }

    /// Returns all deal fields as the API lists them.
    pub fn fields_json(&self) -> Vec<Json> {
        let to_json = |field| {
            serde_json::to_value(Settings::ALL.of(field)).expect("a field is writable as JSON")
        };
        self.field_views().map(to_json).collect()
    }

    pub(super) fn field_views(&self) -> impl Iterator<Item = FieldView<'_>> {
        let labels = self.labels.as_slice();
        let built_in = (0..BUILT_IN_COUNT).map(move |place| FieldView::BuiltIn { place, labels });
        built_in.chain(self.fields.iter().map(FieldView::Custom))
    }

    /// Returns every edit since the world was made, with its time; none where an emulator writes them down or forgets.
    pub fn history(&self) -> &[(Second, Edit)] {
        &self.history
    }
}
