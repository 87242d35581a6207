//! Every state with every wish, and what must hold for all of them.

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
        sandboxes: [contract::fingerprint(value.as_bytes())].into(),
    }
}

fn observed(present: Present, groups: Vec<Group>) -> Observed {
    Observed {
        object: None,
        present,
        groups,
    }
}

fn valid() -> Present {
    Present::Valid(secret(b'1'))
}

fn invalid() -> Present {
    Present::Invalid("why".into())
}

const PLAIN: Wish<'static> = Wish {
    adopt: None,
    replace_invalid: false,
    rotate: false,
};
const REPLACE: Wish<'static> = Wish {
    replace_invalid: true,
    ..PLAIN
};
const ROTATE: Wish<'static> = Wish {
    rotate: true,
    ..PLAIN
};

fn recovers(digit: u8, replaces: bool) -> Result<Plan, Refusal> {
    let secret = secret(digit);
    Ok(Plan::Recover { secret, replaces })
}

#[test]
#[rustfmt::skip]
fn decides() {
    use Present::Absent;
    let (one, two) = (secret(b'1').fingerprint(), secret(b'2').fingerprint());
    let adopt = |fingerprint, wish| Wish { adopt: Some(fingerprint), ..wish };
    let of_one = || vec![carries(&value(b'1'))];
    let of_both = || vec![carries(&value(b'1')), carries(&value(b'2'))];
    let short_one = contract::fingerprint(b"short");
    let short = || Err(Refusal::CarriedInvalid("it has 5 bytes, 64 are expected".to_owned()));
    let keep = || Ok(Plan::Keep(secret(b'1')));
    let generate = |replaces| Ok(Plan::Generate { replaces });
    let no = || Err(Refusal::Invalid("why".into()));
    let table = [
        (valid(), of_both(), PLAIN, keep()),
        (valid(), vec![], REPLACE, keep()),
        (valid(), vec![], adopt(&one, PLAIN), keep()),
        (valid(), of_both(), adopt(&two, PLAIN), Err(Refusal::AnotherExists)),
        (valid(), of_both(), ROTATE, generate(true)),
        (valid(), vec![], ROTATE, generate(true)),
        (valid(), of_both(), adopt(&one, ROTATE), keep()),
        (valid(), of_both(), adopt(&two, ROTATE), recovers(b'2', true)),
        (valid(), of_one(), adopt(&two, ROTATE), Err(Refusal::NotCarried)),
        (invalid(), of_one(), PLAIN, no()),
        (invalid(), of_one(), adopt(&one, PLAIN), no()),
        (invalid(), of_one(), REPLACE, recovers(b'1', true)),
        (invalid(), vec![], REPLACE, generate(true)),
        (invalid(), of_both(), REPLACE, Err(Refusal::Disagree)),
        (invalid(), of_both(), adopt(&two, REPLACE), recovers(b'2', true)),
        (invalid(), vec![carries("short")], REPLACE, short()),
        (invalid(), of_both(), ROTATE, generate(true)),
        (Absent, vec![], PLAIN, generate(false)),
        (Absent, vec![], adopt(&one, PLAIN), Err(Refusal::NotCarried)),
        (Absent, of_one(), PLAIN, recovers(b'1', false)),
        (Absent, of_one(), REPLACE, recovers(b'1', false)),
        (Absent, of_one(), ROTATE, generate(false)),
        (Absent, of_one(), adopt(&two, PLAIN), Err(Refusal::NotCarried)),
        (Absent, of_both(), PLAIN, Err(Refusal::Disagree)),
        (Absent, of_both(), adopt(&two, PLAIN), recovers(b'2', false)),
        (Absent, vec![carries("short")], PLAIN, short()),
        (Absent, vec![carries("short"), carries(&value(b'1'))], PLAIN, Err(Refusal::Disagree)),
        (Absent, vec![carries("short"), carries(&value(b'1'))], adopt(&short_one, PLAIN), short()),
    ];
    for (number, (present, groups, wish, expected)) in table.into_iter().enumerate() {
        assert_eq!(plan(&observed(present, groups), wish), expected, "row {number}");
    }
}

#[test]
fn those_that_carry_another_secret_are_lost() {
    let groups = [carries(&value(b'1')), carries(&value(b'2'))];
    let names = |numbers: &[usize]| -> BTreeSet<String> {
        numbers
            .iter()
            .map(|number| groups[*number].fingerprint.clone())
            .collect()
    };
    assert_eq!(lost(&Plan::Keep(secret(b'1')), &groups), names(&[]));
    assert_eq!(lost(&recovers(b'2', true).unwrap(), &groups), names(&[0]));
    assert_eq!(lost(&Plan::Generate { replaces: true }, &groups), names(&[0, 1]));
}

proptest! {
    /// Without --rotate a new value is made only where nobody has a valid one, and a Secret is written only where its
    /// absence is proven or its value is none.
    #[test]
    fn never_generates_where_a_value_is_known(
        values in prop::collection::btree_set("[0-9a-f]{63,65}", 0..4),
        adopted in any::<bool>(),
        replace_invalid in any::<bool>(),
        state in 0..3,
    ) {
        let adopt = values.first().filter(|_| adopted).map(|value| contract::fingerprint(value.as_bytes()));
        let groups: Vec<Group> = values.iter().map(|value| carries(value)).collect();
        let present = match state {
            0 => Present::Absent,
            1 => invalid(),
            _ => valid(),
        };
        let wish = Wish { adopt: adopt.as_deref(), replace_invalid, rotate: false };
        match plan(&observed(present, groups), wish) {
            Ok(Plan::Generate { replaces }) => {
                prop_assert!(values.is_empty() && state != 2);
                prop_assert_eq!(replaces, state == 1);
            }
            Ok(Plan::Recover { secret, replaces }) => {
                prop_assert!(values.iter().any(|value| value.as_bytes() == secret.expose()) && state != 2);
                prop_assert!(values.len() == 1 || adopt == Some(secret.fingerprint()));
                prop_assert_eq!(replaces, state == 1);
                prop_assert!(!replaces || replace_invalid);
            }
            Ok(Plan::Keep(_)) => prop_assert_eq!(state, 2),
            Err(_) => prop_assert!(!values.is_empty() || (state == 1 && !replace_invalid)),
        }
    }

    /// What was written is kept by the next run, also when it asks for the same.
    #[test]
    fn is_idempotent(value in "[0-9a-f]{64}", replace_invalid in any::<bool>()) {
        let wish = Wish { replace_invalid, ..PLAIN };
        let Ok(Plan::Recover { secret, .. }) = plan(&observed(Present::Absent, vec![carries(&value)]), wish) else {
            panic!("one value is recovered");
        };
        prop_assert_eq!(plan(&observed(Present::Valid(secret.clone()), Vec::new()), wish), Ok(Plan::Keep(secret)));
    }
}

#[test]
fn nothing_that_holds_a_secret_shows_it() {
    let shown = [
        format!("{:?}", secret(b'1')),
        format!("{:?}", carries(&value(b'1'))),
        format!("{:?}", valid()),
        format!("{:?}", recovers(b'1', false)),
        format!("{:?}", Plan::Keep(secret(b'1'))),
    ];
    for text in shown {
        assert!(
            text.contains("hmac-sha256:") && !text.contains(&value(b'1')),
            "{text}"
        );
    }
}
