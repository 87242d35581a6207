//! PKIs, sound and broken: what is found, what is planned, and that acting heals them.

use proptest::prelude::*;
use rcgen::{ExtendedKeyUsagePurpose, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

use super::*;
use crate::finding::Finding::*;
use crate::observe::serving::KUBELET_SYNC;
use Step::*;

mod ca_change;
mod fixture;

use ca_change::ROTATE_CA;
use fixture::{Leaf, Pki, Values, ca, ca_below, ca_that_is_none, kept};

/// Findings of: the CA's Secret, the server's, the clients' CA, the client's, the bundle.
type Findings = [&'static [Finding]; 5];
type Expected = Result<&'static [Step], Immutable>;

const SOUND: Findings = [&[], &[], &[], &[], &[]];
const NO_KEY: Findings = [&[CaKeyMissing], &[], &[], &[], &[]];

fn found(pki: &Pki) -> [Vec<Finding>; 5] {
    let examined = pki.examined();
    let of = |part: &Part| part.findings().into_iter().collect();
    [
        of(&examined.authority),
        of(&examined.server),
        of(&examined.client_ca),
        of(&examined.client),
        examined.bundle.clone(),
    ]
}

fn steps(pki: &Pki, wish: Wish) -> Result<Vec<Step>, Immutable> {
    let steps = plan(&pki.examined(), wish)?;
    Ok(steps.iter().map(|planned| planned.step).collect())
}

/// Rounds as the tool runs them, until nothing is left to do.
fn heal(pki: &mut Pki, wish: Wish) {
    heal_and_watch(pki, wish, |_| {});
}

fn heal_and_watch(pki: &mut Pki, mut wish: Wish, mut watch: impl FnMut(&Pki)) {
    for _ in 0..24 {
        let examined = pki.examined();
        wish.authority &= examined.phase == Phase::Steady;
        let steps = plan(&examined, wish).unwrap();
        if steps.is_empty() && (examined.server_is_ready || examined.phase == Phase::Steady) {
            return;
        }
        if steps.is_empty() {
            // As --restart does: a server that does not read its files again is restarted, and another one waited for.
            pki.clock += KUBELET_SYNC;
            let reloads = pki.serving.iter().any(|pod| pod.reloads);
            if !reloads {
                *pki = pki.clone().served(false);
            }
            watch(pki);
        }
        for planned in this_round(&steps) {
            pki.act(planned.step);
            wish.is_granted_by(planned.step);
            watch(pki);
        }
    }
    panic!("never done: {:?}", found(pki));
}

fn changed(mut pki: Pki, change: impl FnOnce(&mut Pki)) -> Pki {
    change(&mut pki);
    pki
}

/// Changes one value of one Secret of a sound PKI.
fn with_value(pick: fn(&mut Pki) -> &mut Option<Values>, key: &'static str, value: &[u8]) -> Pki {
    changed(Pki::sound(), |pki| {
        pick(pki).as_mut().unwrap().insert(key, value.to_vec());
    })
}

fn with_server(leaf: &Leaf) -> Pki {
    Pki::with(&ca(-1, 3000), leaf, &Leaf::client())
}

fn with_client(leaf: &Leaf) -> Pki {
    Pki::with(&ca(-1, 3000), &Leaf::server(), leaf)
}

fn server_of_another_ca() -> Pki {
    changed(Pki::sound(), |pki| {
        pki.server = Some(Leaf::server().by(&ca(-1, 3000)))
    })
}

fn below_an_intermediate() -> Pki {
    let root = ca(-1, 3000);
    let between = ca_below(&root);
    changed(Pki::of(&root).made_elsewhere(), |pki| {
        let mut server = Leaf::server().by(&between);
        server.get_mut("tls.crt").unwrap().extend(between.pem().bytes());
        pki.server = Some(server);
    })
}

#[rustfmt::skip]
fn table() -> Vec<(&'static str, Pki, Findings, Expected)> {
    let only_client = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let only_server = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let any = vec![ExtendedKeyUsagePurpose::Any];
    let expired = ca(-100, -1);
    let root = ca(-1, 3000);
    let fewer_names = Leaf { sans: vec!["openshell".into(), "localhost".into()], ..Leaf::server() };
    let forever = (Leaf::server().days(-18_500, 755_000), Leaf::client().days(-18_500, 755_000));
    vec![
        ("sound", Pki::sound(), SOUND, Ok(&[])),
        ("nothing there", Pki::default(), [&[DoesNotExist]; 5], Ok(&[MakeAuthority])),
        ("only an old bundle", Pki { bundle: Pki::sound().bundle, ..Pki::default() },
            [&[DoesNotExist], &[DoesNotExist], &[DoesNotExist], &[DoesNotExist], &[ClientBundleDiffers]], Ok(&[MakeAuthority])),
        ("only the CA", Pki { authority: Pki::sound().authority, ..Pki::default() },
            [&[], &[DoesNotExist], &[DoesNotExist], &[DoesNotExist], &[DoesNotExist]], Ok(&[WriteClientCa, IssueServer, IssueClient, WriteBundle])),
        ("made elsewhere", Pki::sound().made_elsewhere(), NO_KEY, Ok(&[])),
        ("made elsewhere, valid from 1975 to 4096", Pki::with(&ca(-18_500, 755_000), &forever.0, &forever.1).made_elsewhere(), NO_KEY, Ok(&[])),
        ("made elsewhere, below an intermediate", below_an_intermediate(), NO_KEY, Ok(&[])),
        ("made elsewhere, Ed25519", Pki::with(&root, &Leaf { algorithm: &PKCS_ED25519, ..Leaf::server() }, &Leaf::client()).made_elsewhere(), NO_KEY, Ok(&[])),
        ("P-384", with_server(&Leaf { algorithm: &PKCS_ECDSA_P384_SHA384, ..Leaf::server() }), SOUND, Ok(&[])),
        ("no usages named", with_server(&Leaf { usage: vec![], ..Leaf::server() }), SOUND, Ok(&[])),
        ("any usage", with_client(&Leaf { usage: any, ..Leaf::client() }), SOUND, Ok(&[])),
        ("more names than wanted", with_server(&Leaf { sans: Leaf::server().sans.into_iter().chain(["more.example".into()]).collect(), ..Leaf::server() }), SOUND, Ok(&[])),
        ("server missing", changed(Pki::sound(), |pki| pki.server = None), [&[], &[DoesNotExist], &[], &[], &[]], Ok(&[IssueServer])),
        ("server missing, made elsewhere", changed(Pki::sound().made_elsewhere(), |pki| pki.server = None),
            [&[CaKeyMissing], &[DoesNotExist], &[], &[], &[]], Ok(&[MakeAuthority])),
        ("client missing", changed(Pki::sound(), |pki| pki.client = None), [&[], &[], &[], &[DoesNotExist], &[ClientBundleDiffers]], Ok(&[IssueClient, WriteBundle])),
        ("client missing, made elsewhere", changed(Pki::sound().made_elsewhere(), |pki| pki.client = None),
            [&[CaKeyMissing], &[], &[], &[DoesNotExist], &[ClientBundleDiffers]], Ok(&[MakeAuthority])),
        ("clients' CA missing", changed(Pki::sound(), |pki| pki.client_ca = None), [&[], &[], &[DoesNotExist], &[], &[]], Ok(&[WriteClientCa])),
        ("clients' CA missing, made elsewhere", changed(Pki::sound().made_elsewhere(), |pki| pki.client_ca = None),
            [&[CaKeyMissing], &[], &[DoesNotExist], &[], &[]], Ok(&[WriteClientCa])),
        ("client has no CA, made elsewhere", changed(Pki::sound().made_elsewhere(), |pki| { pki.client.as_mut().unwrap().remove("ca.crt"); }),
            [&[CaKeyMissing], &[], &[], &[MissingData], &[ClientBundleDiffers]], Ok(&[WriteClientTrust, WriteBundle])),
        ("client's CA is no PEM", with_value(|pki| &mut pki.client, "ca.crt", b"junk"),
            [&[], &[], &[], &[InvalidPem], &[ClientBundleDiffers]], Ok(&[WriteClientTrust, WriteBundle])),
        ("server's key missing", with_value(|pki| &mut pki.server, "tls.key", b""), [&[], &[MissingData], &[], &[], &[]], Ok(&[IssueServer])),
        ("server's certificate missing", changed(Pki::sound(), |pki| { pki.server.as_mut().unwrap().remove("tls.crt"); }),
            [&[], &[MissingData], &[], &[], &[]], Ok(&[IssueServer])),
        ("server's certificate is no PEM", with_value(|pki| &mut pki.server, "tls.crt", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            [&[], &[InvalidPem], &[], &[], &[]], Ok(&[IssueServer])),
        ("server's key is no PEM", with_value(|pki| &mut pki.server, "tls.key", b"junk"), [&[], &[InvalidPem], &[], &[], &[]], Ok(&[IssueServer])),
        ("server's key is another one's", with_value(|pki| &mut pki.server, "tls.key", &kept(&root)["ca.key"]), [&[], &[KeyMismatch], &[], &[], &[]], Ok(&[IssueServer])),
        ("server of another CA", server_of_another_ca(), [&[], &[IncorrectIssuer], &[], &[], &[]], Ok(&[IssueServer])),
        ("server of another CA, made elsewhere", server_of_another_ca().made_elsewhere(), [&[CaKeyMissing], &[IncorrectIssuer], &[], &[], &[]], Ok(&[MakeAuthority])),
        ("a name is missing", with_server(&fewer_names), [&[], &[SanMissing], &[], &[], &[]], Ok(&[IssueServer])),
        ("server may only be a client", with_server(&Leaf { usage: only_client, ..Leaf::server() }), [&[], &[WrongUsage], &[], &[], &[]], Ok(&[IssueServer])),
        ("client may only serve", with_client(&Leaf { usage: only_server, ..Leaf::client() }), [&[], &[], &[], &[WrongUsage], &[]], Ok(&[IssueClient, WriteBundle])),
        ("server is a CA", with_server(&Leaf { is_ca: true, ..Leaf::server() }), [&[], &[WrongUsage], &[], &[], &[]], Ok(&[IssueServer])),
        ("server expired", with_server(&Leaf::server().days(-400, -1)), [&[], &[Expired], &[], &[], &[]], Ok(&[IssueServer])),
        ("server expired, made elsewhere", with_server(&Leaf::server().days(-400, -1)).made_elsewhere(), [&[CaKeyMissing], &[Expired], &[], &[], &[]], Ok(&[MakeAuthority])),
        ("server not yet valid", with_server(&Leaf::server().days(1, 400)), [&[], &[NotYetValid], &[], &[], &[]], Ok(&[IssueServer])),
        ("server expiring", with_server(&Leaf::server().days(-70, 30)), [&[], &[Expiring], &[], &[], &[]], Ok(&[IssueServer])),
        ("server at two thirds, less a day", with_server(&Leaf::server().days(-65, 35)), SOUND, Ok(&[])),
        ("server expiring, made elsewhere", with_server(&Leaf::server().days(-70, 30)).made_elsewhere(), [&[CaKeyMissing], &[Expiring], &[], &[], &[]], Ok(&[])),
        ("server ends with its CA", Pki::with(&ca(-70, 30), &Leaf::server().days(-70, 30), &Leaf::client().days(0, 30)), [&[Expiring], &[Expiring], &[], &[], &[]], Ok(&[MakeAuthority])),
        ("client expired", with_client(&Leaf::client().days(-400, -1)), [&[], &[], &[], &[Expired], &[]], Ok(&[IssueClient, WriteBundle])),
        ("server's Secret of another type", changed(Pki::sound(), |pki| pki.server_type = Some("Opaque")), [&[], &[TypeWrong], &[], &[], &[]], Ok(&[])),
        ("server's Secret of another type, and expired", changed(with_server(&Leaf::server().days(-400, -1)), |pki| pki.server_type = Some("Opaque")),
            [&[], &[Expired, TypeWrong], &[], &[], &[]], Ok(&[IssueServer])),
        ("clients' CA is another one", with_value(|pki| &mut pki.client_ca, "ca.crt", root.pem().as_bytes()), [&[], &[], &[IncorrectIssuer], &[], &[]], Ok(&[WriteClientCa])),
        ("clients' CA and an old one", changed(Pki::sound(), |pki| pki.client_ca.as_mut().unwrap().get_mut("ca.crt").unwrap().extend(root.pem().bytes())), SOUND, Ok(&[])),
        ("bundle missing", changed(Pki::sound(), |pki| pki.bundle = None), [&[], &[], &[], &[], &[DoesNotExist]], Ok(&[WriteBundle])),
        ("bundle of another gateway", changed(Pki::sound(), |pki| pki.bundle = Pki::sound().bundle), [&[], &[], &[], &[], &[ClientBundleDiffers]], Ok(&[WriteBundle])),
        ("bundle readable by others", changed(Pki::sound(), |pki| pki.bundle_is_open = true), [&[], &[], &[], &[], &[ClientBundleDiffers]], Ok(&[WriteBundle])),
        ("bundle missing, made elsewhere", changed(Pki::sound().made_elsewhere(), |pki| pki.bundle = None), [&[CaKeyMissing], &[], &[], &[], &[DoesNotExist]], Ok(&[WriteBundle])),
        ("CA's key missing", with_value(|pki| &mut pki.authority, "ca.key", b""), NO_KEY, Ok(&[])),
        ("CA's key missing, client expired", changed(with_client(&Leaf::client().days(-400, -1)), |pki| { pki.authority.as_mut().unwrap().remove("ca.key"); }),
            [&[CaKeyMissing], &[], &[], &[Expired], &[]], Ok(&[MakeAuthority])),
        ("CA's key is another one's", with_value(|pki| &mut pki.authority, "ca.key", &kept(&root)["ca.key"]), [&[KeyMismatch], &[], &[], &[], &[]], Ok(&[])),
        ("CA's key is another one's, server missing", changed(Pki::sound(), |pki| { pki.server = None; pki.authority.as_mut().unwrap().insert("ca.key", kept(&root)["ca.key"].clone()); }),
            [&[KeyMismatch], &[DoesNotExist], &[], &[], &[]], Ok(&[MakeAuthority])),
        ("CA is no PEM, and nothing else is there", Pki { authority: Some([("ca.crt", b"junk".to_vec()), ("ca.key", b"junk".to_vec())].into()), ..Pki::default() },
            [&[InvalidPem], &[DoesNotExist], &[DoesNotExist], &[DoesNotExist], &[DoesNotExist]], Ok(&[MakeAuthority])),
        ("CA expired", Pki::of(&expired), [&[Expired], &[], &[Expired], &[Expired], &[]], Ok(&[MakeAuthority])),
        ("CA not yet valid", Pki::of(&ca(1, 100)), [&[NotYetValid], &[], &[NotYetValid], &[NotYetValid], &[]], Ok(&[MakeAuthority])),
        ("CA expiring", Pki::with(&ca(-700, 300), &Leaf::server(), &Leaf::client()), [&[Expiring], &[], &[], &[], &[]], Ok(&[])),
        ("CA may not sign", Pki::of(&ca_that_is_none()), [&[WrongUsage], &[], &[WrongUsage], &[WrongUsage], &[]], Ok(&[MakeAuthority])),
        ("server expired and immutable", changed(with_server(&Leaf::server().days(-400, -1)), |pki| pki.immutable = true), [&[], &[Expired], &[], &[], &[]], Err(Immutable(SERVER_TLS_SECRET))),
        ("sound and immutable", changed(Pki::sound(), |pki| pki.immutable = true), SOUND, Ok(&[])),
    ]
}

#[test]
fn finds_plans_and_heals() {
    for (name, mut pki, findings, expected) in table() {
        assert_eq!(found(&pki), findings.map(<[Finding]>::to_vec), "{name}");
        assert_eq!(
            steps(&pki, Wish::default()),
            expected.map(<[Step]>::to_vec),
            "{name}"
        );
        let before = pki.clone();
        let is_valid = steps(&pki, Wish::default()) == Ok(Vec::new());
        if steps(&pki, Wish::default()).is_err() {
            continue;
        }
        heal(&mut pki, Wish::default());
        assert_eq!(
            before == pki,
            is_valid,
            "{name}: valid material stays byte for byte"
        );
        assert_eq!(pki.examined().phase, Phase::Steady, "{name}");
        if !is_valid {
            let left: Vec<Finding> = found(&pki).into_iter().flatten().collect();
            assert!(
                left.iter()
                    .all(|finding| !finding.is_due() || *finding == CaKeyMissing),
                "{name}: {left:?}"
            );
        }
    }
}

#[test]
fn a_leaf_is_made_again_by_the_same_ca_where_that_is_wanted() {
    let wish = Wish {
        server: true,
        client: true,
        ..Wish::default()
    };
    assert_eq!(
        steps(&Pki::sound(), wish),
        Ok(vec![IssueServer, IssueClient, WriteBundle])
    );
    assert_eq!(
        steps(&Pki::sound().made_elsewhere(), wish),
        Ok(vec![MakeAuthority])
    );
    let mut pki = Pki::sound();
    let before = pki.clone();
    heal(&mut pki, wish);
    assert_eq!(pki.authority, before.authority);
    assert!(pki.server != before.server && pki.client != before.client && pki.bundle == pki.client);
}

/// What may happen to a sound PKI.
fn breakages() -> Vec<fn(&mut Pki)> {
    vec![
        |pki| pki.server = None,
        |pki| pki.client = None,
        |pki| pki.client_ca = None,
        |pki| pki.bundle = None,
        |pki| pki.bundle_is_open = true,
        |pki| pki.authority = None,
        |pki| pki.server = Some(Leaf::server().by(&ca(-1, 3000))),
        |pki| pki.client = Some(Leaf::client().by(&ca(-1, 3000))),
        |pki| pki.client_ca = Pki::sound().client_ca,
        |pki| pki.authority = Pki::sound().authority,
        |pki| drop(pki.client.as_mut().and_then(|values| values.remove("tls.key"))),
        |pki| {
            drop(
                pki.server
                    .as_mut()
                    .and_then(|values| values.insert("tls.key", b"junk".to_vec())),
            )
        },
        |pki| {
            drop(
                pki.client
                    .as_mut()
                    .and_then(|values| values.insert("ca.crt", Vec::new())),
            )
        },
        |pki| drop(pki.authority.as_mut().and_then(|values| values.remove("ca.key"))),
    ]
}

fn broken(chosen: &[usize]) -> Pki {
    let mut pki = Pki::sound();
    for number in chosen {
        breakages()[*number](&mut pki);
    }
    pki
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However it is broken, it is healed, and then nothing is left to do. A CA that can issue stays.
    #[test]
    fn every_plan_leads_to_nothing_left_to_do(chosen in prop::collection::vec(0..breakages().len(), 0..5)) {
        let mut pki = broken(&chosen);
        let before = pki.examined();
        let ca = |pki: &Pki| pki.authority.as_ref().map(|values| values.get("ca.crt").cloned());
        let kept = ca(&pki);
        heal(&mut pki, Wish::default());
        prop_assert_eq!(steps(&pki, Wish::default()), Ok(vec![]));
        prop_assert_eq!(pki.examined().phase, Phase::Steady);
        prop_assert!(!before.can_issue() || ca(&pki) == kept);
        let after = pki.clone();
        heal(&mut pki, Wish::default());
        prop_assert_eq!(pki, after, "a valid state is never written");
    }

    /// A run that is killed after any of its steps is continued by the next one to the same end.
    #[test]
    fn a_killed_run_is_continued(
        chosen in prop::collection::vec(0..breakages().len(), 0..4),
        kills in prop::collection::vec(1_usize..4, 0..6),
        rotates in any::<bool>(),
    ) {
        let mut pki = broken(&chosen).served(false);
        let wish = if rotates { ROTATE_CA } else { Wish::default() };
        for count in kills {
            let examined = pki.examined();
            let wish = Wish { authority: wish.authority && examined.phase == Phase::Steady, ..wish };
            let steps = plan(&examined, wish).unwrap();
            for planned in this_round(&steps).iter().take(count) {
                pki.act(planned.step);
            }
        }
        heal(&mut pki, wish);
        prop_assert_eq!(steps(&pki, Wish::default()), Ok(vec![]));
        prop_assert_eq!(pki.examined().phase, Phase::Steady);
    }
}
