//! A CA changes while a client connects after every step.

use proptest::prelude::*;

use super::fixture::{Leaf, Pki, Values, ca};
use super::{changed, heal, heal_and_watch, steps};
use crate::certificate::Certificate;
use crate::certificate::chain::leads_to;
use crate::observe::serving::KUBELET_SYNC;
use crate::plan::{Wish, plan, this_round};
use crate::report::Phase;

/// What a running server holds: its certificate chain, and the CAs of clients.
#[derive(Default)]
struct Live {
    chain: Vec<Certificate>,
    client_ca: Vec<Certificate>,
}

fn read(values: &Option<Values>, key: &str) -> Vec<Certificate> {
    let value = values.as_ref().and_then(|values| values.get(key));
    value
        .and_then(|value| Certificate::read_all(value))
        .unwrap_or_default()
}

impl Live {
    fn read_server(&mut self, pki: &Pki) {
        self.chain = read(&pki.server, "tls.crt");
    }

    fn read_client_ca(&mut self, pki: &Pki) {
        self.client_ca = read(&pki.client_ca, "ca.crt");
    }

    fn takes_client_of(&self, pki: &Pki) -> bool {
        leads_to(&self.chain, &read(&pki.bundle, "ca.crt"))
            && leads_to(&read(&pki.bundle, "tls.crt"), &self.client_ca)
    }
}

/// Changes the CA while a client with the bundle on disk connects after every step. `reads`: a server that reads its files
/// again reads the server's Secret (bit 0) and the clients' CA (bit 1) after a step, in no order.
fn change_under_a_client(mut pki: Pki, wish: Wish, reads: Option<&[u8]>) -> Pki {
    pki = pki.served(reads.is_some());
    let mut live = Live::default();
    live.read_server(&pki);
    live.read_client_ca(&pki);
    assert!(live.takes_client_of(&pki));
    let (mut number, mut pods, mut clock) = (0, pki.serving.clone(), pki.clock);
    heal_and_watch(&mut pki, wish, |pki| {
        let is_restarted = pods != pki.serving;
        let is_synced = reads.is_some() && pki.clock - clock >= KUBELET_SYNC;
        let read = reads.map_or(0, |reads| reads[number % reads.len()]);
        if is_restarted || is_synced || read & 1 != 0 {
            live.read_server(pki);
        }
        if is_restarted || is_synced || read & 2 != 0 {
            live.read_client_ca(pki);
        }
        (pods, clock) = (pki.serving.clone(), pki.clock);
        number += 1;
        assert!(live.takes_client_of(pki), "after step {number}");
    });
    let examined = pki.examined();
    assert_eq!(
        (examined.phase, examined.client_ca.trusts_retiring),
        (Phase::Steady, false)
    );
    pki
}

pub const ROTATE_CA: Wish = Wish {
    authority: true,
    server: false,
    client: false,
};

#[test]
fn a_ca_changes_without_a_client_that_is_turned_away() {
    let before = Pki::sound();
    let after = change_under_a_client(before.clone(), ROTATE_CA, None);
    let kept = |pki: &Pki| pki.authority.as_ref().unwrap()["ca.crt"].clone();
    assert_ne!(kept(&before), kept(&after));
    for place in [&after.client_ca, &after.client, &after.bundle] {
        assert_eq!(
            place.as_ref().unwrap()["ca.crt"],
            kept(&after),
            "the old CA is trusted no more"
        );
    }
    assert!(after.authority.unwrap()["retiring.crt"].is_empty());

    // Made elsewhere, with a name that is missing: only a new CA can help.
    let fewer = Leaf {
        sans: vec!["localhost".into()],
        ..Leaf::server()
    };
    let foreign = Pki::with(&ca(-1, 3000), &fewer, &Leaf::client()).made_elsewhere();
    change_under_a_client(foreign, Wish::default(), None);
    // Somebody has put another CA with its key in.
    let replaced = changed(Pki::sound(), |pki| pki.authority = Pki::sound().authority);
    change_under_a_client(replaced, Wish::default(), None);
}

/// Without --restart the change stops where the server does not know the new CA yet, and says so.
#[test]
fn a_change_waits_for_a_server_that_must_restart() {
    let mut pki = Pki::sound().served(false);
    let mut wish = ROTATE_CA;
    for _ in 0..10 {
        let examined = pki.examined();
        wish.authority &= examined.phase == Phase::Steady;
        let planned = plan(&examined, wish).unwrap();
        for planned in this_round(&planned) {
            pki.act(planned.step);
        }
    }
    let examined = pki.examined();
    assert_eq!((examined.phase, examined.restart_needed), (Phase::Rolling, true));
    assert_eq!(steps(&pki, Wish::default()), Ok(vec![]));
    let leaf_before = pki.client.clone();
    pki = pki.served(false);
    heal(&mut pki, Wish::default());
    assert_eq!(pki.examined().phase, Phase::Steady);
    assert_ne!(pki.client, leaf_before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whenever a server that reads its files again gets to see which of them: no client is turned away.
    #[test]
    fn a_reloading_server_never_turns_a_client_away(reads in prop::collection::vec(0_u8..4, 1..12)) {
        change_under_a_client(Pki::sound(), ROTATE_CA, Some(&reads));
    }
}
