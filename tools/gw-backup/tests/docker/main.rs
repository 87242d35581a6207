//! Gateways on the real Docker, with an image of one small program in place of a cluster.
//! Runs if OPENSHELL_TEST_DOCKER=1 is set.

mod backups;
mod interrupted;
mod remote;
mod workspaces;
