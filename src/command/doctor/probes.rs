//! What the token may read. What runs found out is in the database and costs nothing; only what none has asked for yet is
//! asked here.

use pipedrive_mirror::{
    api::{ApiError, Call, Client, Verdict},
    config::Config,
    endpoint::{self, Endpoint, USERS_ME},
    entity,
    status::Status,
};

use super::{super::wanted::is_mirrored, Findings, LIMIT, finding::halves};

/// One question to each list that a plan or a permission may exclude, with its parameters, those that matter most first.
/// Fields, stages, and what hangs on a deal are open to whoever may read deals; users and currencies, at 20 each, to
/// everybody.
///
/// Source: security of each operation in the OpenAPI documents (scopes); API reference, "Installments" (plans).
type Probe = (&'static str, &'static Endpoint, &'static [(&'static str, &'static str)]);

const ONE: (&str, &str) = ("limit", "1");

static PROBES: [Probe; 6] = [
    ("deals", &endpoint::DEALS, &[ONE]),
    // Of whichever deal: a plan that lacks them says so all the same.
    ("deal_installments", &endpoint::DEAL_INSTALLMENTS, &[("deal_ids", "1"), ONE]),
    ("products", &endpoint::PRODUCTS, &[ONE]),
    ("persons", &endpoint::PERSONS, &[ONE]),
    ("organizations", &endpoint::ORGANIZATIONS, &[ONE]),
    ("pipelines", &endpoint::PIPELINES, &[ONE]),
];

/// The questions that are going to be asked.
pub(super) struct Probes(Vec<&'static Probe>);

impl Probes {
    /// Asks nothing.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    /// Chooses: what is mirrored, and no run was ever answered about, as far as the database (`None`: there is none) tells.
    pub(super) fn choose(config: &Config, status: Option<&Status>) -> Self {
        let unknown = |name: &str| {
            let known = status.and_then(|status| {
                let one = status.entities.iter().find(|one| one.entity.name == name)?;
                let progress = &one.progress;
                let whole = progress.checkpoint.as_ref().and_then(|stored| stored.completed_at);
                let answered = progress.last_run.as_ref().and_then(|run| run.outcome.as_deref());
                (whole.is_some()
                    || progress.refused_since.is_some()
                    || matches!(answered, Some("complete" | "partial" | "skipped" | "failed")))
                .then_some(())
            });
            known.is_none()
        };
        let mut left = LIMIT - USERS_ME.cost;
        let chosen = PROBES.iter().filter(|(name, endpoint, _)| {
            let mirrored = entity::find(name).is_some_and(|entity| is_mirrored(config, entity));
            let asked = mirrored && unknown(name) && endpoint.cost <= left;
            left -= if asked { endpoint.cost } else { 0 };
            asked
        });
        Self(chosen.collect())
    }

    /// Returns what they cost.
    pub(super) fn cost(&self) -> u64 {
        self.0.iter().map(|(_, endpoint, _)| endpoint.cost).sum()
    }

    /// Names the lists.
    pub(super) fn names(&self) -> String {
        self.0.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
    }

    /// Asks, each a single time, until an answer makes clear that none can do better.
    ///
    /// # Errors
    ///
    /// That answer.
    pub(super) async fn ask(
        &self,
        client: &Client,
        findings: &mut Findings,
    ) -> Result<(), ApiError> {
        let mut open = Vec::new();
        for (name, endpoint, params) in &self.0 {
            let call = Call::new(endpoint);
            let call = params.iter().fold(call, |call, (key, value)| call.param(key, value));
            match client.get_once(&call).await.map(drop) {
                Ok(()) => open.push(*name),
                Err(error) if error.verdict() == Verdict::SkipEntity => {
                    closed(name, &error, findings)
                }
                Err(error) => return Err(error),
            }
        }
        if !open.is_empty() {
            findings.ok("entities", format!("the token may read {}", open.join(", ")));
        }
        Ok(())
    }
}

/// Adds that a list cannot be had.
fn closed(name: &str, error: &ApiError, findings: &mut Findings) {
    let text = error.to_string();
    let (says, _) = halves(&text, "");
    let off = format!("entities.{name}.enabled = false ends the asking");
    match error {
        ApiError::PlanLacks { .. } => {
            findings.note("plan_lacks", name, says, &format!("nothing, or a larger plan; {off}"))
        }
        _ => findings.warning(
            "not_permitted",
            name,
            says,
            &format!("use a token of a user who may read it, as a deals admin may; {off}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_questions_together_cost_no_more_than_was_promised() {
        let all: u64 = PROBES.iter().map(|(_, endpoint, _)| endpoint.cost).sum();
        assert!(USERS_ME.cost + all <= LIMIT, "{all}");
        assert!(
            PROBES
                .iter()
                .all(|(name, endpoint, _)| entity::find(name).unwrap().endpoint == *endpoint)
        );
    }
}
