//! The tool on gateways of its own, whose containers it replaces. Needs OPENSHELL_TEST_DOCKER.

mod holder;
mod renamed;
