//! Destroying and making again: only with consent, with a backup first, and with the same settings.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use end_to_end::{Ended, Person, TestGateway, docker, fingerprint, skipped_without_docker};

/// A run of the driver whose state folder is the gateway's own.
fn run(gateway: &TestGateway, verb: &str, flags: &[&str]) -> Ended {
    let mut command = gateway.command(verb, flags);
    command.env("XDG_STATE_HOME", gateway.config());
    Ended::of(command)
}

fn backups(gateway: &TestGateway) -> Vec<PathBuf> {
    std::fs::read_dir(gateway.config().join("openshell/backups")).map_or_else(
        |_| Vec::new(),
        |folder| folder.map(|file| file.expect("a file").path()).collect(),
    )
}

#[test]
fn a_gateway_is_recreated_with_its_settings_and_the_backup_brings_the_old_one_back() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let port = gateway.port.to_string();
    let first = run(
        &gateway,
        "start",
        &["--port", &port, "--tls-san", "kept.example", "--json"],
    )
    .well()
    .document();
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("kept");
    person.says(&sandbox, "a line of the old gateway");
    let before = gateway.container();

    // Nobody is asked off a terminal, a bad answer is a no, and a plan is only a plan.
    let refused = run(&gateway, "recreate", &[]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("add --yes"), "{}", refused.stderr);
    let asked = answered(&gateway, "recreate", "yes");
    assert_eq!(asked.code, 1, "{}", asked.stdout);
    assert!(asked.stdout.contains("nothing was done"), "{}", asked.stdout);
    let planned = run(&gateway, "start", &["--recreate", "--dry-run"]).well();
    for said in ["back it up to", "delete volume", "create gateway"] {
        assert!(planned.stderr.contains(said), "{said}: {}", planned.stderr);
    }
    assert_eq!(gateway.container(), before);
    assert_eq!(backups(&gateway), Vec::<PathBuf>::new());

    let recreated = run(&gateway, "recreate", &["--yes", "--json"]).well().document();
    assert_ne!(fingerprint(&recreated), fingerprint(&first));
    let status = gateway.status();
    assert_eq!(status["endpoint"], format!("https://127.0.0.1:{port}"));
    assert_eq!(status["spec"]["tls_sans"], serde_json::json!(["kept.example"]));
    assert_eq!(Person::of(&gateway).status_of_connect(&sandbox), 404);

    let [backup] = &backups(&gateway)[..] else {
        panic!("one backup: {:?}", backups(&gateway));
    };
    let mode = std::fs::metadata(backup)
        .expect("the backup")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    run(
        &gateway,
        "restore",
        &[backup.to_str().expect("plain text"), "--yes"],
    )
    .well();
    assert_eq!(person.reads(&sandbox), ["a line of the old gateway"]);

    // Without a backup only where that is said.
    run(&gateway, "start", &["--recreate", "--yes", "--no-backup"]).well();
    assert_eq!(backups(&gateway).len(), 1);
    assert_eq!(Person::of(&gateway).status_of_connect(&sandbox), 404);
}

/// A volume that no image of ours may open: a start fails, and keeps it.
#[test]
fn a_start_that_fails_keeps_everything_unless_recreating_was_agreed_to() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    let mark = "mkdir -p /var/lib/rancher/k3s/server/db/etcd/member && rm -rf /var/lib/rancher/k3s/server/db/openshell-etcd /var/lib/rancher/k3s/openshell-gateway.json";
    gateway.shell(mark);
    docker(&["rm", "--force", &gateway.resource()]);

    let kept = run(&gateway, "start", &["--json"]);
    assert_eq!(kept.code, 78, "{}", kept.stderr);
    assert_eq!(kept.document()["error"]["reason"], "volume_image_mismatch");
    assert_eq!(gateway.status()["state"], "volume_only");
    assert_eq!(backups(&gateway), Vec::<PathBuf>::new());

    let recreated = run(&gateway, "start", &["--on-failure=recreate"]).well();
    assert!(
        recreated.stderr.contains("warning: step container failed"),
        "{}",
        recreated.stderr
    );
    assert_eq!(backups(&gateway).len(), 1);
    assert_eq!(gateway.status()["state"], "serving");
    assert_eq!(
        gateway.status()["endpoint"],
        format!("https://127.0.0.1:{}", gateway.port)
    );
}

/// A run on a terminal on which somebody types an answer. Both streams are in `stdout`.
fn answered(gateway: &TestGateway, verb: &str, answer: &str) -> Ended {
    let words = gateway.command(verb, &[]);
    let line = std::iter::once(words.get_program())
        .chain(words.get_args())
        .map(|word| word.to_str().expect("plain text"))
        .collect::<Vec<_>>()
        .join(" ");
    let mut shell = Command::new("sh");
    shell
        .args([
            "-c",
            "echo \"$1\" | script --quiet --return --command \"$2\" /dev/null",
            "sh",
            answer,
            &line,
        ])
        .env("XDG_CONFIG_HOME", gateway.config())
        .env("XDG_STATE_HOME", gateway.config());
    Ended::of(shell)
}
