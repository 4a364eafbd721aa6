//! A client on real sockets, a server that speaks bytes, and a way to run one test in an environment of its own.

use std::{
    net::SocketAddr,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use jiff::Timestamp;
use pipedrive_mirror::{
    api::{Answer, ApiError, Call, Client, HttpTransport, Options, Timeouts},
    clock::SystemClock,
    endpoint::DEALS,
    id::ApiToken,
    seams::{Books, Ledger, LedgerError, Standing, Usage},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const EMPTY: &str =
    r#"{"success":true,"data":[],"additional_data":{"next_cursor":null}}"#;
pub(crate) const REFUSED: &str = r#"{"success":false,"error":"words","error_info":"…"}"#;

/// Long enough never to pass in a test.
pub(crate) const PATIENT: Timeouts = Timeouts {
    connect: Duration::from_secs(60),
    read: Duration::from_secs(60),
    total: Duration::from_secs(60),
};

struct Free;

impl Ledger for Free {
    fn open(&self, _: Timestamp) -> BoxFuture<'_, Result<Books, LedgerError>> {
        async { Ok(Books::default()) }.boxed()
    }

    fn settle(&self, _: Vec<Usage>, _: u64, _: Standing) -> BoxFuture<'_, Result<(), LedgerError>> {
        async { Ok(()) }.boxed()
    }
}

/// A client that sends each call once.
pub(crate) fn client(base: &str) -> Client {
    client_with(base, PATIENT, 1_000_000)
}

pub(crate) fn client_with(base: &str, timeouts: Timeouts, body_limit: usize) -> Client {
    let transport = HttpTransport::new(base.parse().unwrap(), timeouts, body_limit).unwrap();
    let options = Options { attempts: 1, ..Options::default() };
    let (clock, token) = (Arc::new(SystemClock::new()), ApiToken::new(SECRET).unwrap());
    Client::new(Arc::new(transport), clock, Arc::new(Free), token, &options)
}

/// Asks for deals.
pub(crate) async fn ask(client: &Client) -> Result<Answer, ApiError> {
    client.get(&Call::new(&DEALS).param("limit", 500)).await
}

/// Asks for deals and returns the error, in which the token and the URL must not show.
pub(crate) async fn fail(client: &Client) -> ApiError {
    let error = ask(client).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(
        !text.contains(SECRET) && !text.contains("://127.0.0.1") && !text.contains("limit=500"),
        "{text}"
    );
    error
}

/// What a server does with a connection once it has read a request.
#[derive(Clone)]
pub(crate) enum Then {
    /// Waits for the next request and does the next thing with that.
    Go,
    /// Closes in good order.
    Close,
    /// Breaks the connection off.
    Reset,
    /// Says nothing more and keeps the connection open.
    Stall,
}

/// A server that writes bytes: what wiremock cannot do.
pub(crate) struct Raw {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Raw {
    /// Answers the requests in the order of `steps`, over as many connections as come; after the last it closes.
    pub(crate) async fn serve(steps: Vec<(String, Then)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            let mut steps = steps.into_iter();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                converse(stream, &mut steps).await;
            }
        });
        Self { address, connections }
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn converse(mut stream: TcpStream, steps: &mut impl Iterator<Item = (String, Then)>) {
    while read_head(&mut stream).await {
        let Some((bytes, then)) = steps.next() else { return };
        stream.write_all(bytes.as_bytes()).await.unwrap();
        match then {
            Then::Go => {}
            Then::Close => {
                stream.shutdown().await.unwrap();
                // A socket closed with bytes unread breaks the connection off; so those are read.
                _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                return;
            }
            Then::Reset => return stream.set_zero_linger().unwrap(),
            Then::Stall => std::future::pending().await,
        }
    }
}

/// Reads until the empty line after the headers, or whatever a client says that is not speaking HTTP.
async fn read_head(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && !head.starts_with(b"\x16\x03") {
        match stream.read_buf(&mut head).await {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
    }
    true
}

/// Formats an answer whose `content-length` promises `promised` bytes.
pub(crate) fn http(promised: usize, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {promised}\r\n\r\n{body}"
    )
}

/// Runs the ignored test `name` in a process of its own, whose environment names no proxy but those in `variables`. The
/// environment of this process is shared by all its tests and cannot be changed safely.
pub(crate) async fn alone(name: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--ignored", "--nocapture"]);
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().to_ascii_uppercase().ends_with("_PROXY") {
            command.env_remove(variable);
        }
    }
    command.envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
