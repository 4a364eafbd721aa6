//! How many deals the source says it has, before any of them is read.

use serde::Deserialize;

use crate::{
    api::{Answer, ApiError, Call, Client},
    endpoint,
};

/// Source: API reference, "Get deals summary": `total_count`, over all deals that are neither archived nor deleted
/// (API.md 4.4: expected to count what the token's user sees).
#[derive(Deserialize)]
struct Summary {
    total_count: u64,
}

/// Asks how many live deals there are that are not archived (a cost of 40), a single time: whoever wants to know what a
/// run is going to cost does not wait for a source that is in trouble.
///
/// # Errors
///
/// The source's.
pub async fn ask_total(client: &Client) -> Result<u64, ApiError> {
    total_of(&client.get_once(&Call::new(&endpoint::DEALS_SUMMARY)).await?)
}

/// Returns the number of live deals that an answer of the summary tells.
pub(super) fn total_of(answer: &Answer) -> Result<u64, ApiError> {
    let summary: Result<Summary, _> = serde_json::from_str(answer.object()?);
    summary.map(|summary| summary.total_count).map_err(|_| ApiError::Malformed {
        path: endpoint::DEALS_SUMMARY.path,
        what: "there is no `total_count` in it".to_owned(),
    })
}
