//! One regular file out of the tar archive in which Docker hands files over (POSIX.1-1988 ustar, with pax headers).

const BLOCK: usize = 512;

/// The content of the first regular file; `None` where there is none or the archive is cut off.
pub fn first_file(archive: &[u8]) -> Option<Vec<u8>> {
    let mut rest = archive;
    loop {
        let (header, after) = rest.split_at_checked(BLOCK)?;
        if header.iter().all(|byte| *byte == 0) {
            return None;
        }
        let size = octal(&header[124..136])?;
        if matches!(header[156], b'0' | 0) {
            return after.get(..size).map(<[u8]>::to_vec);
        }
        rest = after.get(size.next_multiple_of(BLOCK)..)?;
    }
}

fn octal(field: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(field).ok()?;
    usize::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(kind: u8, content: &[u8]) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[..1].copy_from_slice(b"f");
        block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        block[156] = kind;
        block.extend_from_slice(content);
        block.resize(BLOCK + content.len().next_multiple_of(BLOCK), 0);
        block
    }

    #[test]
    fn skips_what_is_no_regular_file() {
        let archive = [entry(b'x', &[7; 600]), entry(b'5', b""), entry(b'0', b"content")].concat();
        assert_eq!(first_file(&archive).unwrap(), b"content");
        assert_eq!(
            first_file(&entry(b'2', b"")),
            None,
            "a symbolic link has no content"
        );
        assert_eq!(first_file(&[0; 1024]), None);
    }

    #[test]
    fn a_cut_archive_has_no_file() {
        let archive = entry(b'0', &[1; 700]);
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
