//! What a gateway keeps: sandboxes, files, the handshake secret, through stops, starts and lost containers.

use end_to_end::{Ended, Person, TestGateway, docker, fingerprint, skipped_without_docker};
use serde_json::Value;

#[test]
fn a_gateway_is_made_found_stopped_started_and_made_again_on_its_volume() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let first = gateway
        .start(&["--port", &gateway.port.to_string(), "--json"])
        .well()
        .document();
    assert_eq!(first["state_before"], "absent");
    assert_eq!(gateway.status()["state"], "serving");
    let secret = fingerprint(&first);

    // Start again: nothing is done, and nothing is written.
    let before = gateway.container();
    let again = gateway.start(&["--json"]).well().document();
    assert_eq!(again["state_before"], "serving");
    assert_eq!(again["changed"], false);
    assert_eq!(again["steps"], Value::Array(Vec::new()));
    assert_eq!(gateway.container(), before);

    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("kept");
    person.says(&sandbox, "a line from before");

    // Stop and start: the same container, the sandbox with its file, a new handshake with it, and a new sandbox.
    gateway.run("stop", &[]).well();
    assert_eq!(gateway.status()["state"], "stopped");
    let resumed = gateway.start(&["--json"]).well().document();
    assert_eq!(resumed["state_before"], "stopped");
    assert_eq!(fingerprint(&resumed), secret);
    assert_eq!(gateway.container().split(' ').next(), before.split(' ').next());
    assert_eq!(person.reads(&sandbox), ["a line from before"]);
    let another = person.make_sandbox("after-stop");
    person.says(&another, "a line of another");

    // What k3s keeps of a node's password is of its container: another start leaves it, another container does not.
    let node = gateway.status()["container"]["node_name"].clone();
    let password = format!("{}.node-password.k3s", node.as_str().expect("a name"));
    gateway.kubectl(&["-n", "kube-system", "create", "secret", "generic", &password]);
    gateway.run("restart", &[]).well();
    let passwords = || gateway.kubectl(&["-n", "kube-system", "get", "secrets", "-o", "name"]);
    assert!(passwords().contains(&password));

    // The container is gone, the volume is there: the same again, under the same node name.
    docker(&["rm", "--force", &gateway.resource()]);
    assert_eq!(gateway.status()["state"], "volume_only");
    let recreated = gateway.start(&["--json"]).well().document();
    assert_eq!(recreated["state_before"], "volume_only");
    assert_eq!(fingerprint(&recreated), secret);
    assert_eq!(gateway.status()["container"]["node_name"], node);
    assert!(!passwords().contains(&password));
    assert_eq!(
        gateway.status()["endpoint"],
        format!("https://127.0.0.1:{}", gateway.port)
    );
    assert_eq!(person.reads(&sandbox), ["a line from before"]);
    assert_eq!(person.reads(&another), ["a line of another"]);
    let last = person.make_sandbox("after-loss");
    person.says(&last, "a last line");

    // Docker itself starts it again, and no tool runs: it comes back to serving.
    docker(&["restart", "--time", "30", &gateway.resource()]);
    gateway.comes_to_serve();
    assert_eq!(person.reads(&sandbox), ["a line from before"]);

    gateway.run("destroy", &["--yes"]).well();
    assert_eq!(gateway.status()["state"], "absent");
    assert!(!gateway.folder().exists(), "client files are left");
}

/// The negative control of the handshake: with a secret that was made anew by hand, the old sandbox refuses the gateway.
#[test]
fn a_secret_that_was_made_anew_by_hand_breaks_the_handshake() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("before");
    person.says(&sandbox, "heard");
    let token = gateway.config().join("token");
    std::fs::write(&token, sandbox.token()).expect("a file");
    let address = format!("127.0.0.1:{}", gateway.port);
    let handshake = || {
        let words = [
            "sandbox",
            "--gateway",
            &gateway.name,
            "--address",
            &address,
            "--id",
            sandbox.id(),
        ];
        let mut command = gateway.tool("gw-wait", &words);
        command.args(["--handshake", "--token-file"]).arg(&token);
        Ended::of(command)
    };
    handshake().well();

    let other = format!("--from-literal=secret={}", "0123456789abcdef".repeat(4));
    gateway.kubectl(&["-n", "openshell", "delete", "secret", "openshell-ssh-handshake"]);
    gateway.kubectl(&[
        "-n",
        "openshell",
        "create",
        "secret",
        "generic",
        "openshell-ssh-handshake",
        &other,
    ]);
    gateway.kubectl(&["-n", "openshell", "delete", "pod", "openshell-0"]);
    gateway.comes_to_serve();
    assert_eq!(person.status_of_connect(&sandbox), 502);
    let refused = handshake();
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert_eq!(refused.document()["error"]["reason"], "sandbox_unreachable");
}

/// The negative control of the file: without its volume, the sandbox does not come back.
#[test]
fn a_volume_that_was_removed_takes_the_sandbox_with_it() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("lost");
    person.says(&sandbox, "lost, too");

    docker(&["rm", "--force", &gateway.resource()]);
    docker(&["volume", "rm", &gateway.resource()]);
    let port = gateway.port.to_string();
    let refused = gateway.start(&["--port", &port, "--json"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert_eq!(refused.document()["error"]["reason"], "volume_missing");
    assert!(refused.stderr.contains("--yes"), "{}", refused.stderr);
    let status = gateway.run("status", &[]).well().stdout;
    assert!(status.contains("clients of this host know it"), "{status}");

    let made = gateway
        .start(&["--port", &port, "--json", "--yes"])
        .well()
        .document();
    assert_eq!(made["state_before"], "absent");
    assert_eq!(Person::of(&gateway).status_of_connect(&sandbox), 404);

    docker(&["rm", "--force", &gateway.resource()]);
    docker(&["volume", "rm", &gateway.resource()]);
    gateway.run("destroy", &["--yes"]).well();
    assert!(!gateway.folder().exists(), "what is left of it goes, too");
}
