//! Two deals become one, and a deal becomes a lead.

use super::{
    super::{
        Id,
        deal::Deal,
        edit::{EditError, Edited},
        second::Second,
        world::World,
    },
    Attached, Kind,
};

/// How long the state of a conversion can be read: "a few days". Source: API reference v2, "Get Deal conversion status".
const KEPT: u32 = 3 * 24 * 3_600;

/// How a conversion to a lead ends. Source: API reference v2, "Get Deal conversion status"; why one fails is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is named as the API names it; only the first deletes the deal"
)]
pub enum ConversionEnd {
    Completed,
    Failed,
    Rejected,
}

impl ConversionEnd {
    /// Returns the name the API uses.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
        }
    }
}

/// A job that makes a lead of a deal.
#[derive(Debug, Clone)]
pub(in super::super) struct Conversion {
    pub(super) deal: Id,
    pub(super) begun: Second,
    pub(super) end: ConversionEnd,
    pub(super) lead: String,
}

impl Conversion {
    /// Returns whether the API still knows of it.
    pub(in super::super) fn is_known(&self, now: Second) -> bool {
        now.since(self.begun) < KEPT
    }
}

impl World {
    /// Lets `winner` take what `loser` has, and deletes `loser`.
    ///
    /// Source: the tutorial "merging two deals": the winner keeps its data, receives the other's in its empty fields,
    /// and what hangs on the other.
    pub(in super::super) fn merge(&mut self, loser: Id, winner: Id) -> Result<Edited, EditError> {
        if loser == winner {
            return Err(EditError::NotAllowed);
        }
        let (mut from, mut to) = (self.editable(loser)?, self.editable(winner)?);
        self.move_around(&mut from, &mut to);
        inherit(&mut from, &mut to);
        let had_lines = !from.attached().lines.is_empty();
        let mut moved = to.attached().clone();
        take(&mut moved, from.attached().clone());
        to.set_attached(moved);
        from.set_attached(Attached::default());
        let (switches, now) = (self.switches(), Second::of(self.now()));
        if switches.bumps.change {
            to.update_time = Some(now);
        }
        if had_lines {
            self.settle(&mut to, Kind::Product);
        }
        from.deleted = Some(now);
        if switches.bumps.delete {
            from.update_time = Some(now);
        }
        self.store(from);
        Ok(self.store(to))
    }

    /// Begins a conversion; a deal that becomes a lead is deleted at once, whatever [`Switches::conversion_takes`] says.
    ///
    /// [`Switches::conversion_takes`]: super::super::Switches::conversion_takes
    pub(in super::super) fn convert(&mut self, id: Id) -> Result<Edited, EditError> {
        let mut deal = self.editable(id)?;
        let (now, end) = (Second::of(self.now()), self.switches().conversion_ends);
        if end == ConversionEnd::Completed {
            deal.deleted = Some(now);
            if self.switches().bumps.delete {
                deal.update_time = Some(now);
            }
            self.store(deal);
        }
        let (conversion, lead) = (self.new_uuid(), self.new_uuid());
        self.conversions.insert(conversion.clone(), Conversion { deal: id, begun: now, end, lead });
        Ok(Edited::Conversion(id, conversion))
    }
}

/// Fills the empty fields of `to`, and moves what is only counted.
fn inherit(from: &mut Deal, to: &mut Deal) {
    to.person_id = to.person_id.or(from.person_id);
    to.org_id = to.org_id.or(from.org_id);
    to.expected_close = to.expected_close.or(from.expected_close);
    to.probability = to.probability.or(from.probability);
    to.channel = to.channel.or(from.channel);
    to.channel_id = to.channel_id.or(from.channel_id);
    if to.value.is_none() {
        (to.value, to.currency) = (from.value, from.currency);
    }
    let labels = to.label_ids.iter().chain(&*from.label_ids).copied();
    to.label_ids = labels.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    for (slot, value) in &from.custom {
        if to.custom(*slot).is_none() {
            to.set_custom(*slot, Some(value.clone()));
        }
    }
    let moved = std::mem::take(&mut from.children);
    to.children.add(moved);
}

/// Moves what hangs on one deal to another; who follows or takes part in both does so once.
fn take(to: &mut Attached, from: Attached) {
    to.lines.extend(from.lines);
    to.installments.extend(from.installments);
    to.discounts.extend(from.discounts);
    for follower in from.followers {
        if to.followers.iter().all(|it| it.user_id != follower.user_id) {
            to.followers.push(follower);
        }
    }
    for participant in from.participants {
        if to.participants.iter().all(|it| it.person_id != participant.person_id) {
            to.participants.push(participant);
        }
    }
    to.gone.extend(from.gone);
}
