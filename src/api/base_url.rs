//! Where the source lives: an address that cannot leak the token.

use std::{fmt, net::IpAddr, str::FromStr};

use reqwest::Url;

/// Scheme, host and port of the source, and nothing else.
///
/// Plain http is accepted for this machine only (a loopback literal or exactly `localhost`): anywhere else the token
/// would travel in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    /// Without the final slash.
    origin: String,
    host: String,
    port: u16,
    local: bool,
}

impl BaseUrl {
    /// Returns the host's name or address as it stands in the URL (IPv6 in brackets).
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, also where the URL leaves it to the scheme.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Tells whether this is the machine itself, which is connected to without a resolver and without a proxy.
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// Tells whether the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let text = text.trim();
        let url = Url::parse(text).map_err(|_| not_a_url(text))?;
        let (Some(host), Some(port), "http" | "https") =
            (url.host_str(), url.port_or_known_default(), url.scheme())
        else {
            return Err(not_a_url(text));
        };
        let base = Self {
            origin: url.origin().ascii_serialization(),
            host: host.to_owned(),
            port,
            local: is_this_machine(host),
        };
        if !base.is_https() && !base.local {
            // The port is left out: the one of plain http does not speak TLS.
            return Err(BaseUrlError::PlainHttp { corrected: format!("https://{host}") });
        }
        match surplus(&url) {
            Some(part) => Err(BaseUrlError::Surplus { part, corrected: base.origin }),
            None => Ok(base),
        }
    }
}

/// Returns what the URL holds beyond scheme, host and port.
fn surplus(url: &Url) -> Option<&'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        Some("a user or password")
    } else if url.query().is_some() {
        Some("a query")
    } else if url.fragment().is_some() {
        Some("a fragment")
    } else if url.path() != "/" {
        Some("a path")
    } else {
        None
    }
}

/// Whether `host`, as the URL parser wrote it, is a loopback literal or exactly `localhost`.
fn is_this_machine(host: &str) -> bool {
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || literal.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Suggests a form only where the text looks like a host: it might be anything, even the token in the wrong place.
fn not_a_url(text: &str) -> BaseUrlError {
    let host = text
        .split("://")
        .last()
        .unwrap_or_default()
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default();
    let is_host = host.contains('.')
        && host
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '.' || letter == '-')
        && Url::parse(&format!("https://{host}")).is_ok();
    let corrected =
        if is_host { format!("https://{host}") } else { "https://api.pipedrive.com".to_owned() };
    BaseUrlError::NotAUrl { corrected }
}

/// Why a text cannot be the base URL. The messages show the form that would do, and no secret that stood in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// Not a URL of http or https.
    #[error("the base URL is not an http(s) URL; write it like {corrected}")]
    NotAUrl {
        /// A form that would be accepted.
        corrected: String,
    },
    /// Plain http to another machine.
    #[error(
        "the base URL would send the API token in the clear; write {corrected} (plain http is for 127.0.0.1, [::1] and \
         localhost)"
    )]
    PlainHttp {
        /// A form that would be accepted.
        corrected: String,
    },
    /// Something beyond scheme, host and port.
    #[error("the base URL holds {part}; write {corrected}")]
    Surplus {
        /// What is too much.
        part: &'static str,
        /// A form that would be accepted.
        corrected: String,
    },
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::generic("https://api.pipedrive.com", "https://api.pipedrive.com", false)]
    #[case::company(" https://Acme.Pipedrive.com/ ", "https://acme.pipedrive.com", false)]
    #[case::port("https://acme.example:8443", "https://acme.example:8443", false)]
    #[case::ipv4("http://127.0.0.1:8640", "http://127.0.0.1:8640", true)]
    #[case::any_loopback("http://127.8.9.1", "http://127.8.9.1", true)]
    #[case::ipv6("http://[::1]:8640/", "http://[::1]:8640", true)]
    #[case::localhost("http://localhost:8640", "http://localhost:8640", true)]
    fn an_address_that_keeps_the_token_safe_is_accepted(
        #[case] text: &str,
        #[case] shown: &str,
        #[case] local: bool,
    ) {
        let base: BaseUrl = text.parse().unwrap();
        assert_eq!((base.to_string().as_str(), base.is_local()), (shown, local));
    }

    #[rstest]
    #[case::plain("http://acme.pipedrive.com/v1", "https://acme.pipedrive.com")]
    #[case::looks_local("http://localhost.example.com", "https://localhost.example.com")]
    #[case::final_dot("http://localhost.", "https://localhost.")]
    #[case::prefix("http://127.0.0.1.example.com", "https://127.0.0.1.example.com")]
    #[case::private("http://192.168.0.1:80", "https://192.168.0.1")]
    #[case::mapped("http://[::ffff:127.0.0.1]", "https://[::ffff:7f00:1]")]
    #[case::path("https://acme.pipedrive.com/api/v2", "write https://acme.pipedrive.com")]
    #[case::query(
        "https://acme.pipedrive.com?api_token=s3cret",
        "a query; write https://acme.pipedrive.com"
    )]
    #[case::user(
        "https://me:s3cret@acme.pipedrive.com",
        "a user or password; write https://acme.pipedrive.com"
    )]
    #[case::fragment(
        "https://acme.pipedrive.com/#s3cret",
        "a fragment; write https://acme.pipedrive.com"
    )]
    #[case::bare("acme.pipedrive.com/api", "like https://acme.pipedrive.com")]
    #[case::scheme("ftp://acme.pipedrive.com", "like https://acme.pipedrive.com")]
    #[case::token_in_the_wrong_place("0123456789s3cret6789", "like https://api.pipedrive.com")]
    #[case::empty("", "like https://api.pipedrive.com")]
    fn any_other_is_refused_with_the_form_that_would_do(#[case] text: &str, #[case] part: &str) {
        let message = text.parse::<BaseUrl>().unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }
}
