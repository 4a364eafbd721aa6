//! From the configuration and `--entities` to what a run takes up and how.

use std::sync::Arc;

use pipedrive_mirror::{
    config::{self, Config, FanoutPolicy, RowScope, nearest},
    entity::{ENTITIES, Entity},
    exit::Exit,
    store::{ChildRule, Policy},
    sync::{Ceiling, Reconciling, Settings, Take, Wanted},
};

use super::Failure;
use crate::cli;

/// Returns the entities that a run may take up: those named, or all that are mirrored.
pub(crate) fn wanted(config: &Config, which: &cli::Which) -> Result<Vec<Wanted>, Failure> {
    let all: Vec<&'static Entity> = ENTITIES.to_vec();
    check_names(which, &all)?;
    let force = !which.entities.is_empty();
    if let Some(entity) = all.iter().find(|entity| {
        names(which, entity) && entity.child().is_some() && !is_mirrored(config, entity)
    }) {
        let name = entity.name;
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "--entities: `{name}` is switched off; see [entities.{name}] and [fanout] in the configuration"
            ),
        ));
    }
    let wanted: Vec<Wanted> = all
        .into_iter()
        .filter(|entity| if force { names(which, entity) } else { is_mirrored(config, entity) })
        .map(|entity| {
            wanted_entity(config, entity, if force { Take::Named } else { Take::WhenDue })
        })
        .collect();
    if wanted.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "every entity is disabled; enable one under [entities.NAME]",
        ));
    }
    Ok(wanted)
}

/// Returns what a reconcile takes up: the lists named, or all that are mirrored, and whatever hangs on them.
pub(crate) fn reconciled(config: &Config, which: &cli::Which) -> Result<Vec<Wanted>, Failure> {
    let lists: Vec<&'static Entity> =
        ENTITIES.iter().copied().filter(|entity| entity.is_list()).collect();
    check_names(which, &lists)?;
    let wanted: Vec<Wanted> = ENTITIES
        .iter()
        .copied()
        .filter(|entity| is_mirrored(config, entity))
        .filter(|entity| {
            let is_list = entity.is_list() && (which.entities.is_empty() || names(which, entity));
            is_list || entity.child().is_some()
        })
        .map(|entity| wanted_entity(config, entity, Take::WhenDue))
        .collect();
    if !wanted.iter().any(|wanted| wanted.entity.is_list()) {
        return Err(Failure::new(
            Exit::Usage,
            "none of these lists is mirrored, so there is nothing to reconcile; enable one under [entities.NAME]",
        ));
    }
    Ok(wanted)
}

fn wanted_entity(config: &Config, entity: &'static Entity, take: Take) -> Wanted {
    let schedule = config.entity(entity.name).and_then(|settings| settings.schedule.clone());
    Wanted { entity, schedule, take }
}

/// Returns how a run goes about it.
pub(crate) fn settings(config: &Config, base_url: &str) -> Settings {
    let rules = ENTITIES
        .iter()
        .filter(|entity| entity.child().is_some() && is_mirrored(config, entity))
        .map(|&entity| ChildRule {
            entity,
            policy: policy(config, entity).unwrap_or(Policy::Counter),
        })
        .collect::<Vec<_>>();
    Settings {
        overlap: config.overlap,
        in_flight: usize::try_from(config.max_in_flight.get()).unwrap_or(1),
        children: Arc::from(rules),
        restricted: ENTITIES
            .iter()
            .copied()
            .filter(|entity| is_restricted(config, entity))
            .collect(),
        unmirrored: ENTITIES
            .iter()
            .copied()
            .filter(|entity| entity.named.is_some() && !is_mirrored(config, entity))
            .collect(),
        refresh_after: config.fanout.refresh_after,
        reconcile: Reconciling {
            schedule: config.reconcile_schedule.clone(),
            max_missing: config.reconcile_max_missing.map(|ceiling| match ceiling {
                config::Ceiling::Rows(rows) => Ceiling::Rows(rows),
                config::Ceiling::Part(part) => Ceiling::Part(part),
            }),
        },
        verify_daily_cost: config.verify_daily_cost,
        ..Settings::new(base_url)
    }
}

/// Returns whether only those rows of `entity` are mirrored that deals name.
fn is_restricted(config: &Config, entity: &Entity) -> bool {
    config.entity(entity.name).is_some_and(|settings| settings.scope == Some(RowScope::Deals))
}

/// Returns whether `entity` is mirrored at all.
pub(super) fn is_mirrored(config: &Config, entity: &Entity) -> bool {
    config.entity(entity.name).is_some_and(|settings| settings.enabled)
        && (!entity.is_trickle() || policy(config, entity).is_some())
}

/// Returns when what is asked for deal by deal is owed; `None` where it is not mirrored.
fn policy(config: &Config, entity: &Entity) -> Option<Policy> {
    let fanout = &config.fanout;
    let configured = match entity.name {
        "deal_followers" => fanout.followers,
        "deal_participants" => fanout.participants,
        "deal_discounts" => fanout.discounts,
        _ => return None,
    };
    match configured {
        FanoutPolicy::Off => None,
        FanoutPolicy::Counter => Some(Policy::Counter),
        FanoutPolicy::Changed => Some(Policy::Changed),
        FanoutPolicy::Open => Some(Policy::Open),
        FanoutPolicy::All => Some(Policy::All),
    }
}

fn names(which: &cli::Which, entity: &Entity) -> bool {
    which.entities.iter().any(|name| name.trim() == entity.name)
}

/// Refuses a name that is none of `known`.
fn check_names(which: &cli::Which, known: &[&'static Entity]) -> Result<(), Failure> {
    let names: Vec<&str> = known.iter().map(|entity| entity.name).collect();
    for name in which.entities.iter().map(|name| name.trim()) {
        if names.contains(&name) {
            continue;
        }
        if name.is_empty() {
            let known = names.join(", ");
            return Err(Failure::new(
                Exit::Usage,
                format!("--entities: it names nothing; choose from {known}."),
            ));
        }
        let hint = nearest(name, names.iter().copied())
            .map_or_else(String::new, |near| format!(" Did you mean `{near}`?"));
        let known = names.join(", ");
        return Err(Failure::new(
            Exit::Usage,
            format!("--entities: there is no `{name}` to choose here.{hint} Known are {known}."),
        ));
    }
    Ok(())
}
