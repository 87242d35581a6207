use super::*;

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
