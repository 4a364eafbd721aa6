//! `config init`, `check` and `show`.

use std::{path::Path, sync::Arc};

use pipedrive_mirror::{
    api::Client,
    clock::SystemClock,
    config::{Config, write_example},
    exit::Exit,
    store::{Account, Lock, Store, canonical},
    sync,
};

use super::{
    Failure,
    mirror::{Source, options, runtime},
    plan::schedules,
    print,
    spending::Spending,
    upkeep,
};

pub(crate) fn init(file: &Path) -> Result<Exit, Failure> {
    write_example(file)?;
    print::text(&format!(
        "Wrote {}: every key with its meaning and default. Put the API token in it (or in PIPEDRIVE_API_TOKEN),\n\
         then run `pipedrive-mirror config check --online`.\n",
        file.display()
    ))?;
    Ok(Exit::Complete)
}

pub(crate) fn show(config: &Config, json: bool) -> Result<Exit, Failure> {
    if json {
        print::json(&config.to_json())?;
    } else {
        print::text(&format!("{}\n", config.show().trim_end()))?;
    }
    Ok(Exit::Complete)
}

pub(crate) fn check(config: &Config, online: bool) -> Result<Exit, Failure> {
    let source = Source::of(config)?;
    let path = canonical(&config.database)?;
    let schedules = schedules(config)?;
    print::text("The configuration is sound.\n")?;
    print::text(&upkeep::in_words(&schedules))?;
    if !online {
        return Ok(Exit::Complete);
    }
    let base_url = source.base_url.clone();
    let spending = match path.exists() {
        true => {
            let store = Store::open(Lock::acquire(&path)?, config.database_mode.bits())?;
            Spending::in_database(store)?
        }
        false => {
            print::text("There is no database yet, so the cost of 2 is not written down.\n")?;
            Spending::in_memory()
        }
    };
    let account = runtime()?.block_on(async {
        let (clock, ledger) = (Arc::new(SystemClock::new()), spending.ledger());
        let client = Client::new(source.transport, clock, ledger, source.token, &options(config));
        let asked = sync::ask(&client, &base_url).await;
        client.close().await?;
        asked
    });
    spending.close();
    let account = account?;
    let admin =
        if account.is_admin { "" } else { ", who is no deals admin and may not see every deal" };
    print::text(&print::escaped(&format!("The token belongs to {}{admin}.\n", whose(&account))))?;
    Ok(Exit::Complete)
}

/// Says whose token it is.
pub(super) fn whose(account: &Account) -> String {
    format!(
        "user {} of {} (company {})",
        account.user_id,
        account.company_name.as_deref().unwrap_or("a company without a name"),
        account.company_id
    )
}
