//! The source's own sums over live deals against the mirror's.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::{Comparing, Fault, LOOKS, ask_store};
use crate::{
    api::{Answer, ApiError, Call},
    endpoint::{DEALS, DEALS_SUMMARY},
    store::{Difference, Found, Group, MARK, Sum},
    sync::judge,
};

/// A sum of money that differs by less is the same: it was added up in another order.
const CENT: f64 = 0.005;

/// The statuses of live deals.
///
/// Source: API reference, "Get deals summary": `status`.
const STATUSES: [&str; 3] = ["open", "won", "lost"];

/// Source: API reference, "Get deals summary": `values_total`, by currency.
#[derive(Deserialize)]
struct Summary {
    // An empty object comes as an empty array from a source written in PHP.
    #[serde(default, deserialize_with = "sums")]
    values_total: BTreeMap<String, Total>,
}

#[derive(Deserialize)]
struct Total {
    value: f64,
    count: u64,
}

fn sums<'de, D: serde::Deserializer<'de>>(de: D) -> Result<BTreeMap<String, Total>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Sums(BTreeMap<String, Total>),
        Nothing([u8; 0]),
    }
    Ok(match Option::<Either>::deserialize(de)? {
        Some(Either::Sums(sums)) => sums,
        Some(Either::Nothing([])) | None => BTreeMap::new(),
    })
}

/// Both sides of a total, by currency.
type Sides = BTreeMap<String, (Sum, Sum)>;

impl Comparing<'_> {
    /// Compares count and value of live deals, by status and by pipeline, in each currency.
    pub(super) async fn compare_totals(&mut self) -> Result<(), Fault> {
        // Rows that differ explain totals that do.
        if self.found.keys().any(|(entity, id)| *entity == "deals" && id != MARK) {
            return Ok(());
        }
        let Some(list) = self.read_lists().into_iter().find(|list| *list.endpoint == DEALS) else {
            return Ok(());
        };
        let stored = ask_store(self.engine, move |store| store.checkpoint(list)).await?;
        if stored.is_some_and(|stored| stored.floor.is_some()) {
            let why = "totals: deals that last changed before --since are not mirrored";
            self.left_out.push(why.to_owned());
            return Ok(());
        }
        let pipelines = ask_store(self.engine, |store| store.pipelines()).await?;
        let groups = STATUSES.map(Group::Status).into_iter();
        let mut groups: Vec<Group> =
            groups.chain(pipelines.into_iter().map(Group::Pipeline)).collect();
        for look in 0..=LOOKS {
            let asked_at = self.engine.server_now();
            let Some(differing) = self.differing(&groups).await? else { return Ok(()) };
            if differing.is_empty() {
                break;
            }
            // Those of two different moments may well differ.
            if !self.sync_lists().await {
                self.left_out.push("totals: what differed could not be looked at again".to_owned());
                return Ok(());
            }
            if look == LOOKS {
                self.stand(differing, asked_at).await?;
                break;
            }
            groups = differing.into_iter().map(|(group, _)| group).collect();
        }
        self.compared.push("totals");
        Ok(())
    }

    /// Asks for `groups`; returns those that differ with both sides, or `None` if they cannot be had.
    async fn differing(&mut self, groups: &[Group]) -> Result<Option<Vec<(Group, Sides)>>, Fault> {
        let mut found = Vec::new();
        for group in groups {
            if self.engine.stop.is_cancelled() {
                return Ok(None);
            }
            match self.sides(group).await {
                Ok(sides) if differing(&sides).is_empty() => {}
                Ok(sides) => found.push((group.clone(), sides)),
                Err(Fault::Api(error)) if !judge::ends_run(&error) => {
                    self.left_out.push(format!("totals: {error}"));
                    return Ok(None);
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(Some(found))
    }

    /// Notes totals that differed each time, unless deals moved since they were asked for.
    async fn stand(
        &mut self,
        found: Vec<(Group, Sides)>,
        asked_at: Timestamp,
    ) -> Result<(), Fault> {
        let moved = ask_store(self.engine, move |store| store.moved_since(asked_at)).await?;
        for (group, sides) in found {
            if moved {
                self.left_out.push(format!("totals of {}: deals kept changing", name(&group)));
            } else {
                self.note(vec![total(&group, &sides, &differing(&sides))]);
            }
        }
        Ok(())
    }

    async fn sides(&self, group: &Group) -> Result<Sides, Fault> {
        let (parameter, value) = group.parameter();
        let call = Call::new(&DEALS_SUMMARY).param(parameter, value);
        let theirs = sums_of(&self.engine.client.get(&call).await?)?;
        let asked = group.clone();
        let ours = ask_store(self.engine, move |store| store.sums(&asked)).await?;
        let mut sides = Sides::new();
        for (currency, total) in theirs {
            let sum = Sum { count: total.count, value: total.value };
            sides.entry(currency).or_default().0 = sum;
        }
        for (currency, sum) in ours {
            sides.entry(currency).or_default().1 = sum;
        }
        Ok(sides)
    }
}

fn sums_of(answer: &Answer) -> Result<BTreeMap<String, Total>, ApiError> {
    let summary: Result<Summary, _> = serde_json::from_str(answer.object()?);
    summary.map(|summary| summary.values_total).map_err(|error| ApiError::Malformed {
        path: DEALS_SUMMARY.path,
        what: format!("its totals cannot be read: {error}"),
    })
}

/// Returns the currencies whose two sides differ.
fn differing(sides: &Sides) -> Vec<String> {
    sides
        .iter()
        .filter(|(_, (theirs, ours))| {
            let apart = (theirs.value - ours.value).abs();
            theirs.count != ours.count || apart > CENT + theirs.value.abs() * 1e-12
        })
        .map(|(currency, _)| currency.clone())
        .collect()
}

fn name(group: &Group) -> String {
    let (parameter, value) = group.parameter();
    format!("{parameter}={value}")
}

fn total(group: &Group, sides: &Sides, differing: &[String]) -> Difference {
    let counts = |side: fn(&(Sum, Sum)) -> Sum| {
        differing.iter().map(|currency| side(&sides[currency]).count).sum::<u64>()
    };
    let (theirs, ours) = (counts(|sides| sides.0), counts(|sides| sides.1));
    let evidence: Vec<String> = differing
        .iter()
        .map(|currency| {
            let (theirs, ours) = sides[currency];
            format!(
                "{} deals worth {:.2} {currency} at the source, {} worth {:.2} here",
                theirs.count, theirs.value, ours.count, ours.value
            )
        })
        .collect();
    Difference {
        entity: "totals",
        id: name(group),
        fate: match theirs.cmp(&ours) {
            std::cmp::Ordering::Greater => Found::Missing,
            std::cmp::Ordering::Less => Found::Extra,
            std::cmp::Ordering::Equal => Found::Differs,
        },
        evidence: evidence.join("; "),
        own: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sums_at_all_come_as_an_object_an_array_or_nothing() {
        for text in
            [r#"{"values_total":{}}"#, r#"{"values_total":[]}"#, r#"{"values_total":null}"#, "{}"]
        {
            let summary: Summary = serde_json::from_str(text).unwrap();
            assert!(summary.values_total.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_total_differs_by_its_count_or_by_a_cent() {
        let side = |count, value| Sum { count, value };
        let of = |theirs, ours| differing(&Sides::from([("EUR".to_owned(), (theirs, ours))]));
        assert!(of(side(3, 0.3), side(3, 0.1 + 0.2)).is_empty());
        assert_eq!(of(side(3, 10.0), side(3, 10.01)), ["EUR"]);
        assert_eq!(of(side(3, 10.0), side(2, 10.0)), ["EUR"]);
    }
}
