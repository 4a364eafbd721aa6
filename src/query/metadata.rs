//! The schema as metadata for Datasette: descriptions, what a row is called, the order, what to count by, units.

use serde_json::{Map, Value, json};

use super::comments::Comments;
use crate::store::Described;

/// What is known of a table besides its comments. Columns that a table lacks are left out.
struct Known {
    table: &'static str,
    label: &'static str,
    newest: &'static str,
    facets: &'static [&'static str],
    units: &'static [(&'static str, &'static str)],
}

const KNOWN: &[Known] = &[
    Known {
        table: "deals",
        label: "title",
        newest: "update_time",
        facets: &["status", "pipeline_id", "stage_id", "owner_id", "currency", "is_archived"],
        units: &[("probability", "percent")],
    },
    Known {
        table: "deal_overview",
        label: "title",
        newest: "update_time",
        facets: &["status", "pipeline", "stage", "owner", "currency"],
        units: &[("probability", "percent"), ("days_in_stage", "day")],
    },
    Known {
        table: "deals_stale",
        label: "title",
        newest: "days_since_change",
        facets: &["owner", "pipeline", "stage", "currency", "is_rotten"],
        units: &[("days_since_change", "day"), ("days_to_rotten", "day")],
    },
    Known {
        table: "persons",
        label: "name",
        newest: "update_time",
        facets: &["owner_id"],
        units: &[],
    },
    Known {
        table: "organizations",
        label: "name",
        newest: "update_time",
        facets: &["owner_id"],
        units: &[],
    },
    Known {
        table: "products",
        label: "name",
        newest: "update_time",
        facets: &["category"],
        units: &[("tax", "percent")],
    },
    Known {
        table: "deal_products",
        label: "name",
        newest: "",
        facets: &["product_id", "currency"],
        units: &[("tax", "percent")],
    },
    Known { table: "pipelines", label: "name", newest: "", facets: &[], units: &[] },
    Known {
        table: "stages",
        label: "name",
        newest: "",
        facets: &["pipeline_id"],
        units: &[("deal_probability", "percent"), ("days_to_rotten", "day")],
    },
    Known { table: "users", label: "name", newest: "", facets: &["active_flag"], units: &[] },
    Known {
        table: "deal_fields",
        label: "field_name",
        newest: "",
        facets: &["field_type"],
        units: &[],
    },
    Known {
        table: "sync_runs",
        label: "",
        newest: "id",
        facets: &["entity", "outcome", "mode"],
        units: &[],
    },
    Known {
        table: "sync_quarantine",
        label: "",
        newest: "last_seen",
        facets: &["entity"],
        units: &[],
    },
];

/// Returns the metadata of the database called `database` (the name of its file without `.db`).
pub fn metadata(database: &str, tables: &[Described]) -> Value {
    let told: Map<String, Value> =
        tables.iter().map(|table| (table.name.clone(), of_table(table))).collect();
    json!({"databases": {database: {"tables": told}}})
}

fn of_table(table: &Described) -> Value {
    let comments = Comments::read(&table.sql);
    let mut told = Map::new();
    if !comments.whole.is_empty() {
        told.insert("description".to_owned(), comments.whole.clone().into());
    }
    let columns: Map<String, Value> = table
        .columns
        .iter()
        .map(|column| (column.name.clone(), Value::from(comments.of(&column.name))))
        .filter(|(_, comment)| comment != "")
        .collect();
    if !columns.is_empty() {
        told.insert("columns".to_owned(), columns.into());
    }
    let has = |name: &str| table.columns.iter().any(|column| column.name == name);
    // Where the full text of deals is to be searched from.
    if ["deals", "deal_overview", "deals_wide"].contains(&table.name.as_str()) {
        told.insert("fts_table".to_owned(), "deals_search".into());
        told.insert("fts_pk".to_owned(), "id".into());
    }
    if let Some(known) = KNOWN.iter().find(|known| known.table == table.name) {
        for (key, column) in [("label_column", known.label), ("sort_desc", known.newest)] {
            if has(column) {
                told.insert(key.to_owned(), column.into());
            }
        }
        let facets: Vec<&str> = known.facets.iter().copied().filter(|name| has(name)).collect();
        if !facets.is_empty() {
            told.insert("facets".to_owned(), facets.into());
        }
        let units: Map<String, Value> = known
            .units
            .iter()
            .filter(|(name, _)| has(name))
            .map(|(name, unit)| ((*name).to_owned(), Value::from(*unit)))
            .collect();
        if !units.is_empty() {
            told.insert("units".to_owned(), units.into());
        }
    }
    told.into()
}
