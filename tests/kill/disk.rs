//! The disk that fails, and what is played on it.

use std::{fmt, path::PathBuf, str::FromStr};

use fastrand::Rng;

use super::{common::tcp::House, number};

/// Ways to die at a step; see `dev/failing-disk`.
pub(super) const DEATHS: [&str; 4] = ["kill-before", "kill-after", "torn", "power"];

/// One thing that goes wrong, as it can be played again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    /// What runs.
    pub(super) scene: String,
    /// At which change of a file.
    pub(super) step: usize,
    /// What happens then; followed by `*` or a number, to so many calls from then on.
    pub(super) fault: String,
    /// What is edited, and what a power failure takes.
    pub(super) seed: u64,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scene, step, fault, seed } = self;
        write!(f, "{scene} {step} {fault} {seed}")
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let [scene, step, fault, seed] = text.split(' ').collect::<Vec<_>>()[..] else {
            return Err(format!("{text:?} is not a scene, a step, a fault and a seed"));
        };
        let (scene, fault) = (scene.to_owned(), fault.to_owned());
        Ok(Self { scene, step: step.parse().unwrap(), fault, seed: seed.parse().unwrap() })
    }
}

impl Case {
    /// Returns what makes the disk of `house` fail so.
    pub(super) fn environment(&self, house: &House) -> Vec<(&'static str, String)> {
        let name = self.fault.trim_end_matches(|c: char| c.is_ascii_digit() || c == '*');
        let times = match &self.fault[name.len()..] {
            "" => "1",
            "*" => "0",
            times => times,
        };
        let mut environment = watched(house);
        environment.extend([
            ("FAILING_DISK_FAULT", name.to_owned()),
            ("FAILING_DISK_AT", self.step.to_string()),
            ("FAILING_DISK_TIMES", times.to_owned()),
            ("FAILING_DISK_SEED", self.seed.to_string()),
        ]);
        environment
    }
}

/// Returns what makes the disk of `house` say what it does, and nothing else.
pub(super) fn watched(house: &House) -> Vec<(&'static str, String)> {
    // Cargo puts it beside the test, whatever the profile and the target directory.
    let library = std::env::current_exe().unwrap().with_file_name("libfailing_disk.so");
    assert!(library.exists(), "{} is not there", library.display());
    let steps = steps_file(house);
    let _ = std::fs::remove_file(&steps);
    vec![
        ("LD_PRELOAD", library.to_str().unwrap().to_owned()),
        ("FAILING_DISK_MATCH", house.path("").to_str().unwrap().to_owned()),
        ("FAILING_DISK_STEPS", steps.to_str().unwrap().to_owned()),
    ]
}

fn steps_file(house: &House) -> PathBuf {
    house.path("steps")
}

/// Returns what the last run did to its files, a line a step.
pub(super) fn steps(house: &House) -> Vec<String> {
    let text = std::fs::read_to_string(steps_file(house)).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Draws the cases of a scene that has these steps: half of them where something rare happens, such as the sync of a file.
/// `KILL_CASE` and `KILL_CASES` have their say.
pub(super) fn cases(scene: &str, steps: &[String], faults: &[&str], few: usize) -> Vec<Case> {
    if let Ok(text) = std::env::var("KILL_CASE") {
        let case: Case = text.parse().unwrap();
        return if case.scene == scene { vec![case] } else { Vec::new() };
    }
    let count = number("KILL_CASES").map_or(few, |cases| cases as usize);
    let seed = u64::from(number("KILL_SEED").unwrap_or(7));
    let mut rng = Rng::with_seed(seed ^ steps.len() as u64);
    let all: Vec<usize> = (1..=steps.len()).collect();
    let common = |step: &&usize| steps[**step - 1].starts_with("write pipedrive.db-wal");
    let mut rare: Vec<usize> = all.iter().copied().filter(|step| !common(&step)).collect();
    rng.shuffle(&mut rare);
    let rare = rare.into_iter().take(count / 2).collect::<Vec<_>>();
    let others = (rare.len()..count).map(|_| rng.choice(&all).copied().unwrap());
    let mut chosen: Vec<usize> = rare.iter().copied().chain(others.collect::<Vec<_>>()).collect();
    rng.shuffle(&mut chosen);
    let named = chosen.into_iter().zip(faults.iter().cycle()).enumerate();
    named
        .map(|(place, (step, fault))| Case {
            scene: scene.to_owned(),
            step,
            fault: (*fault).to_owned(),
            seed: seed + place as u64,
        })
        .collect()
}
