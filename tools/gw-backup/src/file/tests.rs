use super::*;

fn manifest() -> Manifest {
    Manifest {
        format: FORMAT,
        gateway: "g".into(),
        spec: None,
        tool_version: "0".into(),
        left_out: vec![LEFT_OUT.into()],
    }
}

/// An archive as Docker gives it.
fn volume() -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    let mut add = |kind: EntryType, path: &str, content: &[u8], mode: u32| {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(7);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, path, content).unwrap();
    };
    add(EntryType::Directory, "k3s/", b"", 0o755);
    add(EntryType::Regular, "k3s/server/db", &[7; 5000], 0o640);
    add(EntryType::Regular, "k3s/agent/containerd/blob", b"big", 0o640);
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Link);
    header.set_mode(0o777);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    archive
        .append_link(&mut header, "k3s/hard", "k3s/server/db")
        .unwrap();
    header.set_entry_type(EntryType::Symlink);
    archive
        .append_link(&mut header, "k3s/soft", "/elsewhere")
        .unwrap();
    archive.into_inner().unwrap()
}

fn backup() -> Vec<u8> {
    let mut file = Vec::new();
    let client = [("mtls/tls.key".to_owned(), b"key".to_vec())];
    write(&mut file, &manifest(), &client, Some(&mut &volume()[..])).unwrap();
    file
}

fn restored(file: &[u8]) -> Result<(Counted, Vec<String>), Error> {
    let mut found = Vec::new();
    let counted = read(file, |entry| {
        found.push(match entry {
            Found::Client(path, content) => format!("client {path} {}", content.len()),
            Found::Volume(header, path, target, content) => {
                let count = std::io::copy(content, &mut std::io::sink())?;
                let target = target
                    .map(|target| target.display().to_string())
                    .unwrap_or_default();
                format!(
                    "{} {count} {:o} {} {target}",
                    path.display(),
                    header.mode()?,
                    header.uid()?
                )
            }
        });
        Ok(())
    })?;
    Ok((counted, found))
}

#[test]
fn is_read_as_it_was_written_without_the_store_of_images() {
    let (counted, found) = restored(&backup()).unwrap();
    assert_eq!(
        found,
        [
            "client mtls/tls.key 3",
            "server/db 5000 640 7 ",
            "hard 0 777 0 server/db",
            "soft 0 777 0 /elsewhere"
        ]
    );
    assert_eq!(
        (counted.entries, counted.bytes, counted.manifest),
        (3, 5000, manifest())
    );
}

#[test]
fn a_cut_and_an_altered_file_are_refused() {
    let file = backup();
    for length in (0..file.len()).step_by(7) {
        let error = restored(&file[..length]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "cut at {length}: {error}");
    }
    let (whole, mut refused) = (restored(&file).unwrap(), 0);
    for at in 0..file.len() {
        let mut altered = file.clone();
        altered[at] ^= 0x10;
        match restored(&altered) {
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidData, "altered at {at}"),
            // A few bits of zstd's own header say nothing of the content.
            Ok(found) => assert_eq!(found, whole, "altered at {at}"),
        }
        refused += usize::from(restored(&altered).is_err());
    }
    assert!(refused * 10 > file.len() * 9, "{refused} of {}", file.len());
}

#[test]
fn one_that_was_made_by_hand_is_held_against_its_checksums() {
    let mut plain = Vec::new();
    zstd::Decoder::new(&backup()[..])
        .unwrap()
        .read_to_end(&mut plain)
        .unwrap();
    let at = plain.windows(4).position(|window| window == [7; 4]).unwrap();
    plain[at] = 8;
    let altered = zstd::encode_all(&plain[..], 1).unwrap();
    assert!(restored(&altered).unwrap_err().to_string().contains("checksums"));
    assert!(
        restored(&zstd::encode_all(&volume()[..], 1).unwrap())
            .unwrap_err()
            .to_string()
            .contains("manifest")
    );
}

/// Docker splits a path of more than 100 bytes over two fields of the header. Below `volume/` such a path is longer, and in the
/// volume it may be short enough for one field.
#[test]
fn a_long_path_leads_to_the_same_place() {
    let path = format!("k3s/storage/{}/{}", "p".repeat(60), "f".repeat(25));
    let mut archive = Builder::new(Vec::new());
    let mut header = Header::new_ustar();
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(4);
    archive.append_data(&mut header, &path, &b"kept"[..]).unwrap();
    let volume = archive.into_inner().unwrap();

    let mut file = Vec::new();
    write(&mut file, &manifest(), &[], Some(&mut &volume[..])).unwrap();
    let mut again = Builder::new(Vec::new());
    read(&file[..], |entry| match entry {
        Found::Volume(mut header, path, _, content) => again.append_data(&mut header, path, content),
        Found::Client(..) => Ok(()),
    })
    .unwrap();
    let filled = again.into_inner().unwrap();
    let mut archive = Archive::new(&filled[..]);
    let paths: Vec<PathBuf> = archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().into_owned())
        .collect();
    assert_eq!(paths, [Path::new(&path).strip_prefix("k3s").unwrap()]);
}

/// By `gw-container backup` of version 0.1.0, before it was split.
#[test]
fn one_that_an_earlier_version_wrote_is_read() {
    let (counted, found) = restored(include_bytes!("../../tests/written/backup.tar.zst")).unwrap();
    let manifest = &counted.manifest;
    assert_eq!((manifest.format, manifest.gateway.as_str()), (FORMAT, "kept"));
    assert_eq!(manifest.tool_version, "0.1.0");
    assert_eq!(manifest.left_out, [LEFT_OUT]);
    let spec = manifest.spec.as_ref().unwrap();
    assert_eq!(
        (spec.port, spec.tls_sans.as_slice()),
        (28431, &["san.example".to_owned()][..])
    );
    let folder = "storage/pvc-1c5f0a52-0000-4000-8000-000000000001_openshell_workspace-alpha";
    let expected = [
        "client metadata.json 117".to_owned(),
        "client spec.json 564".into(),
        "client registries.yaml 89".into(),
        "client release.tar 10240".into(),
        "client mtls/ca.crt 18".into(),
        "client mtls/tls.crt 19".into(),
        "client mtls/tls.key 19".into(),
        "agent 0 40755 0 ".into(),
        "agent/client-kubelet.crt 619 100644 0 ".into(),
        "boots 5 100644 0 ".into(),
        "openshell-gateway.json 607 100600 0 ".into(),
        "storage 0 40755 0 ".into(),
        format!("{folder} 0 40755 0 "),
        format!("{folder}/link 0 120777 0 src/file"),
        format!("{folder}/src 0 40755 0 "),
        format!("{folder}/src/file 5 100644 0 "),
    ];
    assert_eq!(found, expected);
}
