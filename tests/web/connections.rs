//! Over a real socket: one answer for each connection, and an end in time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use pipedrive_mirror::web::{Site, serve};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::timeout,
};

use crate::{filled, runtime, site};

#[test]
fn whoever_stays_does_not_keep_it_from_ending() {
    let sim = filled();
    runtime().block_on(with_some_who_stay(site(&sim, &Arc::default())));
}

async fn with_some_who_stay(site: Arc<Site>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve(site, listener, async {
        let _ = stopped.await;
    }));

    let silent = TcpStream::connect(address).await.unwrap();
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nHost: local").await.unwrap();
    let mut whole = TcpStream::connect(address).await.unwrap();
    whole.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    whole.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok\n"),
        "{answer}"
    );

    let begun = Instant::now();
    stop.send(()).unwrap();
    timeout(Duration::from_secs(10), serving).await.unwrap().unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let mut rest = Vec::new();
    let _ = half.read_to_end(&mut rest).await;
    assert_eq!(rest, b"", "the half request was cut off");
    drop(silent);
}
