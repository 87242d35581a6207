//! Docker is restarted, in order and by force, and so is the container: the gateway serves again with what it had.

use std::time::Instant;

use end_to_end::{OwnDocker, Person, Sandbox, TestGateway, beside_docker, own_image, skipped_without_docker};
use rustix::process::{Pid, Signal, kill_process};

/// What must outlive everything.
struct Kept<'a> {
    gateway: &'a TestGateway,
    person: &'a Person,
    sandbox: &'a Sandbox,
    identity: String,
    address: String,
}

/// Container, published port and secret. The secret is compared, and never printed.
fn identity(gateway: &TestGateway) -> String {
    let shown = gateway.docker(&[
        "inspect",
        "--format",
        "{{.Id}} {{json .HostConfig.PortBindings}}",
        &gateway.resource(),
    ]);
    let secret = gateway.kubectl(&[
        "--namespace",
        "openshell",
        "get",
        "secret",
        "openshell-ssh-handshake",
        "--output",
        "jsonpath={.data.secret}",
    ]);
    assert!(secret.len() > 64);
    format!("{shown} {secret}")
}

fn address(gateway: &TestGateway) -> String {
    let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    gateway.docker(&["inspect", "--format", format, &gateway.resource()])
}

impl Kept<'_> {
    /// Waits for a gateway that serves, with no tool that would change anything, then reaches the sandbox by a new handshake.
    fn serves_again(&self, after: &str, since: Instant) {
        self.gateway.comes_to_serve();
        println!("{after}: served after {:.1} s", since.elapsed().as_secs_f64());
        self.is_all_there(after);
    }

    fn is_all_there(&self, after: &str) {
        assert_eq!(self.person.reads(self.sandbox), ["a line from before"], "{after}");
        assert!(
            identity(self.gateway) == self.identity,
            "{after}: container, port or secret differ"
        );
        assert_eq!(address(self.gateway), self.address, "{after}");
    }
}

#[test]
fn the_gateway_serves_again_with_its_secret_port_and_sandbox() {
    if skipped_without_docker() {
        return;
    }
    beside_docker(restarts);
}

fn restarts() {
    let mut docker = OwnDocker::started();
    let image = own_image();
    docker.load(&image);
    let mut gateway = TestGateway::unmade();
    gateway
        .variables
        .push(("DOCKER_HOST".into(), docker.host().into()));
    gateway.start(&["--port", &gateway.port.to_string()]).well();
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("kept");
    person.says(&sandbox, "a line from before");
    let kept = Kept {
        identity: identity(&gateway),
        address: address(&gateway),
        gateway: &gateway,
        person: &person,
        sandbox: &sandbox,
    };
    // They start with the daemon, on the gateway's network, and need far less time than the gateway does to stop.
    for guest in ["one", "two", "three"] {
        gateway.docker(&[
            "run",
            "--detach",
            "--restart",
            "always",
            "--network",
            &gateway.resource(),
            "--name",
            guest,
            "--entrypoint",
            "sleep",
            &image,
            "infinity",
        ]);
    }

    let since = Instant::now();
    docker.end(Signal::TERM);
    docker.start();
    kept.serves_again("an orderly restart of Docker", since);

    let init = gateway.docker(&["inspect", "--format", "{{.State.Pid}}", &gateway.resource()]);
    let init = init.parse().ok().and_then(Pid::from_raw).expect("a process");
    let since = Instant::now();
    kill_process(init, Signal::KILL).expect("it runs");
    kept.serves_again("kill -9 of the container's init", since);

    let since = Instant::now();
    docker.end(Signal::KILL);
    docker.start();
    // Whether Docker starts the container again by itself differs from version to version; when it answers, it has decided.
    if gateway.status()["state"] == "stopped" {
        println!("kill -9 of Docker: it leaves the container stopped");
        gateway.start(&[]).well();
    }
    kept.serves_again("kill -9 of Docker", since);
}
