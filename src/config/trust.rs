//! Whether a file may be believed, by its owner and permissions.
//!
//! A configuration file decides where the token is sent. One that is merely found in the working directory may have
//! been put there by somebody else, in a shared directory or an unpacked archive.

use std::{fs::Metadata, os::unix::fs::MetadataExt as _, path::Path};

use super::ConfigError;

/// What is asked about a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stat {
    owner: u32,
    mode: u32,
}

impl From<&Metadata> for Stat {
    fn from(metadata: &Metadata) -> Self {
        Self { owner: metadata.uid(), mode: metadata.mode() }
    }
}

/// Returns the user whom this process acts for.
pub(super) fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Refuses a file in the working directory that somebody other than the user `me` may have written.
pub(super) fn found_here(path: &Path, stat: Stat, me: u32) -> Result<(), ConfigError> {
    const OTHERS_WRITE: u32 = 0o022;
    const SYMLINK: u32 = 0o120_000;
    const KIND: u32 = 0o170_000;
    let (problem, remedy) = if stat.owner != me {
        (
            "was found in the working directory and belongs to another user",
            format!("name it with --config {} if you trust what it says", path.display()),
        )
    // A link's own permissions mean nothing; what it points to is asked about in its turn.
    } else if stat.mode & KIND != SYMLINK && stat.mode & OTHERS_WRITE != 0 {
        (
            "was found in the working directory and others may write it",
            format!("check what it says, then run: chmod go-w {}", path.display()),
        )
    } else {
        return Ok(());
    };
    Err(ConfigError::Untrusted { path: path.to_owned(), problem: problem.to_owned(), remedy })
}

/// Refuses a configuration file with a token that others may read.
pub(super) fn holds_token(path: &Path, stat: Stat) -> Result<(), ConfigError> {
    if !others_read(stat) {
        return Ok(());
    }
    Err(ConfigError::Untrusted {
        path: path.to_owned(),
        problem: "holds an API token and others may read it".to_owned(),
        remedy: format!("run: chmod 600 {}", path.display()),
    })
}

/// Tells whether anyone but the owner may read the file.
pub(super) fn others_read(stat: Stat) -> bool {
    const OTHERS_READ: u32 = 0o044;
    stat.mode & OTHERS_READ != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(owner: u32, mode: u32) -> String {
        match found_here(Path::new("f.toml"), Stat { owner, mode }, 1000) {
            Ok(()) => format!("{mode:o} of {owner}: believed"),
            Err(error) => format!("{mode:o} of {owner}: {error}"),
        }
    }

    #[test]
    fn a_file_found_here_is_believed_only_where_nobody_else_may_have_written_it() {
        let table = [
            (1000, 0o100_644),
            (1000, 0o100_664),
            (1000, 0o100_602),
            (0, 0o100_600),
            (1000, 0o120_777),
        ];
        let table = table.map(|(owner, mode)| verdict(owner, mode)).join("\n");
        insta::assert_snapshot!(table, @"
        100644 of 1000: believed
        100664 of 1000: f.toml was found in the working directory and others may write it; check what it says, then run: chmod go-w f.toml
        100602 of 1000: f.toml was found in the working directory and others may write it; check what it says, then run: chmod go-w f.toml
        100600 of 0: f.toml was found in the working directory and belongs to another user; name it with --config f.toml if you trust what it says
        120777 of 1000: believed
        ");
    }
}
