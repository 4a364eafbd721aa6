//! A deal on its way into an answer.

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq as _},
};

use super::{
    attached::Revenue,
    deal::{Deal, Status},
    field::{CustomField, FieldOption},
    switches::{Counters, OptionalMembers},
    value::{Cents, ValueView, label},
    world::World,
};

/// The members that are shown when `include_fields` names them.
///
/// Source: API reference v2, `include_fields` of deals.
pub(super) const OPTIONAL: [&str; 16] = [
    "next_activity_id",
    "last_activity_id",
    "first_won_time",
    "products_count",
    "files_count",
    "notes_count",
    "followers_count",
    "email_messages_count",
    "activities_count",
    "done_activities_count",
    "undone_activities_count",
    "participants_count",
    "last_incoming_mail_time",
    "last_outgoing_mail_time",
    "smart_bcc_email",
    "source_lead_id",
];

/// What of a deal was asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// A bit for each of [`OPTIONAL`].
    pub(super) include: u32,
    /// The keys of `custom_fields`; `None`: all.
    pub(super) custom_fields: Option<Vec<String>>,
    pub(super) option_labels: bool,
    pub(super) labels: bool,
    /// Counters do not lag.
    pub(super) as_it_is: bool,
}

impl Shape {
    /// What a write shows. Source: the example answers of the API reference v2, which have the lead unasked.
    pub(super) fn written() -> Self {
        let lead = OPTIONAL.iter().position(|member| *member == "source_lead_id");
        Self { include: lead.map_or(0, |bit| 1 << bit), ..Self::default() }
    }

    /// Everything that is not a label.
    pub(super) fn whole() -> Self {
        Self { include: u32::MAX, ..Self::default() }
    }
}

/// A deal in the shape that was asked for.
pub(super) struct DealView<'a> {
    pub(super) deal: &'a Deal,
    pub(super) world: &'a World,
    pub(super) shape: &'a Shape,
}

/// Deals in the shape that was asked for.
pub(super) struct DealViews<'a> {
    pub(super) deals: &'a [&'a Deal],
    pub(super) world: &'a World,
    pub(super) shape: &'a Shape,
}

impl Serialize for DealViews<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.deals.len()))?;
        for deal in self.deals {
            seq.serialize_element(&DealView { deal, world: self.world, shape: self.shape })?;
        }
        seq.end()
    }
}

/// An object being written, that may leave out nulls.
struct Members<M> {
    map: M,
    omit_nulls: bool,
}

impl<M: SerializeMap> Members<M> {
    fn put(&mut self, key: &str, value: impl Serialize) -> Result<(), M::Error> {
        self.map.serialize_entry(key, &value)
    }

    fn maybe(&mut self, key: &str, value: Option<impl Serialize>) -> Result<(), M::Error> {
        if value.is_none() && self.omit_nulls {
            Ok(())
        } else {
            self.map.serialize_entry(key, &value)
        }
    }
}

impl Serialize for DealView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let omit_nulls = self.world.switches().omit_nulls;
        let mut members = Members { map: serializer.serialize_map(None)?, omit_nulls };
        self.identity(&mut members)?;
        self.times(&mut members)?;
        self.rest(&mut members)?;
        members.put("custom_fields", CustomView(self))?;
        if self.shape.labels {
            let options = self.world.labels();
            let labels =
                self.deal.label_ids.iter().map(|id| label(*id, options)).collect::<Vec<_>>();
            members.put("labels", labels)?;
        }
        let include = match self.world.switches().optional_members {
            OptionalMembers::OnRequest => self.shape.include,
            OptionalMembers::Always => u32::MAX,
            OptionalMembers::Never => 0,
        };
        for (_, member) in OPTIONAL.iter().enumerate().filter(|(bit, _)| include >> bit & 1 == 1) {
            self.optional(&mut members, member)?;
        }
        members.map.end()
    }
}

impl DealView<'_> {
    fn identity<M: SerializeMap>(&self, members: &mut Members<M>) -> Result<(), M::Error> {
        let deal = self.deal;
        members.put("id", deal.id)?;
        members.put("title", &deal.title)?;
        members.put("creator_user_id", deal.creator_user_id)?;
        members.put("owner_id", deal.owner_id)?;
        members.maybe("value", deal.value)?;
        members.maybe("person_id", deal.person_id)?;
        members.maybe("org_id", deal.org_id)?;
        members.put("stage_id", deal.stage_id)?;
        members.put("pipeline_id", deal.pipeline_id)?;
        members.put("currency", deal.currency)
    }

    fn times<M: SerializeMap>(&self, members: &mut Members<M>) -> Result<(), M::Error> {
        let deal = self.deal;
        let won = deal.closed.filter(|_| deal.status == Status::Won);
        let lost = deal.closed.filter(|_| deal.status == Status::Lost);
        let offset = self.world.company().utc_offset_hours;
        let local = |time: super::Second| time.date_at(offset);
        members.maybe("archive_time", deal.archived)?;
        members.put("add_time", deal.add_time)?;
        members.maybe("update_time", deal.update_time)?;
        members.maybe("stage_change_time", deal.stage_change_time)?;
        members.maybe("close_time", deal.closed)?;
        members.maybe("won_time", won)?;
        members.maybe("lost_time", lost)?;
        members.maybe("local_won_date", won.map(local))?;
        members.maybe("local_lost_date", lost.map(local))?;
        members.maybe("local_close_date", deal.closed.map(local))?;
        members.maybe("expected_close_date", deal.expected_close)
    }

    fn rest<M: SerializeMap>(&self, members: &mut Members<M>) -> Result<(), M::Error> {
        let deal = self.deal;
        members.put("status", deal.shown_status().name())?;
        members.put("is_archived", deal.archived.is_some())?;
        members.put("is_deleted", deal.deleted.is_some())?;
        members.maybe("probability", deal.probability.map(|percent| Cents(percent.into())))?;
        members.maybe("lost_reason", deal.lost_reason.as_deref())?;
        members.put("visible_to", deal.visible_to)?;
        members.put("label_ids", &deal.label_ids)?;
        members.put("origin", deal.origin)?;
        members.maybe("origin_id", deal.origin_id.as_deref())?;
        members.maybe("channel", deal.channel)?;
        members.maybe("channel_id", deal.channel_id)?;
        members.maybe("acv", deal.revenue.map(|revenue| revenue.acv))?;
        members.maybe("arr", deal.revenue.map(|revenue| revenue.arr))?;
        members.maybe("mrr", deal.revenue.map(Revenue::mrr))
    }

    fn optional<M: SerializeMap>(
        &self,
        members: &mut Members<M>,
        key: &str,
    ) -> Result<(), M::Error> {
        let children = &self.deal.children;
        let counts = if self.shape.as_it_is {
            self.deal.counts()
        } else {
            self.world.shown_counts(self.deal)
        };
        let absent = self.world.switches().counters == Counters::Absent;
        match key {
            "products_count" | "followers_count" | "participants_count" if absent => Ok(()),
            "next_activity_id" => members.maybe(key, children.next_activity_id),
            "last_activity_id" => members.maybe(key, children.last_activity_id),
            "first_won_time" => members.maybe(key, self.deal.first_won),
            "products_count" => members.put(key, counts.products),
            "files_count" => members.put(key, children.files),
            "notes_count" => members.put(key, children.notes),
            "followers_count" => members.put(key, counts.followers),
            "email_messages_count" => members.put(key, children.email_messages),
            "activities_count" => {
                members.put(key, children.done_activities + children.undone_activities)
            }
            "done_activities_count" => members.put(key, children.done_activities),
            "undone_activities_count" => members.put(key, children.undone_activities),
            "participants_count" => members.put(key, counts.participants),
            "last_incoming_mail_time" => members.maybe(key, children.last_incoming_mail),
            "last_outgoing_mail_time" => members.maybe(key, children.last_outgoing_mail),
            "smart_bcc_email" => {
                let (domain, id) = (&self.world.company().domain, self.deal.id);
                members.put(key, format!("{domain}+deal{id}@pipedrivemail.com"))
            }
            _ => members.maybe(key, self.deal.source_lead_id.as_deref()),
        }
    }
}

/// The custom fields of a deal: every one of the company, null where the deal has none.
struct CustomView<'a>(&'a DealView<'a>);

impl Serialize for CustomView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(DealView { deal, world, shape }) = self;
        let omit_nulls = world.switches().omit_nulls;
        let mut members = Members { map: serializer.serialize_map(None)?, omit_nulls };
        for field in world.custom_fields() {
            let wanted = shape.custom_fields.as_ref();
            if wanted.is_some_and(|keys| !keys.contains(&field.code)) {
                continue;
            }
            let value = deal.custom(field.slot);
            let labels = labels_of(field, shape);
            members.maybe(&field.code, value.map(|value| ValueView { value, labels }))?;
        }
        members.map.end()
    }
}

fn labels_of<'a>(field: &'a CustomField, shape: &Shape) -> Option<&'a [FieldOption]> {
    shape.option_labels.then_some(field.options.as_slice())
}
