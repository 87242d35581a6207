//! Gateways on the real Docker, with an image of one small program in place of a cluster.
//! Runs where OPENSHELL_TEST_DOCKER=1 is set.

mod adoption;
mod datastores;
mod dry_runs;
mod failures;
mod faults;
mod kills;
mod life;
mod networks;
mod podman;
mod pulls;
mod remote;
mod settings;
