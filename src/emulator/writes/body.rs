//! Request bodies: JSON objects and the strict validation of what is in them.

use http::StatusCode;
use jiff::civil::Date;
use serde_json::{Map, Value as Json};

use super::super::{
    Id,
    query::{Refusal, date},
    second::Second,
    value::{Cents, Currency},
};

/// The largest amount in hundredths; what is made of amounts then stays within 64 bits.
const MAX_CENTS: i64 = 1_000_000_000_000;

/// How a 400 is worded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wording {
    /// `Validation failed: title: The value is not a valid 'string'`.
    ///
    /// Source: seen in the field for deals.
    Entity,
    /// `body/item_price must be number`.
    ///
    /// Source: client-php issue 178, for what hangs on a deal.
    Schema,
}

/// The members of a request body.
#[derive(Debug)]
pub(super) struct Body {
    members: Map<String, Json>,
    wording: Wording,
}

impl Body {
    /// Reads a body, which must be a JSON object.
    pub(super) fn parse(bytes: &[u8], wording: Wording) -> Result<Self, Refusal> {
        match serde_json::from_slice(bytes) {
            Ok(Json::Object(members)) => Ok(Self { members, wording }),
            _ => Err(Refusal::Other(StatusCode::BAD_REQUEST, "body must be object".to_owned())),
        }
    }

    /// Takes an object that is a member of another body.
    pub(super) fn of(value: &Json, name: &str, wording: Wording) -> Result<Self, Refusal> {
        match value {
            Json::Object(members) => Ok(Self { members: members.clone(), wording }),
            _ => Err(mistyped(wording, name, "object")),
        }
    }

    /// Refuses members that are not among `known`, and those of `unsupported`: the API takes them, this world cannot.
    pub(super) fn check(&self, known: &[&str], unsupported: &[&str]) -> Result<(), Refusal> {
        for name in self.members.keys().map(String::as_str) {
            if unsupported.contains(&name) {
                return Err(self.wrong(name, "This emulator cannot set it"));
            }
            if !known.contains(&name) {
                return Err(match self.wording {
                    Wording::Entity => Refusal::unknown(name, name),
                    Wording::Schema => {
                        bad(format!("body must NOT have additional property '{name}'"))
                    }
                });
            }
        }
        Ok(())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        self.members.get(name)
    }

    pub(super) fn is_null(&self, name: &str) -> bool {
        self.get(name).is_some_and(Json::is_null)
    }

    /// Returns what must be there.
    pub(super) fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, Refusal> {
        value.ok_or_else(|| match self.wording {
            Wording::Entity => self.wrong(name, "The value is required"),
            Wording::Schema => bad(format!("body must have required property '{name}'")),
        })
    }

    /// Says that a member names a record that is not there.
    pub(super) fn not_found(&self, name: &str, what: &str) -> Refusal {
        self.wrong(name, &format!("{what} not found"))
    }

    /// Says that a member can only be set under some condition.
    pub(super) fn only_if(&self, name: &str, condition: &str) -> Refusal {
        self.wrong(name, &format!("It can only be set if {condition}"))
    }

    /// Says what is wrong with a member.
    pub(super) fn wrong(&self, name: &str, problem: &str) -> Refusal {
        match self.wording {
            Wording::Entity => Refusal::invalid(name, problem),
            Wording::Schema => bad(format!("body/{name}: {problem}")),
        }
    }

    /// Reads a member with `read`; `None`: it is not there.
    fn typed<'a, T>(
        &'a self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&'a Json) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| mistyped(self.wording, name, kind))
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.typed(name, "string", Json::as_str)
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.typed(name, "boolean", Json::as_bool)
    }

    /// Reads a positive whole number.
    pub(super) fn id(&self, name: &str) -> Result<Option<Id>, Refusal> {
        self.typed(name, "integer", id)
    }

    /// Reads a positive whole number or null, which is the inner `None`.
    pub(super) fn id_or_null(&self, name: &str) -> Result<Option<Option<Id>>, Refusal> {
        if self.is_null(name) { Ok(Some(None)) } else { Ok(self.id(name)?.map(Some)) }
    }

    /// Reads a list of positive whole numbers.
    pub(super) fn ids(&self, name: &str) -> Result<Option<Vec<Id>>, Refusal> {
        self.typed(name, "array", |list| list.as_array()?.iter().map(id).collect())
    }

    /// Reads an amount; this world keeps hundredths.
    pub(super) fn amount(&self, name: &str) -> Result<Option<Cents>, Refusal> {
        let Some(number) = self.typed(name, "number", Json::as_f64)? else { return Ok(None) };
        let amount = cents(number);
        amount.map(Some).ok_or_else(|| {
            self.wrong(name, "This emulator takes two decimals and at most 10,000,000,000")
        })
    }

    /// Reads an amount that is more than nothing.
    pub(super) fn positive_amount(&self, name: &str) -> Result<Option<Cents>, Refusal> {
        let amount = self.amount(name)?;
        match amount {
            Some(Cents(..=0)) => Err(match self.wording {
                Wording::Entity => self.wrong(name, "The value must be greater than 0"),
                Wording::Schema => bad(format!("body/{name} must be > 0")),
            }),
            _ => Ok(amount),
        }
    }

    /// Reads a calendar day.
    pub(super) fn date(&self, name: &str) -> Result<Option<Date>, Refusal> {
        let text = self.text(name)?;
        text.map(|text| {
            date(text).ok_or_else(|| match self.wording {
                Wording::Entity => Refusal::mistyped(name, "date"),
                Wording::Schema => bad(format!("body/{name} must match format \"date\"")),
            })
        })
        .transpose()
    }

    /// Reads a time, in either form of the API.
    pub(super) fn time(&self, name: &str) -> Result<Option<Second>, Refusal> {
        let read = |text| {
            Second::read(text).ok_or_else(|| match self.wording {
                Wording::Entity => Refusal::not_a_time(name),
                Wording::Schema => bad(format!("body/{name} must match format \"date-time\"")),
            })
        };
        self.text(name)?.map(read).transpose()
    }

    pub(super) fn currency(&self, name: &str) -> Result<Option<Currency>, Refusal> {
        let text = self.text(name)?;
        let read = |text| currency(text).ok_or_else(|| self.wrong(name, "Unknown currency"));
        text.map(read).transpose()
    }

    /// Reads one of `choices`.
    pub(super) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let found = choices.iter().find(|(choice, _)| *choice == text).map(|(_, it)| *it);
        found.map(Some).ok_or_else(|| match self.wording {
            Wording::Entity => Refusal::not_one_of(name, text, choices),
            Wording::Schema => {
                bad(format!("body/{name} must be equal to one of the allowed values"))
            }
        })
    }
}

/// A 400 in the general form.
pub(super) fn bad(text: String) -> Refusal {
    Refusal::Other(StatusCode::BAD_REQUEST, text)
}

fn mistyped(wording: Wording, name: &str, kind: &str) -> Refusal {
    match wording {
        Wording::Entity => Refusal::mistyped(name, kind),
        Wording::Schema => bad(format!("body/{name} must be {kind}")),
    }
}

/// Reads a positive whole number.
pub(super) fn id(value: &Json) -> Option<Id> {
    value.as_u64().and_then(|id| Id::try_from(id).ok()).filter(|id| *id > 0)
}

/// Reads an amount of at most two decimals.
pub(super) fn cents(number: f64) -> Option<Cents> {
    let hundredths = (number * 100.0).round();
    let exact = (hundredths / 100.0 - number).abs() <= number.abs() * 1e-12;
    // In this range every whole number is one of `i64` and of `f64` alike.
    let fits = exact && hundredths.abs() <= MAX_CENTS as f64;
    fits.then_some(Cents(hundredths as i64))
}

/// Reads three capital letters.
pub(super) fn currency(code: &str) -> Option<Currency> {
    let code: [u8; 3] = code.as_bytes().try_into().ok()?;
    code.iter().all(u8::is_ascii_uppercase).then(|| Currency::new(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_two_decimals_at_most() {
        let table = [(0.1, Some(10)), (18_250.5, Some(1_825_050)), (-3.0, Some(-300))];
        for (number, hundredths) in table {
            assert_eq!(cents(number), hundredths.map(Cents), "{number}");
        }
        for number in [0.001, 1e11, f64::MAX, 19.999] {
            assert_eq!(cents(number), None, "{number}");
        }
    }

    #[test]
    fn a_wrong_member_is_named_in_the_words_of_its_endpoint() {
        let text = |wording| {
            let body = Body::parse(br#"{"amount": "x"}"#, wording).unwrap();
            body.amount("amount").unwrap_err()
        };
        assert_eq!(
            text(Wording::Entity),
            Refusal::invalid("amount", "The value is not a valid 'number'")
        );
        assert_eq!(text(Wording::Schema), bad("body/amount must be number".to_owned()));
    }
}
