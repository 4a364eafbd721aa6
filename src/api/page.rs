//! A listing, page by page: where each row stands in the answer, and where the next page begins.

use std::{ops::Range, sync::Arc};

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::{
    answer::{Answer, place},
    error::ApiError,
};
use crate::progress::Cursor;

/// One page. Rows are not decoded, only found: one that cannot be read then costs that row only, and the exact text of
/// each is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The whole answer, exactly as it came.
    pub body: Arc<str>,
    /// Where in `body` each element of `data` stands, in order.
    pub rows: Vec<Range<usize>>,
    /// Where the next page begins; `None` on the last page.
    pub next: Option<Cursor>,
    /// The source's clock when it answered.
    pub date: Option<Timestamp>,
    /// Number of the request that brought this page.
    pub observed: u64,
}

impl Page {
    /// Finds the rows of `answer`, which was asked for at `sent`.
    ///
    /// A next cursor that is null, missing or empty ends the listing, and so does missing `additional_data`; an empty
    /// page does not.
    ///
    /// # Errors
    ///
    /// [`ApiError::Malformed`] where `data` is neither an array nor null, [`ApiError::RepeatedCursor`] where the next
    /// page would be the same again.
    pub fn parse(answer: &Answer, sent: Option<&Cursor>) -> Result<Self, ApiError> {
        let body = &answer.body;
        let data = answer.data.clone().map(|place| &body[place]).unwrap_or_default();
        let rows = match data.as_bytes() {
            // Source: socketkit's Pipedrive tests: an empty page of v1 may carry null.
            b"null" => Vec::new(),
            [b'[', ..] => {
                let rows: Vec<&RawValue> = serde_json::from_str(data)
                    .map_err(|_| answer.malformed("`data` cannot be read"))?;
                rows.into_iter().map(|row| place(body, row.get())).collect()
            }
            _ => return Err(answer.malformed("`data` is no array")),
        };
        let next = answer.next.clone().map(Cursor::new);
        if next.is_some() && next.as_ref() == sent {
            return Err(ApiError::RepeatedCursor { path: answer.path });
        }
        Ok(Self {
            body: Arc::clone(body),
            rows,
            next,
            date: answer.date,
            observed: answer.observed,
        })
    }

    /// Returns the exact text of row `index`.
    ///
    /// # Panics
    ///
    /// Where the page has no such row.
    pub fn row(&self, index: usize) -> &str {
        &self.body[self.rows[index].clone()]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::{
        api::{refusal::Asked, testing::token},
        endpoint::{DEALS, USERS_ME},
    };

    fn answer(body: &str) -> Result<Answer, ApiError> {
        let token = token();
        let asked = Asked { endpoint: &DEALS, carried_cursor: false, token: &token };
        Answer::read(asked, &body.to_owned().into(), None, 7)
    }

    fn page(body: &str) -> Result<Page, ApiError> {
        Page::parse(&answer(body)?, None)
    }

    #[test]
    fn each_row_keeps_its_exact_text() {
        let page = page(
            r#" {"data" : [ {"id":1, "value":1.10} ,{"id":2,"title":"\ud800é"},null ], "success":true} "#,
        );
        let page = page.unwrap();
        let rows: Vec<_> = (0..page.rows.len()).map(|index| page.row(index)).collect();
        assert_eq!(rows, [r#"{"id":1, "value":1.10}"#, r#"{"id":2,"title":"\ud800é"}"#, "null"]);
        assert_eq!((page.next, page.observed), (None, 7));
    }

    #[test]
    fn an_empty_page_can_have_a_next_one() {
        let page =
            page(r#"{"success":true,"data":null,"additional_data":{"next_cursor":"c2"}}"#).unwrap();
        assert_eq!((page.rows.len(), page.next), (0, Some(Cursor::new("c2"))));
    }

    #[test]
    fn a_single_object_is_found_with_its_exact_text() {
        let token = token();
        let asked = Asked { endpoint: &USERS_ME, carried_cursor: false, token: &token };
        let read = |body: &str| Answer::read(asked, &body.to_owned().into(), None, 1).unwrap();
        assert_eq!(read(r#"{"success":true,"data": {"id": 1}}"#).object(), Ok(r#"{"id": 1}"#));
        for data in ["null", "[]", "1"] {
            let answer = read(&format!(r#"{{"success":true,"data":{data}}}"#));
            assert!(matches!(
                answer.object(),
                Err(ApiError::Malformed { path: "/v1/users/me", .. })
            ));
        }
        assert!(read(r#"{"success":true}"#).object().is_err());
    }

    /// The ways to say "that was all", and one that says otherwise.
    fn additional() -> impl Strategy<Value = (String, Option<String>)> {
        prop_oneof![
            Just((String::new(), None)),
            Just((r#","additional_data":null"#.to_owned(), None)),
            Just((r#","additional_data":{}"#.to_owned(), None)),
            Just((r#","additional_data":{"next_cursor":null,"more":1}"#.to_owned(), None)),
            Just((r#","additional_data":{"next_cursor":""}"#.to_owned(), None)),
            "\\PC{1,30}".prop_map(|cursor| {
                let text = Value::String(cursor.clone());
                (format!(r#","additional_data":{{"next_cursor":{text}}}"#), Some(cursor))
            }),
        ]
    }

    fn row() -> impl Strategy<Value = String> {
        prop_oneof![
            (any::<i64>(), "\\PC{0,12}")
                .prop_map(|(id, title)| serde_json::json!({"id": id, "title": title}).to_string()),
            Just("null".to_owned()),
            any::<f64>().prop_map(|number| Value::from(number).to_string()),
            Just("[ [ ] , {} ]".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn rows_and_the_next_place_are_found_in_every_form(
            rows in prop::collection::vec(row(), 0..8),
            (additional, next) in additional(),
            space in "[ \n\t]{0,3}",
        ) {
            let body = format!("{space}{{\"success\":true,\"data\":[{space}{}{space}]{additional}}}", rows.join(&format!("{space},")));
            let page = page(&body).unwrap();
            prop_assert_eq!((0..page.rows.len()).map(|index| page.row(index)).collect::<Vec<_>>(), rows);
            prop_assert_eq!(page.next.as_ref().map(Cursor::as_str), next.as_deref());
            if let Some(next) = page.next {
                let again = Page::parse(&answer(&body).unwrap(), Some(&next));
                prop_assert_eq!(again, Err(ApiError::RepeatedCursor { path: DEALS.path }));
            }
        }

        #[test]
        fn no_answer_cut_short_is_taken_for_a_page(cut in 0..76_usize) {
            let whole = r#"{"success":true,"data":[{"id":1}],"additional_data":{"next_cursor":null}}"#;
            prop_assume!(cut < whole.len());
            prop_assert!(page(&whole[..cut]).is_err());
        }

        #[test]
        fn no_body_makes_it_panic(body in "\\PC{0,40}", data in "\\PC{0,20}") {
            drop(page(&body));
            drop(page(&format!(r#"{{"success":true,"data":{data}}}"#)));
        }
    }
}
