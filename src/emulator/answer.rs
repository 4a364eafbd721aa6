//! Answers: envelopes, errors and the headers every answer carries.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use super::switches::End;
use crate::seams::Response;

/// What the general form of an error points to. Source: API reference, responses.
const ERROR_INFO: &str = "Please check developers.pipedrive.com";

/// An answer of status 200 as v2 and v1 wrap it.
#[derive(Serialize)]
pub(super) struct Envelope<T> {
    success: bool,
    data: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_data: Option<Additional>,
}

/// The member that carries the cursor.
pub(super) struct Additional {
    next_cursor: Option<String>,
    end: End,
}

impl Serialize for Additional {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let body = match (&self.next_cursor, self.end) {
            (Some(cursor), _) => json!({ "next_cursor": cursor }),
            (None, End::Empty) => json!({ "next_cursor": "" }),
            (None, End::Missing) => json!({}),
            (None, End::Null | End::NoAdditionalData) => json!({ "next_cursor": null }),
        };
        body.serialize(serializer)
    }
}

/// One record, or a v1 answer without pages.
pub(super) fn single(data: impl Serialize) -> Response {
    ok(&Envelope { success: true, data, additional_data: None })
}

/// One page of a list.
pub(super) fn page(data: impl Serialize, next_cursor: Option<String>, end: End) -> Response {
    let bare = next_cursor.is_none() && end == End::NoAdditionalData;
    let issued = next_cursor.clone().map(NextCursor);
    let additional_data = (!bare).then_some(Additional { next_cursor, end });
    let mut response = ok(&Envelope { success: true, data, additional_data });
    if let Some(cursor) = issued {
        response.extensions_mut().insert(cursor);
    }
    response
}

/// The cursor that an answer carries, beside its body.
#[derive(Debug, Clone)]
pub(super) struct NextCursor(pub(super) String);

/// A body that is whole as it is, of status 200.
pub(super) fn whole(body: &Json) -> Response {
    ok(body)
}

fn ok(body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).expect("an answer is writable as JSON");
    json_response(StatusCode::OK, Bytes::from(body))
}

/// An error in the general form.
pub(super) fn error(status: StatusCode, message: &str) -> Response {
    let body = general(message);
    json_response(status, Bytes::from(body.to_string()))
}

/// A 400 of the schema validation. Where the code stands in the body is unknown upstream.
pub(super) fn invalid(message: &str) -> Response {
    let mut body = general(message);
    body["code"] = json!("ERR_SCHEMA_VALIDATION_FAILED");
    json_response(StatusCode::BAD_REQUEST, Bytes::from(body.to_string()))
}

fn general(message: &str) -> Json {
    json!({"success": false, "error": message, "error_info": ERROR_INFO, "data": null, "additional_data": null})
}

/// The 401 of the gateway, as it was seen live.
pub(super) fn unauthorized() -> Response {
    let body = json!({"success": false, "error": "unauthorized access", "errorCode": 401, "error_info": ERROR_INFO});
    let mut response = json_response(StatusCode::UNAUTHORIZED, Bytes::from(body.to_string()));
    response.headers_mut().insert("x-401-by-gw", HeaderValue::from_static("true"));
    response
}

/// A page for people, as an unknown v2 path, a proxy or a block answers.
pub(super) fn html(status: StatusCode, title: &str) -> Response {
    let body = format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    );
    with_type(status, Bytes::from(body), "text/html; charset=utf-8")
}

/// A body that claims to be JSON.
pub(super) fn json_response(status: StatusCode, body: Bytes) -> Response {
    with_type(status, body, "application/json; charset=utf-8")
}

fn with_type(status: StatusCode, body: Bytes, content_type: &'static str) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Sets a header whose value is a number.
pub(super) fn set_number(headers: &mut HeaderMap, name: &'static str, number: u64) {
    headers.insert(name, HeaderValue::from(number));
}

/// Writes 128 bits as a version 4 UUID.
pub(super) fn uuid(bits: u128) -> String {
    let digits = format!("{bits:032x}");
    format!(
        "{}-{}-4{}-a{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[13..16],
        &digits[17..20],
        &digits[20..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(response: &Response) -> Json {
        serde_json::from_slice(response.body()).unwrap()
    }

    #[test]
    fn the_last_page_ends_as_the_switch_says() {
        let last = |end| body(&page([0; 0], None, end));
        assert_eq!(
            last(End::Null),
            json!({"success": true, "data": [], "additional_data": {"next_cursor": null}})
        );
        assert_eq!(last(End::Empty)["additional_data"], json!({"next_cursor": ""}));
        assert_eq!(last(End::Missing)["additional_data"], json!({}));
        assert_eq!(last(End::NoAdditionalData), json!({"success": true, "data": []}));
        assert_eq!(
            body(&page([1], Some("x".into()), End::NoAdditionalData))["additional_data"]["next_cursor"],
            "x"
        );
    }
}
