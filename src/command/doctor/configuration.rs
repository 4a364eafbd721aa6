//! What is said to the program: the file, the environment, the flags.

use pipedrive_mirror::{
    config::{Config, ConfigError, Overrides, Warning},
    exit::Exit,
};

use super::{
    super::{mirror::base_url, plan, print, quoted::whole, shown, try_config, upkeep},
    Failure, Findings,
    finding::halves,
};

const ABOUT: &str = "configuration";

/// Reads the configuration and says what is wrong with it; `None` where there is none to go by.
pub(super) fn check(
    overrides: &Overrides,
    findings: &mut Findings,
) -> Result<Option<Config>, Failure> {
    let config = match try_config(overrides)? {
        Ok(config) => config,
        Err(error) => {
            wrong(&error, findings);
            findings.note(
                "not_checked",
                ABOUT,
                "nothing else was checked, as it hangs on the configuration",
                "correct the configuration, then run `pipedrive-mirror doctor` again",
            );
            return Ok(None);
        }
    };
    let file = config.file.as_ref().map_or_else(
        || "no file; the environment, flags and defaults hold".to_owned(),
        |file| format!("{} is sound", shown(file)),
    );
    findings.ok(ABOUT, file);
    for warning in &config.warnings {
        let id = match warning {
            Warning::OpenTokenFile(_) => "token_file_open",
            _ => "nothing_mirrored",
        };
        let text = warning.to_string();
        let (says, next) = halves(&text, "look at `pipedrive-mirror config show`");
        findings.warning(id, ABOUT, says, next);
    }
    if let Err(failure) = base_url(&config) {
        let text = failure.to_string();
        let told = halves(&text, "set `pipedrive.base_url` to https://api.pipedrive.com");
        findings.error("base_url", ABOUT, told, Exit::Usage);
    }
    if let Err(error) = config.require_token() {
        wrong(&error, findings);
    }
    Ok(Some(config))
}

/// Adds what is wrong with the configuration.
fn wrong(error: &ConfigError, findings: &mut Findings) {
    let explained =
        "`pipedrive-mirror config init FILE` writes one in which every key is explained";
    let (id, otherwise) = match error {
        ConfigError::Unreadable { .. } => {
            ("config_unreadable", "name the configuration with --config FILE")
        }
        ConfigError::Untrusted { .. } => {
            ("config_untrusted", "look at the file's owner and rights")
        }
        ConfigError::Syntax { .. } => ("config_syntax", explained),
        ConfigError::UnknownKey { .. } => ("config_unknown_key", explained),
        ConfigError::Invalid { .. } => ("config_invalid", explained),
        ConfigError::Empty { .. } => ("config_empty", explained),
        ConfigError::TwoTokens { .. } => ("two_tokens", "keep one of them"),
        ConfigError::Token { .. } => {
            ("token_malformed", "copy it again from Pipedrive under Personal preferences > API")
        }
        ConfigError::TokenFile { .. } => {
            ("token_file", "put the token, and nothing else, into that file")
        }
        ConfigError::TokenAsPath { .. } => ("token_as_path", "name a file there"),
        ConfigError::NoToken => {
            // Its own words are three lines.
            let told = (
                "there is no API token",
                "copy it from Pipedrive under Personal preferences > API, and hand it over in PIPEDRIVE_API_TOKEN or in a \
                 file that PIPEDRIVE_API_TOKEN_FILE or pipedrive.api_token_file names",
            );
            return findings.error("no_token", "token", told, Exit::Usage);
        }
        _ => ("config", explained),
    };
    let (text, about) = (error.to_string(), if id.starts_with("token") { "token" } else { ABOUT });
    findings.error(id, about, halves(&text, otherwise), Exit::Usage);
}

/// Sets what the schedules cost against what may be spent.
pub(super) fn check_schedules(config: &Config, findings: &mut Findings) {
    // Where every entity is off there are none, which is said elsewhere.
    let Ok(schedules) = plan::schedules(config) else { return };
    let (upkeep, share) = (&schedules.upkeep, schedules.outlook.share);
    let (cost, share_said) = (print::count(whole(upkeep.cost())), print::count(share));
    match upkeep::most_expensive(upkeep).filter(|_| upkeep.cost() > share as f64) {
        None => findings.ok("schedules", format!("{cost} a day of the mirror's share of {share_said}")),
        Some(most) => findings.warning(
            "schedules",
            "schedules",
            &format!(
                "they cost {cost} a day, and the mirror may spend {share_said}, so it stands still every day; the most \
                 expensive is `{}`, {} a day",
                most.what,
                print::count(whole(most.cost))
            ),
            &format!(
                "make {} rarer, or raise limits.daily_share, or limits.daily_budget if the company's is larger",
                upkeep::key(most)
            ),
        ),
    }
}
