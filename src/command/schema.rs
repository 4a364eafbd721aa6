//! `schema`: what is in the database, in one form or another.

use pipedrive_mirror::{config::Config, exit::Exit, query, store::Reader};

use super::{Failure, print};
use crate::cli::SchemaFormat;

pub(crate) fn schema(config: &Config, format: SchemaFormat) -> Result<Exit, Failure> {
    let reader = Reader::open(&config.database)?;
    match format {
        SchemaFormat::Sql => print::text(&format!("{}\n", reader.schema()?))?,
        SchemaFormat::Markdown => {
            print::text(&print::escaped(&query::dictionary(&reader.describe()?)))?
        }
        SchemaFormat::Mermaid => {
            print::text(&print::escaped(&query::diagram(&reader.describe()?)))?
        }
        SchemaFormat::Datasette => {
            let stem = config.database.file_stem().unwrap_or_default().to_string_lossy();
            print::json(&query::metadata(&stem, &reader.describe()?))?;
        }
    }
    Ok(Exit::Complete)
}
