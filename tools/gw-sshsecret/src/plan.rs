//! What to do, from what there is. Pure.

use crate::carried::Group;
use crate::handshake::Handshake;

/// The Secret, as it was observed.
#[derive(Debug)]
pub enum Present {
    /// It is proven absent; these values are carried by live sandboxes.
    Absent(Vec<Group>),
    /// It holds a valid secret.
    Valid(Handshake),
    /// It holds no valid secret; the text says why.
    Invalid(String),
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing: the Secret stays as it is.
    Keep(Handshake),
    /// Create the Secret with what live sandboxes carry.
    Recover(Handshake),
    /// Create the Secret with a new value.
    Generate,
}

/// Why nothing can be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The Secret exists with a wrong value.
    Invalid(String),
    /// Sandboxes carry different values.
    Disagree,
    /// What sandboxes carry is no handshake secret; the text says why.
    CarriedInvalid(String),
    /// `--adopt` names what no sandbox carries.
    NotCarried,
    /// `--adopt` names another secret than the one that exists.
    AnotherExists,
}

/// Decides. `adopt` is the fingerprint of `--adopt`.
pub fn plan(present: Present, adopt: Option<&str>) -> Result<Plan, Refusal> {
    let groups = match present {
        Present::Valid(secret) if adopt.is_some_and(|wanted| wanted != secret.fingerprint()) => {
            return Err(Refusal::AnotherExists);
        }
        Present::Valid(secret) => return Ok(Plan::Keep(secret)),
        Present::Invalid(why) => return Err(Refusal::Invalid(why)),
        Present::Absent(groups) => groups,
    };
    if let Some(wanted) = adopt {
        let chosen = groups.into_iter().find(|group| group.fingerprint == wanted);
        return recover(chosen.ok_or(Refusal::NotCarried)?);
    }
    let mut groups = groups.into_iter();
    match (groups.next(), groups.next()) {
        (None, _) => Ok(Plan::Generate),
        (Some(only), None) => recover(only),
        (Some(_), Some(_)) => Err(Refusal::Disagree),
    }
}

fn recover(group: Group) -> Result<Plan, Refusal> {
    group.value.map(Plan::Recover).map_err(Refusal::CarriedInvalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(digit: u8) -> String {
        char::from(digit).to_string().repeat(64)
    }

    fn secret(digit: u8) -> Handshake {
        Handshake::read(value(digit).as_bytes()).unwrap()
    }

    fn carries(value: &str) -> Group {
        Group {
            value: Handshake::read(value.as_bytes()),
            fingerprint: contract::fingerprint(value.as_bytes()),
            sandboxes: ["s".to_owned()].into(),
        }
    }

    #[test]
    fn decides() {
        use Present::{Absent, Invalid, Valid};
        let (one, two) = (secret(b'1').fingerprint(), secret(b'2').fingerprint());
        let both = || vec![carries(&value(b'1')), carries(&value(b'2'))];
        let short_one = contract::fingerprint(b"short");
        let short = || Refusal::CarriedInvalid("it has 5 bytes, 64 are expected".to_owned());
        let table = [
            (Valid(secret(b'1')), None, Ok(Plan::Keep(secret(b'1')))),
            (Valid(secret(b'1')), Some(&one), Ok(Plan::Keep(secret(b'1')))),
            (Valid(secret(b'1')), Some(&two), Err(Refusal::AnotherExists)),
            (Invalid("why".into()), None, Err(Refusal::Invalid("why".into()))),
            (
                Invalid("why".into()),
                Some(&one),
                Err(Refusal::Invalid("why".into())),
            ),
            (Absent(vec![]), None, Ok(Plan::Generate)),
            (Absent(vec![]), Some(&one), Err(Refusal::NotCarried)),
            (
                Absent(vec![carries(&value(b'1'))]),
                None,
                Ok(Plan::Recover(secret(b'1'))),
            ),
            (
                Absent(vec![carries(&value(b'1'))]),
                Some(&two),
                Err(Refusal::NotCarried),
            ),
            (Absent(both()), None, Err(Refusal::Disagree)),
            (Absent(both()), Some(&two), Ok(Plan::Recover(secret(b'2')))),
            (Absent(vec![carries("short")]), None, Err(short())),
            (
                Absent(vec![carries("short"), carries(&value(b'1'))]),
                None,
                Err(Refusal::Disagree),
            ),
            (
                Absent(vec![carries("short"), carries(&value(b'1'))]),
                Some(&one),
                Ok(Plan::Recover(secret(b'1'))),
            ),
            (
                Absent(vec![carries("short"), carries(&value(b'1'))]),
                Some(&short_one),
                Err(short()),
            ),
        ];
        for (number, (present, adopt, expected)) in table.into_iter().enumerate() {
            assert_eq!(plan(present, adopt.map(String::as_str)), expected, "row {number}");
        }
    }

    proptest! {
        /// A new value is made only where nobody has one.
        #[test]
        fn never_generates_where_a_value_is_known(values in prop::collection::btree_set("[0-9a-f]{63,65}", 0..4), adopted in any::<bool>()) {
            let adopt = values.first().filter(|_| adopted).map(|value| contract::fingerprint(value.as_bytes()));
            let groups = values.iter().map(|value| carries(value)).collect();
            match plan(Present::Absent(groups), adopt.as_deref()) {
                Ok(Plan::Generate) => prop_assert!(values.is_empty()),
                Ok(Plan::Recover(secret)) => {
                    prop_assert!(values.iter().any(|value| value.as_bytes() == secret.expose()));
                    prop_assert!(values.len() == 1 || adopt == Some(secret.fingerprint()));
                }
                Ok(Plan::Keep(_)) => prop_assert!(false, "there is nothing to keep"),
                Err(_) => prop_assert!(!values.is_empty()),
            }
        }

        /// What was created is kept by the next run.
        #[test]
        fn is_idempotent(value in "[0-9a-f]{64}") {
            let Ok(Plan::Recover(secret)) = plan(Present::Absent(vec![carries(&value)]), None) else {
                panic!("one value is recovered");
            };
            prop_assert_eq!(plan(Present::Valid(secret.clone()), None), Ok(Plan::Keep(secret)));
        }
    }
}
