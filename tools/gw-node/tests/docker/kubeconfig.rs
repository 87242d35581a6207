//! The kubeconfig for this host.

use std::os::unix::fs::PermissionsExt;

use played_gateway::{PlayedGateway, skipped};

#[test]
fn the_kubeconfig_is_written_again_and_printed() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let missing = gateway.run_tool("gw-node", &["kubeconfig"]);
    assert_eq!((missing.code, missing.reason()), (1, "no_container"));
    gateway.created();
    assert_eq!(
        gateway.done_by("gw-node", &["kubeconfig"]).document["changed"],
        false
    );
    let file = gateway.folder().join("kubeconfig");
    let text = std::fs::read_to_string(&file).expect("a kubeconfig");
    std::fs::remove_file(&file).expect("a kubeconfig");
    assert_eq!(
        gateway.done_by("gw-node", &["kubeconfig"]).document["changed"],
        true
    );
    assert_eq!(std::fs::read_to_string(&file).expect("a kubeconfig"), text);

    let output = gateway
        .tool("gw-node", &["kubeconfig", "--file=-"])
        .output()
        .expect("the program");
    assert_eq!(String::from_utf8_lossy(&output.stdout), text);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = errors.lines().last().expect("a document");
    let document: serde_json::Value = serde_json::from_str(last).expect("the document is the last line");
    assert_eq!(document["gateway"], gateway.name.as_str());

    let elsewhere = gateway.folder().join("elsewhere");
    gateway.done_by(
        "gw-node",
        &["kubeconfig", "--file", &elsewhere.display().to_string()],
    );
    assert_eq!(
        std::fs::metadata(&elsewhere)
            .expect("a file")
            .permissions()
            .mode()
            & 0o777,
        0o600
    );

    let theirs = gateway.folder().join("theirs");
    std::fs::write(
        &theirs,
        "clusters:\n- name: other\n  cluster: {}\ncurrent-context: other\n",
    )
    .expect("room");
    let merge = ["kubeconfig", "--merge", &theirs.display().to_string()];
    assert_eq!(gateway.done_by("gw-node", &merge).document["changed"], true);
    assert_eq!(gateway.done_by("gw-node", &merge).document["changed"], false);
    let both = std::fs::read_to_string(&theirs).expect("a kubeconfig");
    assert!(
        both.contains("name: other")
            && both.contains(&gateway.resource())
            && both.contains("current-context: other"),
        "{both}"
    );
    std::fs::write(gateway.folder().join("theirs.lock"), "").expect("room");
    let locked = gateway.run_tool("gw-node", &merge);
    assert_eq!(
        (locked.code, locked.reason()),
        (75, "kubeconfig_locked"),
        "{}",
        locked.stderr
    );
}
