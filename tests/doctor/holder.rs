//! Beside whoever holds the mirror: nothing is asked of the source, and it is said so.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
};

use pipedrive_mirror::store::{DAEMON, Lock};

use super::*;

/// Answers one request with `answer`; returns the address.
fn page(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 1024];
        let length = stream.read(&mut asked).unwrap();
        assert!(asked[..length].starts_with(b"GET /healthz "));
        stream.write_all(answer.as_bytes()).unwrap();
    });
    address
}

/// A mirror that a daemon holds, which is to be asked at `address`.
fn held(address: &str) -> (Source, House, Lock) {
    let (source, house) = mirrored();
    house.write("pipedrive-mirror.toml", &format!("[daemon]\nlisten = \"{address}\"\n"));
    let lock = Lock::acquire(&house.path("pipedrive.db")).unwrap().named(DAEMON);
    (source, house, lock)
}

#[test]
fn beside_a_daemon_that_is_alive_nothing_is_asked_and_nothing_is_wrong() {
    let address = page("HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nok\n");
    let (source, house, _lock) = held(&address);
    let report = examine(&house, &[]);
    report.ends(0, 0);
    assert_eq!(report.ids(), [""; 0], "{:#}", report.json);
    let words = [format!("(process {}) is alive", std::process::id()), "not asked, as".to_owned()];
    for words in words {
        assert!(report.said.out.contains(&words), "{words}: {:#}", report.json);
    }
    assert!(source.emulator.log().is_empty());
}

#[test]
fn a_daemon_that_hangs_is_found() {
    let answer =
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhangs";
    let (_source, house, _lock) = held(&page(answer));
    let next = "restart it, as with: systemctl restart pipedrive-mirror";
    examine(&house, &[]).ends(1, 0).finds("daemon_hangs", "error", next);
}

#[test]
fn a_daemon_that_does_not_answer_is_found() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (_source, house, _lock) = held(&closed);
    let next = "see that daemon.listen is the one it was started with";
    examine(&house, &[]).ends(0, 0).finds("daemon_silent", "warning", next);
}

#[test]
fn another_run_that_holds_the_mirror_is_named() {
    let (source, house) = mirrored();
    let _lock = Lock::acquire(&house.path("pipedrive.db")).unwrap();
    let report = examine(&house, &[]);
    report.ends(0, 0).finds(
        "in_use",
        "note",
        "let it finish, then run `pipedrive-mirror doctor` again",
    );
    assert!(report.said.out.contains("not asked, as"), "{:#}", report.json);
    assert!(source.emulator.log().is_empty());
}
