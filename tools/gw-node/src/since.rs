//! From when on a log is shown.

use std::time::Duration;

use contract::parse_duration;
use jiff::Timestamp;

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// This moment.
    Time(Timestamp),
    /// So long ago, by the node's clock.
    Ago(Duration),
}

impl Since {
    /// Reads an RFC 3339 time or a duration. The error says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse() {
            return Ok(Self::Time(time));
        }
        sum(text).map(Self::Ago).ok_or_else(|| {
            format!(
                "'{}' is neither a duration such as 10m nor an RFC 3339 time such as 2026-01-31T12:00:00Z",
                text.escape_debug()
            )
        })
    }

    /// As the API takes it: whole seconds, one at least, or a time.
    pub fn parameters(self) -> (Option<i64>, Option<Timestamp>) {
        match self {
            // The client rounds to whole seconds, and would leave lines out.
            Self::Time(time) => (None, Timestamp::from_second(time.as_second()).ok()),
            Self::Ago(duration) => {
                let seconds = duration.as_millis().div_ceil(1000).max(1);
                (Some(i64::try_from(seconds).unwrap_or(i64::MAX)), None)
            }
        }
    }
}

/// Several durations one after another are their sum, as kubectl reads 1h30m.
fn sum(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    loop {
        let unit = rest.find(|c: char| !c.is_ascii_digit())?;
        let length = rest[unit..]
            .find(|c: char| c.is_ascii_digit())
            .map_or(rest.len(), |next| unit + next);
        total = total.checked_add(parse_duration(&rest[..length]).ok()?)?;
        rest = &rest[length..];
        if rest.is_empty() {
            return Some(total);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Since;

    #[test]
    fn is_a_duration_or_a_time() {
        let time = "2026-01-31T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("10m", (Some(600), None)),
            ("1500ms", (Some(2), None)),
            ("1h30m", (Some(5400), None)),
            ("2026-01-31T12:00:00.7Z", (None, Some(time))),
            ("0s", (Some(1), None)),
            ("2026-01-31T12:00:00Z", (None, Some(time))),
            ("2026-01-31T14:00:00+02:00", (None, Some(time))),
        ] {
            assert_eq!(Since::parse(text).unwrap().parameters(), expected, "{text}");
        }
        for wrong in ["", "10", "1h30", "h", "yesterday", "2026-01-31", "-1s"] {
            let error = Since::parse(wrong).unwrap_err();
            assert!(error.contains("10m") && error.contains("RFC 3339"), "{error}");
        }
    }
}
