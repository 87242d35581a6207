//! The support bundle.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use end_to_end::Ended;

use crate::TOKEN;
use crate::scene::Scene;

/// Everything that helps is in it, and nothing that opens a door.
pub fn has_no_secrets(scene: &Scene) {
    let gateway = &scene.gateway;
    let file = scene.kept.path().join("bundle.tar");
    let path = file.display().to_string();
    gateway.run("doctor", &["--bundle", &path]).well();
    assert_eq!(
        fs::metadata(&file).expect("the bundle").permissions().mode() & 0o777,
        0o600
    );
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--file", &path, "--to-stdout"]);
    let content = Ended::of(tar).well().stdout;
    let mut list = Command::new("tar");
    list.args(["--list", "--file", &path]);
    let names = Ended::of(list).well().stdout;
    for name in [
        "doctor.json",
        "findings.txt",
        "container.log",
        "server.log",
        "rollout.stderr.txt",
    ] {
        assert!(
            names.contains(&format!("openshell-doctor-{}/{name}", gateway.name)),
            "{names}"
        );
    }
    for expected in [
        "nothing is wrong",
        "\"findings\": []",
        "\"node_time\"",
        "\"gw-pki\"",
    ] {
        assert!(content.contains(expected), "'{expected}' is not in the bundle");
    }
    // The gateway server's own log is there, too.
    let mut of_server = Command::new("tar");
    let member = format!("openshell-doctor-{}/server.log", gateway.name);
    of_server.args(["--extract", "--file", &path, "--to-stdout", &member]);
    assert!(
        !Ended::of(of_server).well().stdout.trim().is_empty(),
        "no log of the server"
    );

    let secret = |name: &str, key: &str| {
        let template = format!("{{{{index .data \"{key}\"}}}}");
        scene.inside(&format!(
            "kubectl -n openshell get secret {name} -o go-template='{template}' | base64 -d"
        ))
    };
    let handshake = secret("openshell-ssh-handshake", "secret");
    let key = fs::read_to_string(gateway.folder().join("mtls/tls.key")).expect("the client's key");
    let of_server = secret("openshell-server-tls", "tls.key");
    let lines = |text: &str| -> Vec<String> {
        let inner = text.lines().filter(|line| !line.starts_with("-----"));
        inner.map(str::to_owned).collect()
    };
    let hidden = [vec![handshake, TOKEN.to_owned()], lines(&key), lines(&of_server)].concat();
    assert!(
        hidden.len() > 4 && hidden.iter().all(|text| text.len() > 8),
        "{}",
        hidden.len()
    );
    for text in hidden {
        assert!(!content.contains(&text), "a secret is in the bundle");
    }

    // To standard output, the document then being the last line of standard error.
    let mut piped = gateway.command("doctor", &["--bundle", "-"]);
    let output = piped.output().expect("the driver");
    assert!(output.stdout.len() > 512 && output.status.success());
}
