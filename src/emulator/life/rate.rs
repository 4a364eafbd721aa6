//! How many acts in a while.

use std::{fmt, str::FromStr};

/// Most acts in a second: more than that, and answers would have to wait.
const FASTEST: f64 = 1_000.0;

/// So many acts a second, minute or hour; written `5/s`, `30/min`, `100/h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    acts: u32,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
}

impl Unit {
    const ALL: [Self; 3] = [Self::Second, Self::Minute, Self::Hour];

    fn name(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "min",
            Self::Hour => "h",
        }
    }

    fn seconds(self) -> f64 {
        match self {
            Self::Second => 1.0,
            Self::Minute => 60.0,
            Self::Hour => 3_600.0,
        }
    }
}

impl Rate {
    /// Returns how many acts there are in a second on average.
    pub(super) fn per_second(self) -> f64 {
        f64::from(self.acts) / self.unit.seconds()
    }
}

/// Why a text is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RateError {
    /// It is not written as one.
    #[error("write it as a whole number per second, minute or hour: 5/s, 30/min, 100/h")]
    Form,
    /// Nothing would ever happen.
    #[error("nothing would ever happen; leave it out for a world that stands still")]
    Zero,
    /// Too much would happen.
    #[error("at most 1000/s")]
    TooFast,
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (acts, unit) = text.split_once('/').ok_or(RateError::Form)?;
        let digits = !acts.is_empty() && acts.bytes().all(|byte| byte.is_ascii_digit());
        let acts = digits.then(|| acts.parse().unwrap_or(u32::MAX)).ok_or(RateError::Form)?;
        let unit = Unit::ALL.into_iter().find(|it| it.name() == unit).ok_or(RateError::Form)?;
        let rate = Self { acts, unit };
        match acts {
            0 => Err(RateError::Zero),
            _ if rate.per_second() > FASTEST => Err(RateError::TooFast),
            _ => Ok(rate),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.acts, self.unit.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_whole_number_a_second_a_minute_or_an_hour() {
        for (text, per_second) in [("5/s", 5.0), ("30/min", 0.5), ("36/h", 0.01)] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!((rate.per_second(), rate.to_string()), (per_second, text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_rate_is_refused_with_what_to_write() {
        for text in ["", "5", "5/", "/s", "5/d", "-5/s", "+5/s", "0.5/s", "5 /s", "x/min"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::Form), "{text}");
        }
        assert_eq!("0/h".parse::<Rate>(), Err(RateError::Zero));
        for text in ["1001/s", "60001/min", "99999999999/h"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::TooFast), "{text}");
        }
        "1000/s".parse::<Rate>().unwrap();
    }
}
