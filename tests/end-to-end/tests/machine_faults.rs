//! The machine loses its power at a random moment, or Docker ends: sandboxes answer afterwards with what their disks have.

use std::cell::RefCell;

use end_to_end::{
    Chart, Deployed, Moment, OwnDocker, Tally, TestGateway, beside_docker, own_image, skipped_without_docker,
    table,
};
use rustix::process::Signal;

/// Room for the cluster image and the volume, in bytes.
const DISK: u64 = 8 << 30;

/// What happens to the machine's Docker.
#[derive(Clone, Copy)]
enum Fault {
    PowerLoss,
    /// An orderly restart, with no tool around.
    Restart,
    /// SIGKILL, then one `openshell start`.
    Kill,
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::PowerLoss => "power loss",
            Self::Restart => "Docker restarted",
            Self::Kill => "Docker killed",
        }
    }

    fn strike(self, docker: &RefCell<OwnDocker>, deployed: &Deployed) {
        let mut docker = docker.borrow_mut();
        match self {
            Self::PowerLoss => {
                docker.loses_power();
                deployed.gateway.start(&[]).well();
            }
            Self::Restart => {
                docker.end(Signal::TERM);
                docker.start();
            }
            Self::Kill => {
                docker.end(Signal::KILL);
                docker.start();
                deployed.gateway.start(&[]).well();
            }
        }
    }

    fn tries(self, all: bool) -> usize {
        match (self, all) {
            (_, false) => 1,
            (Self::Restart, true) => 3,
            (_, true) => 20,
        }
    }
}

#[test]
fn sandboxes_live_through_what_ends_docker_and_the_machine() {
    if skipped_without_docker() {
        return;
    }
    if !std::path::Path::new("/dev/loop-control").exists() {
        println!("skipped: this machine mounts no file as a disk");
        return;
    }
    let all = std::env::var_os("OPENSHELL_TEST_ALL").is_some();
    let charts: &[Chart] = if all {
        &[Chart::BuiltIn, Chart::Today, Chart::First]
    } else {
        &[Chart::Today]
    };
    let mut tallies = Vec::new();
    for &chart in charts {
        let tried = beside_docker(move || on_own_docker(chart, all));
        tallies.extend(tried.into_iter().flatten());
    }
    let lost: usize = tallies.iter().map(|tally| tally.lost.len()).sum();
    assert_eq!(lost, 0, "\n{}", table(&tallies));
}

fn on_own_docker(chart: Chart, all: bool) -> Vec<Tally> {
    let docker = RefCell::new(OwnDocker::on_a_disk(DISK));
    docker.borrow().load(&own_image());
    let mut gateway = TestGateway::unmade();
    let host = docker.borrow().host();
    gateway.variables.push(("DOCKER_HOST".into(), host.into()));
    let mut deployed = Deployed::on(gateway, chart);
    let mut tallies = Vec::new();
    for fault in [Fault::PowerLoss, Fault::Kill, Fault::Restart] {
        let mut tally = Tally::new(fault.name(), &deployed);
        for index in 0..fault.tries(all) {
            let moment = [Moment::Creating, Moment::Settled, Moment::ComingUp][index % 3];
            tally.attempt(
                &mut deployed,
                moment,
                |_| (),
                |deployed, ()| fault.strike(&docker, deployed),
            );
        }
        tallies.push(tally);
        println!("{}", table(&tallies));
    }
    tallies
}
