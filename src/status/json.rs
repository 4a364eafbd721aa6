//! The same as JSON, with keys that stay: `status --json` and `/api/status`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{EntityStatus, Status};
use crate::entity::instant;

/// What stands in place of the source's words.
const ASK: &str = "`pipedrive-mirror status` says it";

impl Status {
    /// Returns it as one JSON object.
    pub fn to_json(&self) -> Value {
        let attention: Vec<Value> = self
            .attention()
            .iter()
            .map(|one| json!({"reason": one.reason.name(), "text": one.text}))
            .collect();
        json!({
            "company": self.company,
            "deals": {
                "live": self.deals.live,
                "archived": self.deals.archived,
                "deleted": self.deals.deleted,
                "missing": self.deals.missing,
            },
            "entities": self.entities.iter().map(entity).collect::<Vec<_>>(),
            "budget": self.budget(),
            "needs_person": attention,
            "wal_bytes": self.wal_bytes,
            "fields_without_column": self.without_column,
            "fields_left_out": self.left_out,
            "certificate": self.certificate,
            "reconcile": {
                "last": at(self.reconciles.last),
                "under_way": at(self.reconciles.under_way),
                "owed": self.reconciles.owed,
                "counted": self.reconciles.counted,
                "absent": self.reconciles.absent.iter().map(|(_, count)| count).sum::<u64>(),
            },
        })
    }

    /// Returns the same for whoever may ask over the network: what the source said in its own words, which may name a
    /// customer, is left out.
    pub fn to_json_without_quotes(&self) -> Value {
        let mut json = self.to_json();
        for entity in json["entities"].as_array_mut().into_iter().flatten() {
            if entity["last_error"].is_string() {
                entity["last_error"] = json!(ASK);
            }
            if !entity["owed_error"].is_null() {
                entity["owed_error"] = json!({ "error": ASK });
            }
        }
        json
    }

    /// `left` is what the source last said is left to the company, null where that is an hour ago or more; `share_left`
    /// is what is left of our own share.
    fn budget(&self) -> Value {
        let outlook = &self.outlook;
        let endpoints: Vec<Value> = self
            .spent
            .iter()
            .map(|spent| json!({"endpoint": spent.endpoint, "requests": spent.requests, "cost": spent.cost}))
            .collect();
        let postponed: Vec<Value> = outlook
            .postponed
            .iter()
            .map(|one| json!({"what": one.what, "until": instant::text(one.until), "why": one.why}))
            .collect();
        json!({
            "spent": self.cost(),
            "left": self.left,
            "daily_budget": outlook.budget,
            "reserve": outlook.reserve,
            "share": outlook.share,
            "share_left": outlook.left,
            "trickle_share": outlook.trickle_share,
            "trickle_spent": outlook.trickle_counted,
            "postponed": postponed,
            "endpoints": endpoints,
        })
    }
}

fn entity(one: &EntityStatus) -> Value {
    let progress = &one.progress;
    let checkpoint = progress.checkpoint.as_ref();
    let owed_error = progress.owing.error.as_ref().map(|(id, error)| match one.entity.child() {
        Some(_) => json!({"deal": id, "error": error}),
        None => json!({"id": id, "error": error}),
    });
    json!({
        "entity": one.entity.name,
        "lag_s": one.lag_s,
        "last_success": at(checkpoint.and_then(|checkpoint| checkpoint.completed_at)),
        "owed": progress.owing.count,
        "owed_since": progress.owing.since,
        "owed_failing": progress.owing.failing,
        "owed_error": owed_error,
        "owed_parked": progress.owing.parked,
        "refused_since": at(progress.refused_since),
        "waits_until": at(progress.held.as_ref().map(|held| held.until)),
        "mark": at(checkpoint.and_then(|checkpoint| checkpoint.mark)),
        "since": at(checkpoint.and_then(|checkpoint| checkpoint.floor)),
        "in_progress": checkpoint.is_some_and(|checkpoint| checkpoint.is_amid()),
        "quarantined": progress.quarantined,
        "last_outcome": progress.last_run.as_ref().and_then(|run| run.outcome.clone()),
        "last_error": progress.last_run.as_ref().and_then(|run| run.error.clone()),
    })
}

fn at(at: Option<Timestamp>) -> Option<String> {
    at.map(instant::text)
}
