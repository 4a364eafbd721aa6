//! Whose mirror this is: the first question of every run.

use serde::Deserialize;
use tracing::warn;

use super::Fault;
use crate::{
    api::{Answer, ApiError, Call, Client},
    endpoint,
    store::{Account, Writer},
};

#[derive(Deserialize)]
struct Me {
    id: i64,
    company_id: i64,
    company_name: Option<String>,
    company_domain: Option<String>,
    #[serde(default)]
    access: Vec<Access>,
}

#[derive(Deserialize)]
struct Access {
    app: String,
    #[serde(default)]
    admin: bool,
}

/// Asks whose token it is.
///
/// # Errors
///
/// The source's.
pub async fn ask(client: &Client, base_url: &str) -> Result<Account, ApiError> {
    read(client.get(&Call::new(&endpoint::USERS_ME)).await?, base_url)
}

/// Asks as [`ask`] does, a single time: of a source that was in trouble a moment ago, or to find out whether it is.
///
/// # Errors
///
/// The source's.
pub async fn ask_once(client: &Client, base_url: &str) -> Result<Account, ApiError> {
    read(client.get_once(&Call::new(&endpoint::USERS_ME)).await?, base_url)
}

fn read(answer: Answer, base_url: &str) -> Result<Account, ApiError> {
    let me: Me = serde_json::from_str(answer.object()?).map_err(|error| ApiError::Malformed {
        path: endpoint::USERS_ME.path,
        what: format!("it does not say who the token belongs to ({:?})", error.classify()),
    })?;
    Ok(Account {
        company_id: me.company_id,
        company_domain: me.company_domain,
        company_name: me.company_name,
        user_id: me.id,
        // Source: API reference, users: `access` lists the apps; the admin of `sales` sees every deal.
        is_admin: me.access.iter().any(|access| access.app == "sales" && access.admin),
        base_url: base_url.to_owned(),
    })
}

/// What binding the mirror to an account found.
#[derive(Debug)]
pub(super) struct Binding {
    /// What a person should know.
    pub(super) notes: Vec<String>,
    /// Whether the token's user is the one through whose eyes the mirror was filled: another one may see less, so that
    /// what they do not see is not gone.
    pub(super) same_user: bool,
}

/// Binds the mirror to `found`, or refuses another company's token. Another user of the company takes the place of the
/// one who is noted only if a person said so: `accept`.
///
/// # Errors
///
/// [`Fault::OtherCompany`]; then nothing was written.
pub(super) async fn bind(writer: &Writer, found: Account, accept: bool) -> Result<Binding, Fault> {
    let (mut notes, mut same_user) = (Vec::new(), true);
    let mut binding = found.clone();
    let stored = writer.run(|store| store.account()).await?;
    if let Some(stored) = &stored {
        if stored.company_id != found.company_id {
            return Err(Fault::OtherCompany { stored: name(stored), found: name(&found) });
        }
        if stored.user_id == found.user_id && stored.is_admin && !found.is_admin && !accept {
            same_user = false;
            notes.push(
                "the token's user is no deals admin any more: deals that this user may not see stay as they were; \
                 `reconcile --accept-user` goes on so"
                    .to_owned(),
            );
            binding.is_admin = stored.is_admin;
        }
        if stored.user_id != found.user_id && !accept {
            same_user = false;
            notes.push(format!(
                "the token now belongs to user {} instead of {}: deals that this user may not see stay as they were; \
                 `reconcile --accept-user` goes on with this user",
                found.user_id, stored.user_id
            ));
            // Through whose eyes this mirror was filled is for a person to change.
            (binding.user_id, binding.is_admin) = (stored.user_id, stored.is_admin);
        }
    }
    if !found.is_admin {
        notes.push(
            "the token's user is no deals admin: deals that this user may not see are not mirrored"
                .to_owned(),
        );
    }
    for note in &notes {
        warn!("{note}");
    }
    if stored.as_ref() != Some(&binding) {
        writer.run(move |store| store.bind_account(&binding)).await?;
    }
    Ok(Binding { notes, same_user })
}

fn name(account: &Account) -> String {
    match &account.company_domain {
        Some(domain) => format!("{} ({domain})", account.company_id),
        None => account.company_id.to_string(),
    }
}
