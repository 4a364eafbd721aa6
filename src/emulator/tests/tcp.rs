//! The same over TCP.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use super::*;

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nx-api-token: {TOKEN}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A cut connection is an error after the last byte; what came before it is the answer.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn the_emulator_answers_over_tcp_and_stops_when_told() {
    let bench = Bench::new(10);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = stopped.map(|_| ());
    let server = tokio::spawn(serve(bench.emulator.clone(), listener, shutdown));
    let answer = get(address, "/api/v2/deals?limit=2").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("date: Tue, 03 Feb 2026 16:40:21 GMT"), "{answer}");
    assert!(answer.contains("next_cursor"), "{answer}");
    bench.emulator.fault(FaultRule { path: None, skip: 0, times: 1, fault: Fault::ShortBody });
    let answer = get(address, "/api/v2/deals").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && !answer.ends_with("0\r\n\r\n"), "{answer}");
    bench.emulator.fault(FaultRule { path: None, skip: 0, times: 1, fault: Fault::Reset });
    assert_eq!(get(address, "/api/v2/deals").await, "");
    let slow = Fault::SlowBody(Duration::from_secs(20));
    bench.emulator.fault(FaultRule { path: None, skip: 0, times: 1, fault: slow });
    let late = tokio::spawn(get(address, "/api/v2/deals"));
    while !bench.clock.advance_to_next() {
        tokio::task::yield_now().await;
    }
    assert!(late.await.unwrap().ends_with("0\r\n\r\n"));
    bench.emulator.fault(FaultRule { path: None, skip: 0, times: 1, fault: Fault::Hang });
    let hanging = tokio::spawn(get(address, "/api/v2/deals"));
    while bench.emulator.log().len() < 5 {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    assert!(!hanging.await.unwrap().ends_with("0\r\n\r\n"));
}
