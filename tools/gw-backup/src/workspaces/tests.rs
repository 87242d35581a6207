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

/// As Docker gives the folder of a claim.
fn of_docker_archive() -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    for number in [Header::set_uid, Header::set_gid, Header::set_mtime] {
        number(&mut header, 0);
    }
    header.set_entry_type(tar::EntryType::Directory);
    header.set_size(0);
    header.set_mode(0o755);
    archive.append_data(&mut header, "pvc-1_n_a/", &[][..]).unwrap();
    archive
        .append_data(&mut header, "pvc-1_n_a/src/", &[][..])
        .unwrap();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o640);
    header.set_size(4);
    archive
        .append_data(&mut header, "pvc-1_n_a/src/file", &b"work"[..])
        .unwrap();
    header.set_size(0);
    header.set_entry_type(tar::EntryType::Link);
    archive
        .append_link(&mut header, "pvc-1_n_a/hard", "pvc-1_n_a/src/file")
        .unwrap();
    header.set_entry_type(tar::EntryType::Symlink);
    archive
        .append_link(&mut header, "pvc-1_n_a/soft", "src/file")
        .unwrap();
    archive.into_inner().unwrap()
}

#[test]
fn a_folder_is_extracted_from_itself_on_with_its_links() {
    let home = tempfile::tempdir().unwrap();
    let to = home.path().join("new");
    into(to.to_str().unwrap(), |output| {
        reroot(&of_docker_archive()[..], output)
    })
    .unwrap();
    for file in ["src/file", "hard", "soft"] {
        assert_eq!(fs::read(to.join(file)).unwrap(), b"work", "{file}");
    }
    let left = fs::read_dir(home.path()).unwrap().count();
    assert_eq!(left, 1, "the folder alone");
}

#[test]
fn nothing_is_left_of_an_extraction_that_fails_and_nothing_leads_out() {
    let home = tempfile::tempdir().unwrap();
    let to = home.path().join("new");
    let cut = of_docker_archive();
    let failed = into(to.to_str().unwrap(), |output| reroot(&cut[..1600], output));
    assert!(failed.is_err());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);

    let mut archive = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    for number in [Header::set_uid, Header::set_gid, Header::set_mtime] {
        number(&mut header, 0);
    }
    header.set_mode(0o777);
    header.set_size(0);
    header.set_entry_type(tar::EntryType::Symlink);
    archive
        .append_link(&mut header, "pvc-1_n_a/out", home.path())
        .unwrap();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(4);
    archive
        .append_data(&mut header, "pvc-1_n_a/out/file", &b"evil"[..])
        .unwrap();
    let archive = archive.into_inner().unwrap();
    let _ = into(to.to_str().unwrap(), |output| reroot(&archive[..], output));
    assert!(!home.path().join("file").exists());
}
