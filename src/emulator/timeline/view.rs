//! Periods on their way into an answer.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Map, Value as Json, json};

use super::{
    super::{
        deal::Deal,
        value::{Cents, Currency},
        world::World,
        worth::{Sum, Sums, money},
        writes::flat,
    },
    Bucket,
};

/// The members of a deal, as the example answer of the API reference v1 orders them.
const MEMBERS: &str = "id creator_user_id user_id person_id org_id stage_id title value currency archive_time add_time \
    update_time stage_change_time active deleted is_archived status probability next_activity_date next_activity_time \
    next_activity_id last_activity_id last_activity_date lost_reason visible_to close_time pipeline_id won_time \
    first_won_time lost_time products_count files_count notes_count followers_count email_messages_count \
    activities_count done_activities_count undone_activities_count participants_count expected_close_date \
    last_incoming_mail_time last_outgoing_mail_time label stage_order_nr person_name org_name next_activity_subject \
    next_activity_type next_activity_duration next_activity_note formatted_value weighted_value \
    formatted_weighted_value weighted_value_currency rotten_time owner_name cc_email org_hidden person_hidden acv arr \
    mrr acv_currency arr_currency mrr_currency";

/// What the other answers of v1 have besides.
const ORIGIN: &str = "origin origin_id channel channel_id";
/// What they do not have.
const ARCHIVAL: [&str; 2] = ["archive_time", "is_archived"];

/// A deal as a timeline writes it; of activities and rotting nothing is known here.
pub(in super::super) struct FlatView<'a> {
    in_timeline: bool,
    members: Map<String, Json>,
    world: &'a World,
    deal: &'a Deal,
}

impl<'a> FlatView<'a> {
    pub(super) fn of(deal: &'a Deal, world: &'a World) -> Self {
        let Json::Object(members) = flat(deal, world) else { unreachable!("a deal is an object") };
        Self { in_timeline: true, members, world, deal }
    }

    /// Returns the deal as the answers to a merge and to a duplication write it.
    pub(in super::super) fn written(deal: &'a Deal, world: &'a World) -> Self {
        Self { in_timeline: false, ..Self::of(deal, world) }
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        let in_timeline = self.in_timeline;
        let here = move |name: &&str| in_timeline || !ARCHIVAL.contains(name);
        let others = ORIGIN.split_whitespace().filter(move |_| !in_timeline);
        MEMBERS.split_whitespace().filter(here).chain(others)
    }

    /// Returns a member that the other answers of v1 do not have, or not in this form; null for the rest.
    fn own(&self, member: &str) -> Json {
        let Self { deal, world, .. } = self;
        let weighted = || {
            let mut alone = Sums::default();
            alone.add(deal, world);
            alone.0.into_values().next().unwrap_or_default().weighted()
        };
        match member {
            "is_archived" => json!(deal.archived.is_some()),
            "org_hidden" | "person_hidden" => json!(false),
            "stage_order_nr" => {
                json!(world.company().stages.get(&deal.stage_id).map(|stage| stage.order_nr))
            }
            "formatted_value" => json!(deal.value.map(|value| money(deal.currency, value))),
            "weighted_value" => json!(weighted()),
            "formatted_weighted_value" => json!(money(deal.currency, weighted())),
            "weighted_value_currency" => json!(deal.currency),
            "acv_currency" | "arr_currency" | "mrr_currency" => {
                json!(deal.revenue.map(|_| deal.currency))
            }
            // Source: the example: a deal that is not lost has an empty text.
            "lost_time" => json!(""),
            _ => Json::Null,
        }
    }
}

impl Serialize for FlatView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for member in self.names() {
            match self.members.get(member).filter(|value| !value.is_null()) {
                Some(value) => map.serialize_entry(member, value)?,
                None => map.serialize_entry(member, &self.own(member))?,
            }
        }
        map.end()
    }
}

/// One figure for each currency.
type Figures<'a> = BTreeMap<&'a str, Cents>;

fn figures(sums: &Sums, figure: fn(Sum) -> Cents) -> Figures<'_> {
    sums.0.iter().map(|(currency, sum)| (currency.code(), figure(*sum))).collect()
}

/// Source: the example answer of the API reference v1.
#[derive(Serialize)]
pub(super) struct TotalsView<'a> {
    count: u64,
    values: Figures<'a>,
    weighted_values: Figures<'a>,
    open_count: u64,
    open_values: Figures<'a>,
    weighted_open_values: Figures<'a>,
    won_count: u64,
    won_values: Figures<'a>,
}

impl<'a> TotalsView<'a> {
    pub(super) fn of(bucket: &'a Bucket<'_>) -> Self {
        Self {
            count: bucket.all.count(),
            values: figures(&bucket.all, Sum::value),
            weighted_values: figures(&bucket.all, Sum::weighted),
            open_count: bucket.open.count(),
            open_values: figures(&bucket.open, Sum::value),
            weighted_open_values: figures(&bucket.open, Sum::weighted),
            won_count: bucket.won.count(),
            won_values: figures(&bucket.won, Sum::value),
        }
    }
}

/// The same in one currency. The reference names the object and not its members; these are a guess.
#[derive(Serialize)]
pub(super) struct TotalsConverted {
    count: u64,
    value: Cents,
    weighted_value: Cents,
    open_count: u64,
    open_value: Cents,
    weighted_open_value: Cents,
    won_count: u64,
    won_value: Cents,
}

impl TotalsConverted {
    pub(super) fn of(bucket: &Bucket<'_>, to: Currency) -> Self {
        Self {
            count: bucket.all.count(),
            value: bucket.all.converted(to, Sum::value),
            weighted_value: bucket.all.converted(to, Sum::weighted),
            open_count: bucket.open.count(),
            open_value: bucket.open.converted(to, Sum::value),
            weighted_open_value: bucket.open.converted(to, Sum::weighted),
            won_count: bucket.won.count(),
            won_value: bucket.won.converted(to, Sum::value),
        }
    }
}
