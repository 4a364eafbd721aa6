//! The secret, and the identity of an account.

use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

/// The secret that opens the account. It prints as `[REDACTED]` wherever it strays.
#[derive(Clone)]
pub struct ApiToken {
    secret: SecretString,
    header: HeaderValue,
}

impl ApiToken {
    /// Checks `text` (white space around it is dropped: token files end with a line break).
    ///
    /// # Errors
    ///
    /// The token is empty, or holds what cannot stand in a header. The message never quotes it.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if let Some(place) = text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            return Err(TokenError::Malformed { place: place + 1 });
        }
        let mut header =
            HeaderValue::from_str(text).map_err(|_| TokenError::Malformed { place: 1 })?;
        header.set_sensitive(true);
        Ok(Self { secret: SecretString::from(text), header })
    }

    /// Returns the value of the `x-api-token` header, marked sensitive.
    pub fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Cuts the token out of a text that came from somewhere else, such as an error message of the source.
    pub fn redact(&self, text: &str) -> String {
        text.replace(self.secret.expose_secret(), "[REDACTED]")
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiToken([REDACTED])")
    }
}

/// Why a text cannot be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing but white space.
    #[error("the API token is empty; copy it from Pipedrive under Personal preferences > API")]
    Empty,
    /// A character that no token holds.
    #[error(
        "the API token holds a character at position {place} that no token has (a space, a line break, an accent?); \
         copy it again from Pipedrive under Personal preferences > API"
    )]
    Malformed {
        /// Position of the first such byte, counted from 1.
        place: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn a_token_prints_as_redacted() {
        let token = ApiToken::new(TEXT).unwrap();
        assert_eq!(format!("{token:?} {:?}", token.header()), "ApiToken([REDACTED]) Sensitive");
    }

    #[test]
    fn a_final_line_break_is_dropped_and_an_inner_one_refused() {
        assert_eq!(
            ApiToken::new(&format!("{TEXT}\n")).unwrap().header().as_bytes(),
            TEXT.as_bytes()
        );
        assert_eq!(ApiToken::new("abc\ndef").unwrap_err(), TokenError::Malformed { place: 4 });
        assert_eq!(ApiToken::new(" \n").unwrap_err(), TokenError::Empty);
    }

    #[test]
    fn a_token_is_cut_out_of_foreign_texts() {
        let token = ApiToken::new(TEXT).unwrap();
        assert_eq!(token.redact(&format!("bad token {TEXT}!")), "bad token [REDACTED]!");
    }
}
