//! Nodes on the real Docker, each one small program in place of a cluster.
//! Runs if OPENSHELL_TEST_DOCKER=1 is set.

mod diagnosis;
mod foreign;
mod kubeconfig;
mod remote;
