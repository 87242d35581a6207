//! Verbs that look at a gateway or bring it back, as a user types them.

use std::process::Command;

use cluster_fixture::time_side_by_side;
use end_to_end::{Ended, Person, TestGateway, docker, skipped_without_docker, typed};
use serde_json::Value;

/// What a run prints where a person reads it.
fn on_a_terminal(gateway: &TestGateway, words: &str) -> String {
    let own = gateway.driver(&[]);
    let command = format!(
        "{} {words} --gateway {}",
        own.get_program().display(),
        gateway.name
    );
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &command, "/dev/null"]);
    let variables = own.get_envs().filter_map(|(name, value)| Some((name, value?)));
    script.envs(variables).env_remove("NO_COLOR");
    Ended::of(script).well().stdout
}

#[test]
fn there_is_nothing_to_resume_where_there_is_nothing() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    for verb in ["resume", "restart"] {
        let ended = gateway.run(verb, &["--json"]);
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        assert_eq!(ended.document()["error"]["reason"], "no_state");
        assert!(
            ended.stderr.contains(&format!("next: {} start", typed())),
            "{}",
            ended.stderr
        );
    }
    for verb in ["env", "logs"] {
        assert_eq!(gateway.run(verb, &[]).code, 1, "{verb}");
    }
}

#[test]
fn a_gateway_is_listed_used_read_and_restarted() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("read");
    person.says(&sandbox, "a line to keep");

    let listed = Ended::of(gateway.driver(&["list"])).well().stdout;
    let line = listed
        .lines()
        .find(|line| line.contains(&gateway.name))
        .expect("the gateway's line");
    assert!(line.starts_with("* "), "it is not the active one: {line}");
    assert!(line.contains("serving"), "{line}");
    assert!(
        line.contains(&format!("https://127.0.0.1:{}", gateway.port)),
        "{line}"
    );

    // What `env` prints is for eval, and what `kubeconfig` prints is a kubeconfig: both reach the cluster.
    let exports = gateway.run("env", &[]).well().stdout;
    assert!(
        exports.contains(&format!("export OPENSHELL_GATEWAY={}\n", gateway.name)),
        "{exports}"
    );
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &format!("{exports}\ntest -s \"$KUBECONFIG\"")]);
    Ended::of(shell).well();
    let printed = gateway.run("kubeconfig", &[]).well().stdout;
    assert_eq!(
        printed,
        std::fs::read_to_string(gateway.folder().join("kubeconfig")).expect("the gateway's own")
    );

    let log = gateway.run("logs", &[]).well();
    assert!(
        log.stderr.contains("cluster-node: node "),
        "{}{}",
        log.stdout,
        log.stderr
    );
    let server = gateway.run("logs", &["gateway", "--since", "1h"]).well().stdout;
    assert!(server.contains("listening"), "{server}");
    gateway.run("logs", &["sandbox", "read"]).well();
    assert_eq!(gateway.run("logs", &["sandbox", "no-such-sandbox"]).code, 1);

    let status = gateway.run("status", &[]).well().stdout;
    for said in [
        "state         serving",
        "server-tls 364 days",
        "secret        hmac-sha256:",
        "sandboxes     1 sandbox: 1 ready",
        "  read        Ready, ",
        ", pod read, PVC workspace-read",
    ] {
        assert!(status.contains(said), "{said}: {status}");
    }
    assert!(
        !status.contains('\u{1b}'),
        "colours where no terminal reads: {status}"
    );
    let on_terminal = on_a_terminal(&gateway, "status");
    assert!(
        on_terminal.contains("state         \u{1b}[32mserving\u{1b}[0m"),
        "{on_terminal:?}"
    );
    let on_terminal = on_a_terminal(&gateway, "status --no-color");
    assert!(!on_terminal.contains('\u{1b}'), "{on_terminal:?}");
    let status = gateway.status();
    assert_eq!(status["certificates"]["tool"], "gw-pki");
    assert_eq!(status["secret"]["tool"], "gw-sshsecret");

    // One gw-detect and nothing else: a jq more, or a second look, would be as much again.
    let resource = gateway.resource();
    let ratio = time_side_by_side(
        "start on a serving gateway, docker inspect beside it",
        || gateway.command("start", &["--quiet"]),
        || {
            let mut inspect = std::process::Command::new("docker");
            inspect.args(["inspect", &resource]);
            inspect
        },
    );
    assert!(ratio < 1.6, "{ratio}");

    let before = gateway.container();
    let resumed = gateway.run("resume", &["--json"]).well().document();
    assert_eq!(resumed["state_before"], "serving");
    assert_eq!(gateway.container(), before);

    let restarted = gateway.run("restart", &["--json"]).well().document();
    assert_eq!(restarted["changed"], true);
    assert_ne!(gateway.container(), before);
    assert_eq!(gateway.container().split(' ').next(), before.split(' ').next());
    assert_eq!(person.reads(&sandbox), ["a line to keep"]);

    docker(&["stop", "--time", "30", &gateway.resource()]);
    let resumed = gateway.run("resume", &["--json"]).well().document();
    assert_eq!(resumed["state_before"], "stopped");
    assert_eq!(person.reads(&sandbox), ["a line to keep"]);
}

/// What a run of the driver says of sandboxes: the document of its last look.
fn sandboxes_of(run: &Value) -> &Value {
    let steps = run["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["name"] == "sandboxes");
    &step.unwrap_or_else(|| panic!("no look at sandboxes: {run:#}"))["document"]
}

#[test]
fn a_start_tells_which_sandboxes_came_back_and_waits_for_them_if_asked() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    let person = Person::of(&gateway);
    for name in ["first", "second", "asleep"] {
        person.says(&person.make_sandbox(name), "a line");
    }
    person.suspends("asleep");
    let all = "3 sandboxes: 2 ready, 1 suspended";
    let status = gateway.status();
    assert_eq!(status["sandboxes"]["summary"], all);
    let listed = Ended::of(gateway.driver(&["list"])).well().stdout;
    assert!(listed.contains(" 2 ready, 1 suspended "), "{listed}");
    let table = gateway.run("status", &[]).well().stdout;
    assert!(table.contains(&format!("sandboxes     {all}\n")), "{table}");
    assert!(table.contains("  asleep      Stopped, "), "{table}");

    // It serves: one look at Docker and nothing else.
    let again = gateway.start(&["--verbose"]).well();
    assert!(!again.stderr.contains("sandboxes"), "{}", again.stderr);
    let refused = gateway.start(&["--wait-sandboxes", "soon"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);

    gateway.run("stop", &[]).well();
    let resumed = gateway
        .start(&["--json", "--verbose", "--wait-sandboxes", "3m"])
        .well();
    // What was ready before the stop does not count.
    let look = resumed
        .stderr
        .lines()
        .find(|line| line.starts_with("+ gw-wait sandboxes "));
    assert!(
        look.is_some_and(|look| look.contains(" --since ")),
        "{}",
        resumed.stderr
    );
    assert!(
        resumed.stderr.contains(&format!("sandboxes     {all} ")),
        "{}",
        resumed.stderr
    );
    let resumed = resumed.document();
    assert_eq!(resumed["warnings"], Value::Array(Vec::new()));
    let seen = &sandboxes_of(&resumed)["sandboxes"];
    assert_eq!(seen["summary"], all);
    assert_eq!(seen["list"][0]["name"], "asleep");
    assert_eq!(seen["list"][0]["phase"], "Stopped");
    assert_eq!(seen["list"][1]["pvc"], "workspace-first");

    // One whose image is not there does not come back.
    let image =
        r#"[{"op":"replace","path":"/spec/podTemplate/spec/containers/0/image","value":"openshell/none:1"}]"#;
    let kind = "sandboxes.agents.x-k8s.io";
    gateway.kubectl(&[
        "-n",
        "openshell",
        "patch",
        kind,
        "second",
        "--type=json",
        "-p",
        image,
    ]);
    gateway.kubectl(&[
        "-n",
        "openshell",
        "delete",
        "pod",
        "second",
        "--grace-period=0",
        "--force",
    ]);
    let failed = gateway.start(&["--json", "--wait-sandboxes", "10s"]);
    assert_eq!(failed.code, 124, "{}", failed.stderr);
    let failed = failed.document();
    assert_eq!(failed["error"]["reason"], "sandboxes_not_ready");
    let message = failed["error"]["message"].as_str().expect("a message");
    assert!(
        message.starts_with("1 of 3 sandboxes did not become ready"),
        "{message}"
    );
    assert!(
        message.contains("second is ") && message.contains("pod second is Pending"),
        "{message}"
    );
    let hint = failed["error"]["hint"].as_str().expect("a hint");
    assert!(
        hint.starts_with(&format!("{} status --gateway {}", typed(), gateway.name)),
        "{hint}"
    );

    // Nobody waits: what is seen is told, and fails no run. Neither does what cannot be seen: sandboxes whose version nobody converts.
    let restarted = gateway.run("restart", &["--json"]).well();
    let document = restarted.document();
    let seen = &sandboxes_of(&document)["sandboxes"]["list"][2];
    assert_eq!((&seen["name"], &seen["ready"]), (&"second".into(), &false.into()));
    assert!(
        restarted.stderr.contains("sandbox second is "),
        "{}",
        restarted.stderr
    );
    let none = r#"[{"op":"replace","path":"/spec/versions/0/served","value":false},{"op":"replace","path":"/spec/conversion",
        "value":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v1"],
                 "clientConfig":{"service":{"namespace":"openshell","name":"none"}}}}}]"#;
    gateway.kubectl(&["patch", "crd", kind, "--type=json", "-p", none]);
    let restarted = gateway.run("restart", &["--json"]).well();
    assert!(
        restarted
            .stderr
            .contains("warning: which sandboxes came back is not known"),
        "{}",
        restarted.stderr
    );
    assert_eq!(restarted.document()["warnings"][0]["reason"], "api_error");
    assert_eq!(gateway.status()["sandboxes"], Value::Null);
}

#[test]
fn a_backup_brings_back_what_was_destroyed_also_under_another_name() {
    if skipped_without_docker() {
        return;
    }
    let (gateway, another) = (TestGateway::started(), TestGateway::unmade());
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("kept");
    person.says(&sandbox, "a line to keep");
    let file = gateway.config().join("backup");
    let file = file.to_str().expect("plain text");
    gateway.run("backup", &[file]).well();
    assert_eq!(
        gateway.status()["state"],
        "serving",
        "it serves on after the backup"
    );

    // Nobody is asked off a terminal, and nothing is replaced without a yes.
    let refused = gateway.run("restore", &[file]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert_eq!(person.reads(&sandbox), ["a line to keep"]);

    gateway.run("destroy", &["--yes"]).well();
    gateway.run("restore", &[file]).well();
    assert_eq!(person.reads(&sandbox), ["a line to keep"]);
    let new = person.make_sandbox("new");
    person.says(&new, "a line of another");

    another
        .run("restore", &[file, "--port", &another.port.to_string()])
        .well();
    assert_eq!(Person::of(&another).reads(&sandbox), ["a line to keep"]);
}

#[test]
fn another_gateway_becomes_the_active_one_only_where_it_exists() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let (there, absent) = (TestGateway::unmade(), TestGateway::unmade());
    docker(&["volume", "create", &there.resource()]);
    let used = |name: &str| Ended::of(gateway.driver(&["use", name]));
    assert_eq!(used(&absent.name).code, 1);
    used(&there.name).well();
    let status = Ended::of(gateway.driver(&["status", "--json"])).well().document();
    assert_eq!(status["gateway"], there.name);
    assert_eq!(status["state"], "volume_only");
}
