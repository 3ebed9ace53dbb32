//! Times as they are written in attributes: `10s`.

use std::fmt;
use std::time::Duration;

/// The units of a time, and how many milliseconds they have.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// Why a text is no time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimeError {
    /// It does not begin with a number.
    NoNumber,
    /// It ends with the number.
    NoUnit,
    /// What follows the number is no unit.
    UnknownUnit(String),
    /// It is no time at all.
    Zero,
    /// It has more milliseconds than can be counted.
    TooLong,
}

/// Reads a whole number and its unit.
pub(crate) fn parse(text: &str) -> Result<Duration, TimeError> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if number.is_empty() {
        return Err(TimeError::NoNumber);
    }
    if unit.is_empty() {
        return Err(TimeError::NoUnit);
    }
    let Some((_, milliseconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(TimeError::UnknownUnit(unit.to_owned()));
    };
    // Of digits only, so it is too large if it is no number.
    let number: u64 = number.parse().map_err(|_| TimeError::TooLong)?;
    match number.checked_mul(*milliseconds) {
        None => Err(TimeError::TooLong),
        Some(0) => Err(TimeError::Zero),
        Some(milliseconds) => Ok(Duration::from_millis(milliseconds)),
    }
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNumber => f.write_str("a time begins with a number, as `10s`"),
            Self::NoUnit => f.write_str(
                "a time needs a unit: write `ms`, `s`, `m` or `h` behind the number, as `10s`",
            ),
            Self::UnknownUnit(unit) => write!(
                f,
                "`{unit}` is no unit of time: write a whole number and `ms`, `s`, `m` or `h` right \
                 behind it, as `10s`"
            ),
            Self::Zero => f.write_str("that is no time at all: write `brutal` to end it unasked"),
            Self::TooLong => {
                f.write_str("that is longer than can be counted: write `infinite` for no limit")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_whole_number_and_a_unit() {
        for (text, milliseconds) in [
            ("1ms", 1),
            ("500ms", 500),
            ("10s", 10_000),
            ("007s", 7_000),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("18446744073709551615ms", u64::MAX),
        ] {
            let expected = Duration::from_millis(milliseconds);
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_the_reason() {
        let unknown = |unit: &str| TimeError::UnknownUnit(unit.to_owned());
        for (text, error) in [
            ("", TimeError::NoNumber),
            ("s", TimeError::NoNumber),
            ("soon", TimeError::NoNumber),
            ("-1s", TimeError::NoNumber),
            ("+1s", TimeError::NoNumber),
            (" 1s", TimeError::NoNumber),
            ("10", TimeError::NoUnit),
            ("10 s", unknown(" s")),
            ("1.5s", unknown(".5s")),
            ("1_000s", unknown("_000s")),
            ("1h30m", unknown("h30m")),
            ("3d", unknown("d")),
            ("3S", unknown("S")),
            ("٣s", TimeError::NoNumber),
            ("0s", TimeError::Zero),
            ("00ms", TimeError::Zero),
            ("18446744073709551616ms", TimeError::TooLong),
            ("18446744073709552s", TimeError::TooLong),
            ("99999999999999999999h", TimeError::TooLong),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
