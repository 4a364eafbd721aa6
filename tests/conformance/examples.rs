//! The official examples, read by the mirror.

use std::{collections::BTreeSet, slice};

use pipedrive_mirror::entity::{self, Catalog, ENTITIES, Entity};
use serde_json::Value as Json;

use super::spec::Spec;

/// Members that have no column and are kept as they came.
const BESIDES: [(&str, &str); 1] = [("organizations", "org_id")];

/// Returns the rows of the official examples of what an entity is read from.
fn rows(specs: &[Spec], entity: &Entity) -> Vec<Json> {
    let name = format!("GET {}", entity.endpoint.path);
    let said = specs.iter().find_map(|spec| spec.operation(&name)).unwrap();
    let examples = said.examples(said.success()).iter();
    examples.flat_map(|example| example["data"].as_array().cloned().unwrap()).collect()
}

#[test]
fn every_row_of_every_example_is_read_and_every_member_is_kept() {
    let (specs, mut read, mut besides) = (Spec::both(), BTreeSet::new(), BTreeSet::new());
    for entity in ENTITIES {
        for row in rows(&specs, entity) {
            let page = row.to_string();
            let whole = 0..page.len();
            let decoded =
                entity::decode(entity, &Catalog::default(), &page, slice::from_ref(&whole));
            assert_eq!(decoded.unreadable, [], "{}: {page}", entity.name);
            assert_eq!(decoded.misfits, 0, "{}: {page}", entity.name);
            let extra = decoded.records[0].extra.as_deref().map(serde_json::from_str::<Json>);
            let extra = extra.map_or(Json::Null, Result::unwrap);
            let names = extra.as_object().into_iter().flat_map(serde_json::Map::keys);
            besides.extend(names.map(|name| (entity.name, name.clone())));
            read.insert(entity.name);
        }
    }
    let expected = BESIDES.iter().map(|(entity, name)| (*entity, (*name).to_owned()));
    assert_eq!(besides, expected.collect::<BTreeSet<_>>());
    let all = ENTITIES.iter().map(|entity| entity.name).collect::<BTreeSet<_>>();
    assert_eq!(read, all, "each has an example");
}
