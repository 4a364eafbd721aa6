//! Who holds the mirror; and if that is a daemon, whether it is alive.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use pipedrive_mirror::{
    api::{BaseUrl, HttpTransport, Timeouts},
    config::Config,
    exit::Exit,
    seams::{Request, Response, Transport as _},
    store::{DAEMON, Lock, StoreError},
};

use super::{super::mirror::runtime, Failure, Findings, database::of_store};

const ABOUT: &str = "daemon";

/// It answers from memory, on this machine.
const PATIENCE: Duration = Duration::from_secs(3);

/// The daemon's answer is a word or two.
const ANSWER: usize = 64 << 10;

/// Who holds the mirror.
#[derive(Debug)]
pub(super) enum Hold {
    /// We do.
    Ours(Lock),
    /// There is no database to hold.
    Nobody,
    /// A daemon.
    Daemon,
    /// Another process, which ends by itself.
    Other,
    /// The lock could not be taken.
    Refused,
}

impl Hold {
    /// Returns whether the source may be asked.
    pub(super) fn lets_ask(&self) -> bool {
        matches!(self, Self::Ours(_) | Self::Nobody)
    }
}

/// Takes the lock of the database at `path`, if it is there, or says who has it.
pub(super) fn check(
    config: &Config,
    path: &Path,
    findings: &mut Findings,
) -> Result<Hold, Failure> {
    if !path.exists() {
        return Ok(Hold::Nobody);
    }
    match Lock::acquire(path) {
        Ok(lock) => {
            findings.ok(ABOUT, "none runs, and nobody else holds the mirror");
            Ok(Hold::Ours(lock))
        }
        Err(StoreError::Held { pid, name, .. }) => {
            let process = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
            if name.as_deref() == Some(DAEMON) {
                daemon(config, &process, findings)?;
                return Ok(Hold::Daemon);
            }
            findings.note(
                "in_use",
                ABOUT,
                &format!("another pipedrive-mirror{process} holds the mirror"),
                "let it finish, then run `pipedrive-mirror doctor` again for what the source says",
            );
            Ok(Hold::Other)
        }
        Err(error) => {
            of_store(&error, findings);
            Ok(Hold::Refused)
        }
    }
}

/// Asks the daemon whether it is alive.
fn daemon(config: &Config, process: &str, findings: &mut Findings) -> Result<(), Failure> {
    let Some((base, at)) = config.daemon.listen.and_then(address) else {
        findings.ok(ABOUT, format!("one{process} holds the mirror, and cannot be asked how it is"));
        return Ok(());
    };
    let restart = "restart it, as with: systemctl restart pipedrive-mirror";
    match runtime()?.block_on(ask(base)) {
        Ok(answer) if answer.status().is_success() => {
            findings.ok(ABOUT, format!("one{process} is alive; its page is at {at}"));
        }
        Ok(answer) if answer.status().as_u16() == 503 => {
            let said = String::from_utf8_lossy(answer.body());
            let says = format!("one{process} holds the mirror and hangs: {}", said.trim());
            findings.error("daemon_hangs", ABOUT, (&says, restart), Exit::Failed);
        }
        Ok(answer) => silent(process, &format!("{at} answers {}", answer.status()), findings),
        Err(error) => silent(process, &format!("{at} does not answer: {error}"), findings),
    }
    Ok(())
}

fn silent(process: &str, why: &str, findings: &mut Findings) {
    findings.warning(
        "daemon_silent",
        ABOUT,
        &format!("one{process} holds the mirror, and {why}"),
        "see that daemon.listen is the one it was started with; if it is, restart it, as with: systemctl restart \
         pipedrive-mirror",
    );
}

/// Returns where a daemon is asked that listens at `listen`; `None` for another address of this machine, to which plain
/// http is not spoken.
fn address(listen: SocketAddr) -> Option<(BaseUrl, String)> {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let url = format!("http://{}", SocketAddr::new(ip, listen.port()));
    Some((url.parse().ok()?, url))
}

async fn ask(base: BaseUrl) -> Result<Response, String> {
    let timeouts = Timeouts { connect: PATIENCE, read: PATIENCE, total: PATIENCE };
    let transport =
        HttpTransport::new(base, timeouts, ANSWER).map_err(|error| error.to_string())?;
    let mut request = Request::default();
    *request.uri_mut() = http::Uri::from_static("/healthz");
    transport.send(request).await.map_err(|error| error.to_string())
}
