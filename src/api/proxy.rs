//! Which proxy requests go through: the one that the system's environment names, by the rules of the HTTP library itself.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::base_url::BaseUrl;

/// Returns scheme, host and port of the proxy through which `base` is reached, `None` where it is reached directly. What
/// opens the proxy is left out.
///
/// Source: reqwest, `system-proxy`: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` in capital or small letters. This machine is
/// never reached through one, see [`HttpTransport`](super::HttpTransport).
pub fn proxy(base: &BaseUrl) -> Option<String> {
    if base.is_local() {
        return None;
    }
    let to: Uri = base.to_string().parse().ok()?;
    let through = Matcher::from_system().intercept(&to)?;
    let (scheme, host) = (through.uri().scheme_str()?, through.uri().host()?);
    let port = through.uri().port().map_or_else(String::new, |port| format!(":{port}"));
    Some(format!("{scheme}://{host}{port}"))
}
