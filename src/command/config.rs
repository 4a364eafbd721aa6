//! `config init`, `check` and `show`.

use std::{path::Path, sync::Arc};

use pipedrive_mirror::{
    api::Client,
    clock::SystemClock,
    config::{Config, write_example},
    exit::Exit,
    seams::Ledger,
    store::{Lock, MemoryLedger, Store, StoreLedger, Writer, canonical},
    sync,
};

use super::{
    Failure,
    mirror::{Source, options, runtime},
    plan::schedules,
    print, upkeep,
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
    // One gate rules: the account's ledger is in the database, and whoever holds that spends.
    let kept = match path.exists() {
        true => {
            Some(Writer::spawn(Store::open(Lock::acquire(&path)?, config.database_mode.bits())?)?)
        }
        false => {
            print::text("There is no database yet, so the cost of 2 is not written down.\n")?;
            None
        }
    };
    let account = runtime()?.block_on(async {
        let ledger: Arc<dyn Ledger> = match &kept {
            Some((writer, _)) => Arc::new(StoreLedger(writer.clone())),
            None => Arc::new(MemoryLedger),
        };
        let clock = Arc::new(SystemClock::new());
        let client = Client::new(source.transport, clock, ledger, source.token, &options(config));
        let asked = sync::ask(&client, &base_url).await;
        client.close().await?;
        asked
    });
    if let Some((writer, thread)) = kept {
        drop(writer);
        // It only closes the database; what it wrote is committed.
        let _ = thread.join();
    }
    let account = account?;
    print::text(&format!(
        "The token belongs to user {} of {} (company {}){}.\n",
        account.user_id,
        account
            .company_name
            .as_deref()
            .map_or_else(|| "a company without a name".into(), print::escaped),
        account.company_id,
        if account.is_admin { "" } else { ", who is no deals admin and may not see every deal" }
    ))?;
    Ok(Exit::Complete)
}
