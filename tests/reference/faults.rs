//! A fault in one place costs that place only, and the next clean run heals it.

use pipedrive_mirror::emulator::{Fault, FaultRule};

use super::*;

const PATHS: [&str; 7] = [
    "/api/v2/pipelines",
    "/api/v2/stages",
    "/v1/users",
    "/v1/currencies",
    "/api/v2/organizations",
    "/api/v2/persons",
    "/api/v2/products",
];

fn status(code: u16) -> Fault {
    Fault::Status { code, headers: Vec::new(), body: String::new() }
}

/// Lets every request to exactly `path` meet `fault`.
fn fail(sim: &Sim, path: &'static str, fault: &Fault) {
    let (emulator, fault) = (sim.emulator.clone(), fault.clone());
    sim.meddle(move |request| {
        emulator.clear_faults();
        if request.uri().path() == path {
            emulator.fault(FaultRule { path: None, skip: 0, times: 1, fault: fault.clone() });
        }
    });
}

#[test]
fn a_fault_that_lasts_costs_its_entity_only() {
    let faults = [
        ("403", status(403)),
        ("404", status(404)),
        ("500", status(500)),
        ("reset", Fault::Reset),
        ("invalid json", Fault::InvalidJson),
        ("null body", Fault::NullBody),
        ("data no list", Fault::DataWrongType),
        ("row too large", Fault::TooLargeOver(0)),
    ];
    let mut told = String::new();
    for (name, fault) in &faults {
        for path in PATHS {
            let sim = Sim::new(120, 3).and_reference();
            fail(&sim, path, fault);
            let report = sim.backfill();
            let hurt: Vec<String> = report
                .entities
                .iter()
                .filter(|one| one.outcome != Outcome::Complete)
                .map(|one| format!("{} {}", one.entity, one.outcome.name()))
                .collect();
            told.push_str(&format!(
                "{name:<13} {path:<22} {} after {} requests: {}\n",
                report.outcome().name(),
                asked(&sim, path).0,
                hurt.join(", ")
            ));
            sim.leave_alone();
            sim.emulator.clear_faults();
            // What is refused altogether is asked for again after a week.
            sim.advance(8 * DAY);
            complete(&sim.backfill());
            assert_equal(&sim);
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn one_record_that_cannot_be_had_leaves_the_others_of_its_group_up_to_date() {
    let sim = Sim::new(400, 4).and_reference();
    let (emulator, culprit) = (
        sim.emulator.clone(),
        sim.emulator.world().references(Reference::Persons).nth(7).unwrap().0,
    );
    sim.meddle(move |request| {
        emulator.clear_faults();
        let named = request.uri().query().is_some_and(|query| {
            query.split(&['=', '&', ','][..]).any(|part| part == culprit.to_string())
                || query
                    .split("%2C")
                    .any(|part| part.rsplit(['=', '&']).next() == Some(&culprit.to_string()))
        });
        if request.uri().path() == "/api/v2/persons" && named {
            emulator.fault(FaultRule { path: None, skip: 0, times: 1, fault: status(500) });
        }
    });
    sim.backfill();
    let owed = sim.number("SELECT count(*) FROM sync_due WHERE kind = 'persons'");
    assert_eq!(owed, 1, "the culprit alone waits");
    sim.leave_alone();
    sim.emulator.clear_faults();
    sim.advance(3_600);
    complete(&sim.sync());
    assert_equal(&sim);
}
