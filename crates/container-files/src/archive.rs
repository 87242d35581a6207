//! Files in the tar archives in which Docker takes and hands them over.

use std::io::Read;

use tar::{Archive, Builder, EntryType, Header};

/// Permission bits and content of the first regular file; `None` where there is none or the archive is cut off.
pub fn first_file(archive: &[u8]) -> Option<(u32, Vec<u8>)> {
    for entry in Archive::new(archive).entries().ok()? {
        let mut entry = entry.ok()?;
        if entry.header().entry_type().is_file() {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).ok()?;
            let mode = entry.header().mode().ok()? & 0o777;
            return (content.len() as u64 == entry.size()).then_some((mode, content));
        }
    }
    None
}

/// An archive of one file that belongs to root; `mode` is its permission bits.
pub fn of_file(name: &str, mode: u32, content: &[u8]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    append(&mut archive, name, mode, content);
    archive.into_inner().expect("memory takes all")
}

fn append(archive: &mut Builder<Vec<u8>>, name: &str, mode: u32, content: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(mode);
    header.set_size(content.len() as u64);
    archive
        .append_data(&mut header, name, content)
        .expect("memory takes all");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn skips_what_is_no_regular_file_and_keeps_the_mode() {
        let mut archive = Builder::new(Vec::new());
        let mut folder = Header::new_gnu();
        folder.set_entry_type(EntryType::Directory);
        folder.set_size(0);
        archive.append_data(&mut folder, "d/", &[][..]).unwrap();
        append(&mut archive, "d/f", 0o600, b"content");
        assert_eq!(
            first_file(&archive.into_inner().unwrap()).unwrap(),
            (0o600, b"content".to_vec())
        );
        let own = of_file("f", 0o600, b"content");
        assert_eq!(Header::from_byte_slice(&own[..512]).mode().unwrap(), 0o600);
        assert_eq!(first_file(&[0; 1024]), None);
    }

    #[test]
    fn a_cut_archive_has_no_file() {
        let archive = of_file("f", 0o600, &[1; 700]);
        assert_eq!(first_file(&archive[..1000]), None);
        assert_eq!(first_file(&archive[..100]), None);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let _ = first_file(&bytes);
        }
    }
}
