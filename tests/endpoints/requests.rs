//! What a request looks like on the wire.

use pipedrive_mirror::{
    api::Call,
    endpoint::{DEALS, Endpoint, Paging, USERS_ME},
    progress::Cursor,
};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, header, method, path, query_param},
};

use crate::support::{EMPTY, SECRET, ask, client};

#[tokio::test]
async fn the_token_travels_in_its_header_and_not_in_the_url() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/v2/deals"))
        .and(header("x-api-token", SECRET))
        .and(header("accept", "application/json"))
        .and(header("accept-encoding", "gzip"))
        .and(header("user-agent", concat!("pipedrive-mirror/", env!("CARGO_PKG_VERSION"))))
        .respond_with(ResponseTemplate::new(200).set_body_string(EMPTY))
        .mount(&server)
        .await;
    ask(&client(&server.uri())).await.unwrap();
    let seen = server.received_requests().await.unwrap();
    assert!(!seen[0].url.as_str().contains(SECRET));
    assert!(
        !seen[0].headers.contains_key("cookie") && !seen[0].headers.contains_key("authorization")
    );
    assert!(seen[0].body.is_empty());
}

#[tokio::test]
async fn the_query_arrives_as_it_was_meant() {
    let server = MockServer::start().await;
    Mock::given(query_param("cursor", "a+b/c=&d é"))
        .and(query_param("status", "open,won,lost,deleted"))
        .respond_with(ResponseTemplate::new(200).set_body_string(EMPTY))
        .mount(&server)
        .await;
    let call = Call::new(&DEALS)
        .param("status", "open,won,lost,deleted")
        .at(Some(&Cursor::new("a+b/c=&d é")));
    client(&server.uri()).get(&call).await.unwrap();
    let seen = server.received_requests().await.unwrap();
    assert!(seen[0].url.query().unwrap().starts_with("status=open,won,lost,deleted&"));
}

#[tokio::test]
async fn an_id_stands_in_the_path() {
    static FOLLOWERS: Endpoint = Endpoint {
        path: "/api/v2/deals/{id}/followers",
        cost: 10,
        page_limit: 500,
        paging: Paging::Cursor,
        gated: false,
    };
    let server = MockServer::start().await;
    Mock::given(path("/api/v2/deals/42/followers"))
        .respond_with(ResponseTemplate::new(200).set_body_string(EMPTY))
        .mount(&server)
        .await;
    client(&server.uri()).get(&Call::new(&FOLLOWERS).id(42)).await.unwrap();
}

#[tokio::test]
async fn a_single_object_is_read_from_the_official_example() {
    let server = MockServer::start().await;
    let body = r#"{"success":true,"data":{"id":1,"name":"Me","company_id":54235233}}"#;
    let answer = ResponseTemplate::new(200)
        .set_body_string(body)
        .insert_header("date", "Tue, 03 Feb 2026 16:40:21 GMT");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let answer = client(&server.uri()).get(&Call::new(&USERS_ME)).await.unwrap();
    assert_eq!(answer.object().unwrap(), r#"{"id":1,"name":"Me","company_id":54235233}"#);
    assert_eq!(answer.date, Some("2026-02-03T16:40:21Z".parse().unwrap()));
}
