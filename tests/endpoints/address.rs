//! Who is connected to, and by which way.

use pipedrive_mirror::{api::ApiError, seams::TransportError};
use tokio::net::TcpListener;

use crate::support::{EMPTY, Raw, Then, alone, ask, client, fail, http};

fn unreachable(error: ApiError) -> TransportError {
    match error {
        ApiError::Unreachable(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refused_connection_is_reported_with_host_and_port() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = unreachable(fail(&client(&format!("http://{address}"))).await);
    let TransportError::Connect { host, reason } = error else { panic!("{error:?}") };
    assert_eq!(host, address.to_string());
    assert!(reason.contains("refused"), "{reason}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_from_one_that_is_away() {
    for (bytes, then) in [("HTTP/1.1 400 Bad Request\r\n\r\n", Then::Stall), ("", Then::Close)] {
        let raw = Raw::serve(vec![(bytes.to_owned(), then)]).await;
        let error = unreachable(fail(&client(&raw.base().replace("http:", "https:"))).await);
        assert!(matches!(error, TransportError::Tls { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn localhost_is_this_machine() {
    let raw = Raw::serve(vec![(http(EMPTY.len(), EMPTY), Then::Go)]).await;
    ask(&client(&format!("http://localhost:{}", raw.address.port()))).await.unwrap();
}

#[tokio::test]
async fn a_host_that_does_not_resolve_is_named() {
    alone("address::asks_an_unresolvable_host", &[]).await;
}

#[tokio::test]
#[ignore = "run by a_host_that_does_not_resolve_is_named, without proxies"]
async fn asks_an_unresolvable_host() {
    let error = unreachable(fail(&client("https://mirror.invalid")).await);
    assert_eq!(error, TransportError::Resolve { host: "mirror.invalid".to_owned() });
}

/// A proxy would be handed the token in the clear.
#[tokio::test]
async fn no_proxy_stands_between_us_and_this_machine() {
    let proxy = Raw::serve(vec![]).await;
    let base = proxy.base();
    let variables =
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let variables = variables.map(|name| (name, base.as_str()));
    alone("address::asks_this_machine", &variables).await;
    assert_eq!(proxy.connections(), 0);
    // The same environment does lead others to the proxy, so it is not ignored for another reason.
    alone("address::asks_a_host_behind_the_proxy", &variables).await;
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
#[ignore = "run by no_proxy_stands_between_us_and_this_machine, with a proxy in its environment"]
async fn asks_this_machine() {
    let raw = Raw::serve(vec![
        (http(EMPTY.len(), EMPTY), Then::Close),
        (http(EMPTY.len(), EMPTY), Then::Close),
    ])
    .await;
    ask(&client(&raw.base())).await.unwrap();
    ask(&client(&format!("http://localhost:{}", raw.address.port()))).await.unwrap();
}

#[tokio::test]
#[ignore = "run by no_proxy_stands_between_us_and_this_machine, with a proxy in its environment"]
async fn asks_a_host_behind_the_proxy() {
    let error = fail(&client("https://mirror.invalid")).await;
    assert!(matches!(error, ApiError::Unreachable(_)), "{error:?}");
}

/// As in a slim container.
#[tokio::test]
async fn without_certificates_of_the_system_those_built_in_serve() {
    let nowhere = [("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/dev/null")];
    alone("address::asks_without_certificates", &nowhere).await;
}

#[tokio::test]
#[ignore = "run by without_certificates_of_the_system_those_built_in_serve"]
async fn asks_without_certificates() {
    assert!(reqwest::Client::builder().build().is_err(), "the system has certificates after all");
    let raw = Raw::serve(vec![(http(EMPTY.len(), EMPTY), Then::Go)]).await;
    ask(&client(&raw.base())).await.unwrap();
    let error = unreachable(fail(&client("https://mirror.invalid")).await);
    assert!(matches!(error, TransportError::Resolve { .. }), "{error:?}");
}
