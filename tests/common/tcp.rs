//! The real program in a process of its own, and the emulator behind a real socket.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
};

use pipedrive_mirror::{
    clock::SystemClock,
    emulator::{self, Emulator, Switches, World, serve},
    seams::Clock,
};
use tokio::runtime::Runtime;

/// The one token that the emulator takes. It must show nowhere.
pub const SECRET: &str = "5ecre7f00dba5eba11c0ffee5ecre7f00dba5eba";

/// The emulator on a port of this machine.
pub struct Source {
    pub emulator: Emulator,
    pub url: String,
    _runtime: Runtime,
}

impl Source {
    /// Serves a company with `deals`. Nothing limits how fast it is asked.
    pub fn serve(deals: u32, switches: Switches) -> Self {
        Self::serve_by(deals, switches, Arc::new(SystemClock::new()))
    }

    /// As [`Self::serve`], by another clock than this machine's.
    pub fn serve_by(deals: u32, switches: Switches, clock: Arc<dyn Clock>) -> Self {
        let world = World::generate(&emulator::Options { deals, seed: 5, now: clock.now() });
        let switches = Switches { burst: Some(100_000), ..switches };
        let emulator = Emulator::new(world, switches, clock);
        emulator.set_tokens([SECRET]);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(serve(emulator.clone(), listener, std::future::pending()));
        Self { emulator, url, _runtime: runtime }
    }

    /// Waits until `requests` were answered since the log was last emptied, or `child` is done.
    pub fn wait_for(&self, requests: usize, child: &mut Child) -> bool {
        while self.emulator.log().len() < requests {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::yield_now();
        }
        true
    }
}

/// A folder in which the program runs, with an environment of its own.
pub struct House {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

/// What the program said, and its exit code.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl House {
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// A house whose environment names `url` and the token, and whose program asks as fast as it can.
    pub fn at(url: &str) -> Self {
        let house =
            Self::empty().with("PIPEDRIVE_BASE_URL", url).with("PIPEDRIVE_API_TOKEN", SECRET);
        house.write("pipedrive-mirror.toml", "[limits]\nrequests_per_2s = 1000\n");
        house
    }

    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != variable);
        self.environment.push((variable.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, variable: &str) -> Self {
        self.environment.retain(|(known, _)| known != variable);
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path("pipedrive.db")).unwrap()
    }

    /// Returns what `sql` answers, one number.
    pub fn number(&self, sql: &str) -> i64 {
        self.database().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pipedrive-mirror"));
        command
            .args(args)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a line of a shell in which the program is called by its name.
    pub fn shell(&self, line: &str) -> Said {
        let program = Path::new(env!("CARGO_BIN_EXE_pipedrive-mirror"));
        let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
        let mut command = Command::new("/bin/sh");
        command
            .args(["-e", "-u", "-c", line])
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("PATH", path)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        said(command.output().unwrap())
    }

    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).spawn().unwrap()
    }

    /// Starts the program with more in its environment.
    pub fn spawn_with(&self, args: &[&str], more: &[(&str, String)]) -> Child {
        self.command(args).envs(more.iter().map(|(name, value)| (name, value))).spawn().unwrap()
    }

    /// Runs the program to its end. Whatever it says, the token is not in it.
    pub fn run(&self, args: &[&str]) -> Said {
        said(self.command(args).output().unwrap())
    }
}

/// Reads what a process said.
pub fn said(output: Output) -> Said {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap_or(-1);
    let said = Said { code, out: text(output.stdout), err: text(output.stderr) };
    assert!(!said.out.contains(SECRET) && !said.err.contains(SECRET), "{said:?}");
    said
}

impl Said {
    /// Fails unless the program ended with `code` and said every one of `words` on stderr.
    #[track_caller]
    pub fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in {self:?}");
        }
        assert!(self.err.contains("error:"), "{self:?}");
    }
}
