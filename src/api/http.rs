//! The real transport: HTTP over TLS by reqwest.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use reqwest::{Certificate, ClientBuilder, redirect, retry};
use tracing::warn;

use super::{
    base_url::BaseUrl,
    fault::{Scene, innermost},
};
use crate::seams::{Request, Response, Transport, TransportError};

/// How long an unused connection is kept: less than the minute after which servers commonly close theirs.
const KEEP: Duration = Duration::from_secs(50);

/// How long is waited for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, TLS handshake included.
    pub connect: Duration,
    /// For the head of the answer, and then for each further piece of it.
    pub read: Duration,
    /// For the whole answer.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            total: Duration::from_secs(120),
        }
    }
}

/// No client could be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up: {0}")]
pub struct BuildError(String);

/// Sends requests to one host. Redirects are not followed (the token would be sent along) and nothing is tried twice (each
/// request is charged).
pub struct HttpTransport {
    client: reqwest::Client,
    base: BaseUrl,
    timeouts: Timeouts,
    body_limit: usize,
    /// From the first answer on there may be a kept connection.
    answered: AtomicBool,
}

impl HttpTransport {
    /// Makes a transport to `base` that gives up an answer of more than `body_limit` bytes (unpacked).
    ///
    /// # Errors
    ///
    /// The TLS library could not be set up.
    pub fn new(base: BaseUrl, timeouts: Timeouts, body_limit: usize) -> Result<Self, BuildError> {
        let client = client(&base, timeouts)?;
        Ok(Self { client, base, timeouts, body_limit, answered: AtomicBool::new(false) })
    }

    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        let (parts, body) = request.into_parts();
        let url = format!("{}{}", self.base, parts.uri);
        let scene = Scene {
            base: &self.base,
            read_timeout: self.timeouts.read,
            may_be_kept: self.answered.load(Ordering::Relaxed),
        };
        let sent =
            self.client.request(parts.method, url).headers(parts.headers).body(body).send().await;
        let mut answer = sent.map_err(|error| scene.before_head(&error))?;
        self.answered.store(true, Ordering::Relaxed);
        let mut response = Response::default();
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());

        let too_large = TransportError::TooLarge { limit: self.body_limit };
        let promised = answer
            .content_length()
            .map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
        if promised > self.body_limit {
            return Err(too_large);
        }
        let mut body = Vec::with_capacity(promised);
        while let Some(piece) = answer.chunk().await.map_err(|error| scene.in_body(&error))? {
            if body.len() + piece.len() > self.body_limit {
                return Err(too_large);
            }
            body.extend_from_slice(&piece);
        }
        *response.body_mut() = body.into();
        Ok(response)
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let after = self.timeouts.total;
        async move {
            match tokio::time::timeout(after, self.exchange(request)).await {
                Ok(result) => result,
                Err(_) => Err(TransportError::Timeout { after }),
            }
        }
        .boxed()
    }
}

/// Builds with the system's certificates; where there are none (slim containers), with Mozilla's as of our own build.
fn client(base: &BaseUrl, timeouts: Timeouts) -> Result<reqwest::Client, BuildError> {
    let builder = || configure(reqwest::Client::builder(), base, timeouts);
    // Every other setting is a constant, so only the certificates can fail.
    let error = match builder().build() {
        Ok(client) => return Ok(client),
        Err(error) => failed(error),
    };
    warn!("No certificates of the system can be used, so those built in are: {error}");
    let roots: Result<Vec<_>, _> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|root| Certificate::from_der(root))
        .collect();
    builder().tls_certs_only(roots.map_err(failed)?).build().map_err(failed)
}

fn failed(error: reqwest::Error) -> BuildError {
    BuildError(innermost(&error))
}

fn configure(builder: ClientBuilder, base: &BaseUrl, timeouts: Timeouts) -> ClientBuilder {
    let builder = builder
        .user_agent(concat!("pipedrive-mirror/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        // reqwest repeats what HTTP/2 refused, unseen by the gate.
        .retry(retry::never())
        .pool_idle_timeout(KEEP)
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read);
    if !base.is_local() {
        return builder;
    }
    // Port 0 stands for the one in the URL.
    let here =
        [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
    builder.no_proxy().resolve_to_addrs("localhost", &here)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::AtomicUsize};

    use reqwest::{
        Proxy,
        dns::{Name, Resolve, Resolving},
    };

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Resolve for Count {
        fn resolve(&self, _: Name) -> Resolving {
            self.0.fetch_add(1, Ordering::SeqCst);
            async { Err("nobody knows".into()) }.boxed()
        }
    }

    /// Asks a port of this machine where nobody listens, through a client that starts with a proxy and a resolver.
    async fn ask(host: &str) -> (reqwest::Error, usize) {
        let closed =
            std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let base: BaseUrl = format!("http://{host}:{closed}").parse().unwrap();
        let resolver = Arc::new(Count::default());
        let builder = reqwest::Client::builder()
            .proxy(Proxy::all("http://proxy.invalid:3128").unwrap())
            .dns_resolver(Arc::clone(&resolver));
        let client = configure(builder, &base, Timeouts::default()).build().unwrap();
        let error = client.get(base.to_string()).send().await.unwrap_err();
        (error, resolver.0.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn this_machine_is_never_resolved_and_never_reached_through_a_proxy() {
        for host in ["localhost", "127.0.0.1"] {
            let (error, resolved) = ask(host).await;
            assert!(error.is_connect() && !error.is_dns(), "{error:?}");
            assert!(innermost(&error).contains("refused"), "{error:?}");
            assert_eq!(resolved, 0);
        }
    }
}
