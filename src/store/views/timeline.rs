//! The text of `deal_timeline`: one branch per date that a deal has, its own and the company's.

use super::{
    fields::Field,
    wide::{Columns, literal},
};
use crate::store::sql::quoted;

/// Most branches: SQLite compounds 500.
const MOST_BRANCHES: usize = 480;

/// The dates and instants of `deals`.
const BUILTIN: &[&str] = &[
    "add_time",
    "update_time",
    "stage_change_time",
    "won_time",
    "lost_time",
    "close_time",
    "first_won_time",
    "archive_time",
    "expected_close_date",
    "local_won_date",
    "local_lost_date",
    "local_close_date",
    "last_incoming_mail_time",
    "last_outgoing_mail_time",
];

const HEAD: &str = "CREATE VIEW deal_timeline AS
  -- The figures of /v1/deals/timeline in their original currencies, by UTC day, over live deals that are not archived
  -- and, as there, open or won: a row per date field (a column of `deals`, or the field_code of a custom field of type
  -- date), day, owner, pipeline, currency and status. Its parameters become a WHERE clause; name the field_key, or every
  -- deal is there many times:
  --   SELECT substr(day, 1, 7) AS month, currency, sum(count), sum(value) FROM deal_timeline
  --   WHERE field_key = 'won_time' AND status = 'won' GROUP BY month, currency
  -- Weighted as in deal_summary. Of the custom fields those seen first are here, up to 466.\n";

/// Writes the view of `fields`.
pub(super) fn write(columns: &Columns, fields: &[Field]) -> String {
    let mut branches: Vec<String> = BUILTIN
        .iter()
        .map(|column| branch(&literal(column), &format!("d.{}", quoted(column)), ""))
        .collect();
    let dates = fields.iter().filter(|field| field.live && field.field_type == "date");
    let custom = dates.filter_map(|field| Some((field, columns.shown(field)?)));
    let join = "JOIN deal_custom_fields c ON c.deal_id = d.id ";
    branches.extend(custom.take(MOST_BRANCHES - BUILTIN.len()).map(|(field, column)| {
        branch(&literal(&field.code), &format!("c.{}", quoted(column)), join)
    }));
    format!("{HEAD}  {}", branches.join("\n  UNION ALL\n  "))
}

fn branch(key: &str, date: &str, join: &str) -> String {
    format!(
        "SELECT {key} AS field_key, substr({date}, 1, 10) AS day, d.owner_id AS user_id, d.pipeline_id AS pipeline_id, \
         d.currency AS currency, d.status AS status, count(*) AS count, total(d.value) AS value, total(CASE d.status \
         WHEN 'won' THEN d.value WHEN 'open' THEN d.value / 100.0 * coalesce(CASE WHEN p.is_deal_probability_enabled \
         THEN d.probability END, s.deal_probability, 0) END) AS weighted_value FROM deals d {join}\
         LEFT JOIN pipelines p ON p.id = d.pipeline_id LEFT JOIN stages s ON s.id = d.stage_id \
         WHERE d.is_deleted = 0 AND d._missing_since IS NULL AND d.is_archived = 0 AND d.status IN ('open', 'won') AND {date} IS NOT NULL \
         GROUP BY substr({date}, 1, 10), d.owner_id, d.pipeline_id, d.currency, d.status"
    )
}
