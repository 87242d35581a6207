//! The real program on the real Docker, with an image of one small program in place of a cluster.
//! Runs where OPENSHELL_TEST_DOCKER=1 is set.

mod adoption;
mod failures;
mod life;
mod played_gateway;
