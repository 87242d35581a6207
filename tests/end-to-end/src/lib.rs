//! Tests of the driver on a real Docker: a gateway of its own for each test, removed when the test ends.

mod by_hand;
mod checkout;
mod doctor;
mod driver;
mod fresh_machine;
mod gateway;
mod lent_programs;
mod loop_disk;
mod node_parts;
mod own_docker;
mod people;
mod played;
mod sandboxes;
mod todays_chart;
mod until;

pub use by_hand::{ForeignCluster, image_values, run_by_hand};
pub use checkout::Checkout;
pub use doctor::Diagnosis;
pub use driver::{Ended, driver, fingerprint, own_image, repository, run_by, tool, typed};
pub use fresh_machine::FreshMachine;
pub use gateway::{TestGateway, docker, free_port, random_name};
pub use lent_programs::LentPrograms;
pub use node_parts::signal;
pub use own_docker::{OwnDocker, beside_docker};
pub use people::{Person, Sandbox};
pub use played::PlayedGateway;
pub use sandboxes::{Chart, Deployed, Fault, Moment, Tally, table};
pub use todays_chart::TodaysChart;
pub use until::until;

/// Must this test be left out? Says so, where it must.
pub fn skipped_without_docker() -> bool {
    let skipped = std::env::var_os("OPENSHELL_TEST_DOCKER").is_none();
    if skipped {
        println!("skipped: OPENSHELL_TEST_DOCKER is not set");
    }
    skipped
}
