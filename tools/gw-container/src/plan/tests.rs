mod model;
mod situations;
mod table;

use super::*;
use gateway_facts::{Confinement, Neighbour, Volume};
use situations::*;
use std::net::Ipv4Addr;

#[test]
fn an_api_port_that_was_taken_meanwhile_is_chosen_again() {
    let facts = facts(Some(container(Status::Exited, "net")), true, &["net"]);
    let ports = Ports {
        api_kept: false,
        ..free()
    };
    let plan = planned(&facts, &wanted(8080, "i", false), Some(&image("i")), &ports).unwrap();
    assert!(makes_container(&plan));
    assert_eq!(plan.spec.api_port, Some(16500));
    assert_eq!(plan.image_reference, "sha256:i", "from the container's own image");
}

#[test]
fn of_several_networks_the_one_in_use_is_addressed_by_its_id() {
    let facts = facts(Some(container(Status::Exited, "b")), true, &["a", "b"]);
    let plan = planned(&facts, &wanted(9000, "i", false), Some(&image("i")), &free()).unwrap();
    assert_eq!(plan.network.unwrap().reference, "b");
}

/// On a network that gives the gateway's address to whoever asks, the container takes what it gets.
#[test]
fn an_address_is_fixed_only_on_a_network_that_keeps_it() {
    let keeps = facts(None, true, &["a"]);
    let mut gives = keeps.clone();
    gives.networks[0].range = None;
    let pinned = |facts: &Facts| {
        let plan = planned(facts, &wanted(8080, "i", false), Some(&image("i")), &free()).unwrap();
        plan.network.unwrap().pinned
    };
    assert_eq!(pinned(&keeps), Some(Ipv4Addr::new(10, 87, 1, 2)));
    assert_eq!(pinned(&gives), None);
}
