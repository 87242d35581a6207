//! Docker behind ssh, as the docker command line reaches it.

use std::os::unix::fs::PermissionsExt;

use played_gateway::{ServedGateway, skipped};

#[test]
fn ssh_is_given_user_port_and_key_and_its_complaint_is_told() {
    if skipped() {
        return;
    }
    let mut gateway = ServedGateway::new();
    let image = gateway.build("");
    gateway.make(&["create"], &[], &image);
    let folder = tempfile::tempdir().expect("a folder");
    // What stands for ssh and the machine behind it: notes its arguments and runs the last ones here.
    let asked = folder.path().join("asked");
    let script = format!(
        "#!/bin/sh\necho \"$@\" >>{}\n[ \"$2\" = -o ] || exit 9\ncase \"$*\" in *nowhere*) echo 'no route to nowhere' >&2; exit 255;; esac\nexec docker system dial-stdio\n",
        asked.display()
    );
    let ssh = folder.path().join("ssh");
    std::fs::write(&ssh, script).expect("room");
    std::fs::set_permissions(&ssh, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let run = |host: &str| {
        let mut command = gateway.tool("gw-detect", &["--docker-host", host, "--ssh-key", "/k"]);
        command.env("PATH", &path);
        tool_document::run(command)
    };
    let found = run("ssh://me@far:2222");
    assert_eq!(
        (found.code, &found.document["state"]),
        (0, &"stopped".into()),
        "{}",
        found.stderr
    );
    assert_eq!(found.document["docker"]["host"], "ssh://me@far:2222");
    let asked = std::fs::read_to_string(&asked).expect("arguments");
    let first = asked.lines().next().expect("a line");
    assert!(
        first.ends_with("-l me -p 2222 -i /k -- far docker system dial-stdio"),
        "{first}"
    );
    let refused = run("ssh://nowhere");
    assert_eq!(
        (refused.code, refused.reason()),
        (69, "docker_unreachable"),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("no route to nowhere"),
        "{}",
        refused.stderr
    );
}
