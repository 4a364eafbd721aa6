//! Requests against a generated world.

mod around;
mod chronicle;
mod edits;
mod examples;
mod faults;
mod former;
mod limits;
mod paging;
mod parameters;
mod reference_edited;
mod reference_read;
mod rows_edited;
mod rows_read;
mod search;
mod shapes;
mod sums;
mod tcp;
mod writes;
mod writes_refused;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::Value as Json;

use super::*;
use crate::clock::VirtualClock;

const NOW: &str = "2026-02-03T16:40:21Z";
const ALL: &str = "status=open,won,lost,deleted";

/// An emulator and the clock that rules it.
struct Bench {
    emulator: Emulator,
    clock: VirtualClock,
}

impl Bench {
    fn new(deals: u32) -> Self {
        Self::with(deals, Switches { burst: None, search_burst: None, ..Switches::default() })
    }

    fn with(deals: u32, switches: Switches) -> Self {
        let clock = VirtualClock::new(NOW.parse().unwrap());
        let world = world(deals, 7);
        Self { emulator: Emulator::new(world, switches, Arc::new(clock.clone())), clock }
    }

    fn get(&self, path: &str) -> Response {
        self.emulator.handle(request(path)).unwrap()
    }

    /// Asks and returns the status and the body.
    fn ask(&self, path: &str) -> (u16, Json) {
        let response = self.get(path);
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or(Json::Null))
    }

    /// Asks for what must be there.
    fn json(&self, path: &str) -> Json {
        let (status, body) = self.ask(path);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Walks a list to its end, calling `between` after each page, and returns its items.
    fn walk(&self, path: &str, mut between: impl FnMut(&Self)) -> Vec<Json> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.json(&format!("{path}{cursor}"));
            items.extend(page["data"].as_array().unwrap().iter().cloned());
            let Some(next) = page["additional_data"]["next_cursor"].as_str() else { return items };
            cursor = format!("&cursor={next}");
            between(self);
        }
    }

    fn ids(&self, path: &str) -> Vec<Id> {
        ids(&self.walk(path, |_| ()))
    }

    fn edit(&self, edit: Edit) -> Edited {
        self.emulator.world().apply(edit).unwrap()
    }

    fn some_live(&self) -> Id {
        let world = self.emulator.world();
        world.live_ids().nth(3).unwrap()
    }
}

fn world(deals: u32, seed: u64) -> World {
    World::generate(&Options { deals, seed, now: NOW.parse().unwrap() })
}

fn request(path: &str) -> Request {
    http::Request::get(path).header("x-api-token", TOKEN).body(Bytes::new()).unwrap()
}

fn ids(items: &[Json]) -> Vec<Id> {
    items.iter().map(|item| Id::try_from(item["id"].as_u64().unwrap()).unwrap()).collect()
}

fn sorted(mut ids: Vec<Id>) -> Vec<Id> {
    ids.sort_unstable();
    ids
}
