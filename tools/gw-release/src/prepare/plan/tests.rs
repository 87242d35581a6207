use gateway_place::ServerSpec;
use proptest::prelude::*;

use super::*;

fn kept() -> PlaceFile {
    PlaceFile {
        kubeconfig: "/kept".into(),
        context: "there".to_owned(),
        namespace_uid: Some("u".to_owned()),
        namespace: "team".to_owned(),
        endpoint: Some("https://gw:443".to_owned()),
        forward_port: 9000,
        spec: ServerSpec {
            plaintext: true,
            disable_gateway_auth: true,
            tls_sans: vec!["a".to_owned()],
        },
    }
}

fn has(file: &str, current: Option<&str>, names: &[&str]) -> Contexts {
    Contexts {
        file: file.into(),
        current: current.map(str::to_owned),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn found(uid: &str, is_terminating: bool) -> Found {
    Found {
        uid: uid.to_owned(),
        owner: None,
        is_terminating,
    }
}

fn of_context(name: &str) -> Given {
    Given {
        context: Some(name.to_owned()),
        ..Given::default()
    }
}

#[test]
fn what_is_kept_stays_unless_a_flag_says_else() {
    let there = [has("/kept", Some("other"), &["other", "there"])];
    let same = choose(Some(&kept()), &Given::default(), false, &there).unwrap();
    assert_eq!(same, kept(), "whatever the current context is by now");
    let given = Given {
        endpoint: Some(None),
        port: Some(1),
        plaintext: Some(false),
        disable_gateway_auth: Some(false),
        tls_sans: vec!["b".to_owned()],
        ..Given::default()
    };
    let changed = choose(Some(&kept()), &given, false, &there).unwrap();
    let expected = PlaceFile {
        endpoint: None,
        forward_port: 1,
        spec: ServerSpec {
            tls_sans: vec!["b".to_owned()],
            ..ServerSpec::default()
        },
        ..kept()
    };
    assert_eq!(changed, expected);
}

#[test]
fn a_new_gateway_has_defaults() {
    let made = choose(
        None,
        &of_context("c"),
        false,
        &[has("/k", None, &["a"]), has("/l", None, &["c"])],
    );
    let expected = PlaceFile {
        kubeconfig: "/l".into(),
        context: "c".to_owned(),
        namespace_uid: None,
        namespace: "openshell".to_owned(),
        endpoint: None,
        forward_port: 8080,
        spec: ServerSpec::default(),
    };
    assert_eq!(made, Ok(expected));
}

#[test]
fn the_context_is_looked_for_in_the_files_that_are_meant() {
    let named = Given {
        kubeconfig: Some("/named".into()),
        ..Given::default()
    };
    let both = Given {
        context: Some("b".to_owned()),
        ..named.clone()
    };
    let (usual, kept) = (|| vec!["/one".into(), "/two".into()], kept());
    let two = [
        has("/one", None, &["a"]),
        has("/two", Some("b"), &["a", "b"]),
        has("/three", Some("a"), &["b"]),
    ];
    assert_eq!(files(None, &of_context("a"), usual()), usual());
    assert_eq!(
        files(Some(&kept), &of_context("a"), usual()),
        ["/kept"].map(PathBuf::from)
    );
    assert_eq!(files(Some(&kept), &named, usual()), ["/named"].map(PathBuf::from));

    let missing = |name: Option<&str>| Err(Refusal::ContextMissing(name.map(str::to_owned)));
    let ok = |file: &str, context: &str| Ok((PathBuf::from(file), context.to_owned()));
    for (kept, given, read, expected) in [
        (None, of_context("a"), &two[..], ok("/one", "a")),
        (None, of_context("b"), &two, ok("/two", "b")),
        (None, of_context("gone"), &two, missing(Some("gone"))),
        // The current context, by name from then on.
        (None, named.clone(), &two[1..2], ok("/two", "b")),
        (None, named.clone(), &two[..1], missing(None)),
        (None, named.clone(), &[], missing(None)),
        (
            None,
            named.clone(),
            &[has("/x", Some("gone"), &["a"])],
            missing(Some("gone")),
        ),
        // Another file than the kept one has other contexts.
        (Some(&kept), named.clone(), &two[1..2], ok("/two", "b")),
        (Some(&kept), both, &two[1..2], ok("/two", "b")),
        (Some(&kept), of_context("b"), &two[1..2], ok("/two", "b")),
        (Some(&kept), Given::default(), &two[1..2], missing(Some("there"))),
    ] {
        let chosen = choose(kept, &given, false, read).map(|place| (place.kubeconfig, place.context));
        assert_eq!(chosen, expected, "{given:?} {read:?}");
    }
}

#[test]
fn a_gateway_stays_where_it_is() {
    let there = [has("/k", Some("c"), &["c"])];
    let refused = |kept: Option<&PlaceFile>, given: &Given, is_in_container: bool| {
        choose(kept, given, is_in_container, &there).err()
    };
    assert_eq!(refused(None, &of_context("c"), true), Some(Refusal::InContainer));
    assert_eq!(refused(None, &Given::default(), true), Some(Refusal::InContainer));
    assert_eq!(refused(None, &Given::default(), false), Some(Refusal::Unnamed));
    // One on a cluster has metadata, too.
    assert_eq!(refused(Some(&kept()), &of_context("c"), true), None);
    for wrong in ["A", "", "-a", "a-", "a.b", "a b", &"a".repeat(64)] {
        let given = Given {
            namespace: Some(wrong.to_owned()),
            ..of_context("c")
        };
        let expected = Some(Refusal::WrongNamespace(wrong.to_owned()));
        assert_eq!(refused(None, &given, false), expected);
    }
}

#[test]
fn only_the_namespace_that_the_gateway_was_made_in_will_do() {
    for (kept, there, expected) in [
        (None, None, Step::Create),
        (None, Some(found("u", false)), Step::Keep),
        (None, Some(found("u", true)), Step::RefuseTerminating),
        (Some("u"), None, Step::RefuseAnother),
        (Some("u"), Some(found("u", false)), Step::Keep),
        (Some("u"), Some(found("u", true)), Step::RefuseTerminating),
        (Some("u"), Some(found("v", false)), Step::RefuseAnother),
        (Some("u"), Some(found("v", true)), Step::RefuseAnother),
    ] {
        assert_eq!(step(kept, there.as_ref()), expected, "{kept:?} {there:?}");
    }
}

fn any_given() -> impl Strategy<Value = Given> {
    let context = proptest::option::of("[ab]");
    let endpoint = proptest::option::of(proptest::option::of("https://[a-z]{1,3}:1"));
    let (port, flag) = (proptest::option::of(1_u16..), proptest::option::of(any::<bool>()));
    let sans = proptest::collection::vec("[a-c]", 0..3);
    (context, endpoint, port, flag.clone(), flag, sans).prop_map(
        |(context, endpoint, port, plaintext, disable_gateway_auth, tls_sans)| Given {
            context,
            endpoint,
            port,
            plaintext,
            disable_gateway_auth,
            tls_sans,
            ..Given::default()
        },
    )
}

proptest! {
    #[test]
    fn what_was_chosen_is_chosen_again(given in any_given(), namespace in "[a-z0-9]{1,5}") {
        let there = [has("/kept", Some("a"), &["a", "b", "there"])];
        let given = Given { namespace: Some(namespace), ..given };
        let first = choose(Some(&kept()), &given, false, &there).unwrap();
        prop_assert_eq!(choose(Some(&first), &Given::default(), false, &there), Ok(first.clone()));
        prop_assert_eq!(choose(Some(&first), &given, false, &there), Ok(first));
    }
}
