//! How the daemon shows itself: where it listens, whom it answers, and when it calls itself ready.

use std::{net::SocketAddr, time::Duration};

use super::{
    ConfigError, key,
    layers::Layers,
    raw::Raw,
    value::{self, Refused},
};

/// The daemon's HTTP endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// Where it listens; `None`: nowhere.
    pub listen: Option<SocketAddr>,
    /// Names besides this machine's own that a request's `Host` may have, in small letters and without a port.
    pub allowed_hosts: Vec<String>,
    /// How old the mirror may be and still be called ready.
    pub ready_within: Duration,
}

/// Less than a few runs says nothing.
const READY_MIN: Duration = Duration::from_secs(10);

const READY_MAX: Duration = Duration::from_secs(30 * 86_400);

impl Daemon {
    /// # Errors
    ///
    /// The first thing that is wrong; an address that other machines reach is, unless they are allowed.
    pub(super) fn read(layers: &mut Layers<'_>) -> Result<Self, ConfigError> {
        // Asked first, recorded in the order of the example file.
        let remote = layers.peek(&key::ALLOW_REMOTE, value::truth)?;
        let listen = layers.require(&key::LISTEN, |raw| listen(raw, remote.unwrap_or(false)))?;
        layers.require(&key::ALLOW_REMOTE, value::truth)?;
        Ok(Self {
            listen,
            allowed_hosts: layers.get(&key::ALLOWED_HOSTS, hosts)?.unwrap_or_default(),
            ready_within: layers
                .require(&key::READY_WITHIN, |raw| value::duration(raw, READY_MIN, READY_MAX))?,
        })
    }
}

/// Reads an address and port, or `off`.
fn listen(raw: &Raw, remote: bool) -> Result<Option<SocketAddr>, Refused> {
    let refused = || {
        Refused::new(
            "an address of this machine with a port, such as \"127.0.0.1:8640\", or \"off\"",
        )
    };
    let text = value::text(raw).map_err(|_| refused())?;
    if text == "off" {
        return Ok(None);
    }
    let text =
        text.replacen("localhost:", "127.0.0.1:", usize::from(text.starts_with("localhost:")));
    let address: SocketAddr = text.parse().map_err(|_| refused())?;
    if !address.ip().is_loopback() && !remote {
        return Err(refused().because(
            "other machines reach that address, and everybody there could read the figures; if that is wanted, set \
             daemon.allow_remote = true, and the names it is called by in daemon.allowed_hosts",
        ));
    }
    Ok(Some(address))
}

/// Reads a list of host names.
fn hosts(raw: &Raw) -> Result<Vec<String>, Refused> {
    let refused = || {
        Refused::new(
            "a list of host names without scheme and port, such as [\"mirror.example.com\"]",
        )
    };
    let Raw::Texts(texts) = raw else { return Err(refused()) };
    let host = |text: &String| {
        let name = text.trim().to_ascii_lowercase();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let literal = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_address = literal.is_some_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok());
        let is_name = !name.is_empty() && name.bytes().all(allowed);
        (is_name || is_address)
            .then_some(name)
            .ok_or_else(|| refused().because(format!("{text:?} is none")))
    };
    texts.iter().map(host).collect()
}
