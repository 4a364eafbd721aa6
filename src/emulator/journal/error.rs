//! Why a state file cannot be used.

use std::path::PathBuf;

/// Why the state of a world cannot be read or kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The system does not let it be opened or read.
    #[error("the state {} cannot be opened: {reason}", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Another process keeps its world there.
    #[error("another emulator keeps its world in {}; stop it, or give --state another file", path.display())]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// It was never written by an emulator.
    #[error(
        "{} is no state of an emulator, and is left as it is; give --state the name of a new file",
        path.display()
    )]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// It was written by a program that writes, or makes companies, in another way.
    #[error(
        "the world in {} is that of another version of this program; go on with that one, or begin anew with another file",
        path.display()
    )]
    Version {
        /// Which file.
        path: PathBuf,
    },
    /// Another world was asked for than the one that is kept.
    #[error(
        "the world in {} was made with {name} {kept}, not {wanted}; leave {name} out to go on with it, or begin anew \
         with another file",
        path.display()
    )]
    Another {
        /// Which file.
        path: PathBuf,
        /// The option.
        name: &'static str,
        /// What the file says.
        kept: u64,
        /// What was asked for.
        wanted: u64,
    },
    /// A line is not what any emulator writes, or does not fit what came before it.
    #[error(
        "line {line} of {} cannot be carried out, so the file was changed or damaged; cut it before that line to lose \
         what came later, or begin anew with another file",
        path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
    },
    /// What happened could not be written.
    #[error("what happens can no longer be kept in {}: {reason}; all until then is", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}
