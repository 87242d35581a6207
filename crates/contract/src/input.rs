//! What is read from a file, or for `-` from standard input.

use std::io::{Error, ErrorKind};
use std::path::Path;

use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::Zeroizing;

/// The whole of an input of at most `longest` bytes, which is wiped once it is dropped. Whoever has to wait for it is ended by `--timeout` and
/// by signals.
///
/// # Errors
/// What the system says; [`ErrorKind::FileTooLarge`] if there is more.
pub async fn read_input(path: &Path, longest: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    // Room for all of it at once: a buffer that grows would leave copies behind.
    let mut content = Zeroizing::new(Vec::with_capacity(longest + 1));
    open_input(path)
        .await?
        .take(longest as u64 + 1)
        .read_to_end(&mut content)
        .await?;
    if content.len() > longest {
        let message = format!("it has more than {longest} bytes");
        return Err(Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(content)
}

/// An input of any length.
///
/// # Errors
/// What the system says.
pub async fn open_input(path: &Path) -> Result<Box<dyn AsyncRead + Send + Unpin>, Error> {
    Ok(if path == Path::new("-") {
        Box::new(tokio::io::stdin())
    } else {
        Box::new(tokio::fs::File::open(path).await?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_input_is_whole_or_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("input");
        std::fs::write(&file, b"12345").unwrap();
        assert_eq!(read_input(&file, 5).await.unwrap().as_slice(), b"12345");
        let longer = read_input(&file, 4).await.unwrap_err();
        assert_eq!(longer.kind(), ErrorKind::FileTooLarge);
        let absent = read_input(&folder.path().join("none"), 4).await.unwrap_err();
        assert_eq!(absent.kind(), ErrorKind::NotFound);
    }
}
