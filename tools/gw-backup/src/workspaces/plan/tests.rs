use super::*;

#[test]
fn a_folders_name_tells_claim_and_sandbox() {
    let shown = |folder: &str| {
        workspace(folder).map(|it| format!("{} {} {:?}", it.namespace, it.claim, it.sandbox.as_deref()))
    };
    let of_sandbox = shown("pvc-1c5f_openshell_workspace-alpha");
    assert_eq!(
        of_sandbox.as_deref(),
        Some("openshell workspace-alpha Some(\"alpha\")")
    );
    let of_server = shown("pvc-1c5f_openshell_openshell-data-openshell-0");
    assert_eq!(
        of_server.as_deref(),
        Some("openshell openshell-data-openshell-0 None")
    );
    for other in [
        "",
        "lost+found",
        "pvc-1",
        "pvc-1_a",
        "pvc-1_a_",
        "pvc-1__b",
        "x_a_b",
        "pvc-1_a_b_c",
    ] {
        assert_eq!(shown(other), None, "{other}");
    }
}

#[test]
fn entries_are_counted_below_their_folder() {
    let mut found = Vec::new();
    for (path, bytes) in [
        ("pvc-1_n_a", 0),
        ("pvc-1_n_a/file", 7),
        ("pvc-2_n_b/sub/file", 5),
        ("other/file", 9),
        ("", 0),
    ] {
        count(&mut found, Path::new(path), bytes);
    }
    let counted: Vec<_> = found
        .iter()
        .map(|it| (it.claim.as_str(), it.entries, it.bytes))
        .collect();
    assert_eq!(counted, [("a", 1, 7), ("b", 1, 5)]);
}

#[test]
fn one_is_meant_by_its_sandbox_its_claim_or_both_names() {
    let all: Vec<_> = ["pvc-1_a_workspace-x", "pvc-2_b_workspace-x", "pvc-3_a_data"]
        .into_iter()
        .filter_map(workspace)
        .collect();
    let reason = |name: &str| named(&all, name).map_or_else(|failure| failure.reason, |_| "found");
    assert_eq!(
        named(&all, "b/workspace-x").unwrap().folder,
        "pvc-2_b_workspace-x"
    );
    assert_eq!(named(&all, "data").unwrap().folder, "pvc-3_a_data");
    assert_eq!(
        (reason("x"), reason("workspace-x")),
        ("workspace_ambiguous", "workspace_ambiguous")
    );
    assert_eq!(reason("y"), "no_workspace");
}
