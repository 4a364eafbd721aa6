//! What is allowed and yet worth a word.

use std::{fmt, path::PathBuf};

/// Something odd about a configuration that is in force all the same. Displayed, it is a sentence for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Others than its owner may read the file with the token.
    OpenTokenFile(PathBuf),
    /// Every entity is switched off.
    NothingMirrored,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenTokenFile(path) => {
                let path = path.display();
                write!(
                    f,
                    "the token file {path} can be read by others; unless it is a container's secret, run: chmod 600 {path}"
                )
            }
            Self::NothingMirrored => {
                f.write_str("no entity is enabled, so nothing will be mirrored; enable one under [entities.NAME]")
            }
        }
    }
}
