//! The tool on the shared cluster (OPENSHELL_TEST_KUBECONFIG), beside nodes that exist as objects only.

mod faults;
mod left_alone;
mod scale;
mod stage;
