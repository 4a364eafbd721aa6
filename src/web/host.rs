//! Whose name a request may carry.
//!
//! A page of a stranger's site can have its own name resolve to this machine and so make a browser ask here (DNS
//! rebinding). The browser then sends that name as `Host`: so only this machine's own names, and those that are
//! configured, are answered.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::http::{HeaderMap, Uri, header::HOST};

/// What a request is told whose name is not known here.
pub(super) const REFUSAL: &str = "this name is not one of the mirror's: ask for 127.0.0.1, [::1] or localhost, or add the \
                                  name to daemon.allowed_hosts\n";

/// Returns whether a request may be answered: it has one `Host`, and that, as well as the host of a target in absolute
/// form, is this machine or one of `allowed`, which are in small letters.
pub(super) fn is_known(headers: &HeaderMap, target: &Uri, allowed: &[String]) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let known = |text: &str| is_ours(text, allowed);
    host.to_str().is_ok_and(known)
        && target.authority().is_none_or(|authority| known(authority.as_str()))
}

/// Returns whether `host`, with or without a port, is this machine or one of `allowed`.
fn is_ours(host: &str, allowed: &[String]) -> bool {
    let host = host.to_ascii_lowercase();
    let Some(name) = without_port(&host) else { return false };
    let in_brackets = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    if let Some(address) = in_brackets {
        let loopback = address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback());
        return loopback || allowed.iter().any(|one| one == name || one == address);
    }
    name == "localhost"
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || (!name.is_empty() && allowed.iter().any(|one| one == name))
}

/// Cuts off the port; `None` if what stands there is none.
fn without_port(host: &str) -> Option<&str> {
    let name_ends = match host.rfind(']') {
        Some(bracket) => bracket + 1,
        None => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(name_ends);
    match port.strip_prefix(':') {
        None => port.is_empty().then_some(name),
        Some("") => Some(name),
        Some(digits) => digits.parse::<u16>().is_ok().then_some(name),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn known(hosts: &[&str], target: &str) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_str(host).unwrap());
        }
        is_known(&headers, &target.parse().unwrap(), &["mirror.example".to_owned()])
    }

    #[test]
    fn this_machine_and_what_is_configured_is_answered() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:9187",
            "127.9.8.7:80",
            "[::1]",
            "[::1]:9187",
            "[0:0:0:0:0:0:0:1]",
            "localhost",
            "LocalHost:9187",
            "localhost:",
            "mirror.example",
            "MIRROR.example:443",
        ] {
            assert!(known(&[host], "/"), "{host}");
        }
    }

    #[test]
    fn every_other_name_is_refused() {
        for host in [
            "",
            ":80",
            "example.com",
            "mirror.example.evil.com",
            "evil-mirror.example",
            "localhost.evil.com",
            "127.0.0.1.evil.com",
            "127.1",
            "0x7f.0.0.1",
            "127.0.0.1:80:80",
            "127.0.0.1:port",
            "user@localhost",
            "[::1",
            "::1",
            "[::1]x",
            "[::2]",
            "[::ffff:127.0.0.1]",
            "10.0.0.1",
            "0.0.0.0",
            "localhost, localhost",
            "localhost localhost",
        ] {
            assert!(!known(&[host], "/"), "{host}");
        }
    }

    #[test]
    fn one_host_is_needed_and_no_more() {
        assert!(!known(&[], "/"));
        assert!(!known(&["localhost", "localhost"], "/"));
    }

    #[test]
    fn a_target_in_absolute_form_is_held_to_the_same_rule() {
        assert!(known(&["localhost"], "http://127.0.0.1:9187/"));
        assert!(!known(&["localhost"], "http://evil.com/"));
        assert!(!known(&["evil.com"], "http://localhost/"));
        assert!(!known(&["localhost"], "http://localhost@evil.com/"));
    }
}
