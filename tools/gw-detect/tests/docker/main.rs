//! Every state that can be made on the real Docker, with an image of one small program in place of a cluster.
//! Runs where OPENSHELL_TEST_DOCKER=1 is set.

mod cost;
mod document;
mod faults;
mod hosts;
mod states;
