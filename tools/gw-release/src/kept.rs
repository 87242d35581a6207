//! What is kept of the choice of chart and values: `release.tar` in the gateway's folder.
//!
//! It holds `source` (bundled, checkout, or what `--chart` named), `chart/`, `values/NNN.yaml`, `set.json`, and `images.json` beside a
//! chart of the checkout. It is opened in a folder of this run, and written in one rename.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use client_files::GatewayFolder;
use contract::Failure;
use sha2::{Digest, Sha256};

use crate::file_failure::{files_failed, kept_invalid};

/// The file's name in the gateway's folder.
pub const FILE: &str = "release.tar";
/// The source of who chose no chart: the chart that comes with the cluster.
pub const BUNDLED: &str = "bundled";
/// The source of a chart that came with images of a checkout.
pub const CHECKOUT: &str = "checkout";

/// The choice, opened in a folder.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// Opens what is kept in `folder/kept`; without a file it is the bundled chart without values.
    pub fn open(gateway: &GatewayFolder, folder: &Path) -> Result<Self, Failure> {
        let kept = Self {
            folder: folder.join("kept"),
        };
        let made = |error| files_failed(&kept.folder, &error);
        fs::create_dir_all(kept.values()).map_err(made)?;
        if let Some(packed) = gateway.read_private(FILE)? {
            tar::Archive::new(&packed[..])
                .unpack(&kept.folder)
                .map_err(|error| kept_invalid(&gateway.path().join(FILE), &error))?;
        }
        if !kept.folder.join("source").exists() {
            kept.set_source(BUNDLED)?;
        }
        Ok(kept)
    }

    /// The folder of the chart that is kept.
    pub fn chart(&self) -> PathBuf {
        self.folder.join("chart")
    }

    /// The folder of the files of values.
    pub fn values(&self) -> PathBuf {
        self.folder.join("values")
    }

    /// The values of `--set`.
    pub fn set(&self) -> PathBuf {
        self.folder.join("set.json")
    }

    /// The values that name the images beside a chart of the checkout.
    pub fn images(&self) -> PathBuf {
        self.folder.join("images.json")
    }

    /// `bundled`, `checkout`, or what `--chart` named.
    pub fn source(&self) -> Result<String, Failure> {
        let file = self.folder.join("source");
        let text = fs::read_to_string(&file).map_err(|error| files_failed(&file, &error))?;
        Ok(text.trim_end_matches('\n').to_owned())
    }

    /// Says where the chart is from.
    pub fn set_source(&self, source: &str) -> Result<(), Failure> {
        let file = self.folder.join("source");
        fs::write(&file, format!("{source}\n")).map_err(|error| files_failed(&file, &error))
    }

    /// Forgets the chart.
    pub fn forget_chart(&self) -> Result<(), Failure> {
        let images = self.images();
        absent(fs::remove_file(&images)).map_err(|error| files_failed(&images, &error))?;
        absent(fs::remove_dir_all(self.chart())).map_err(|error| files_failed(&self.chart(), &error))
    }

    /// Forgets all values.
    pub fn forget_values(&self) -> Result<(), Failure> {
        absent(fs::remove_file(self.set())).map_err(|error| files_failed(&self.set(), &error))?;
        self.empty_values()
    }

    /// Leaves no file of values.
    pub fn empty_values(&self) -> Result<(), Failure> {
        let values = self.values();
        absent(fs::remove_dir_all(&values))
            .and_then(|()| fs::create_dir_all(&values))
            .map_err(|error| files_failed(&values, &error))
    }

    /// The files of values, in their order, and that of `--set`.
    pub fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let failed = |error| files_failed(&self.values(), &error);
        let mut files = files_below(&self.values()).map_err(failed)?;
        files.sort();
        files.extend(Some(self.set()).filter(|file| file.exists()));
        Ok(files)
    }

    /// Keeps it for runs to come. False where the gateway's file says the same already.
    pub fn save(&self, gateway: &GatewayFolder) -> Result<bool, Failure> {
        let packed = self
            .packed()
            .map_err(|error| files_failed(&self.folder, &error))?;
        gateway.write_private(FILE, &packed)
    }

    /// The archive: the same bytes for the same content.
    fn packed(&self) -> io::Result<Vec<u8>> {
        let mut files = files_below(&self.folder)?;
        files.sort();
        let mut archive = tar::Builder::new(Vec::new());
        for file in files {
            let content = fs::read(&file)?;
            let name = file.strip_prefix(&self.folder).expect("it is below");
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o600);
            archive.append_data(&mut header, name, &content[..])?;
        }
        archive.into_inner()
    }

    /// The hash that names chart, base values and what is kept of values: 16 hex digits.
    ///
    /// It is the hash of a listing as sha256sum prints it, as gateways have it in their files since before this program.
    pub fn fingerprint(&self, chart: &Path, base: &[u8]) -> Result<String, Failure> {
        let failed = |error| files_failed(chart, &error);
        let mut listing = Vec::new();
        let mut of_chart = files_below(chart).map_err(failed)?;
        of_chart.sort_by_key(|file| bytes_of(file));
        for file in of_chart {
            let name = file.strip_prefix(chart).expect("it is below");
            let content = fs::read(&file).map_err(|error| files_failed(&file, &error))?;
            list(&mut listing, &content, &[b"./", &bytes_of(name)[..]].concat());
        }
        list(&mut listing, base, b"base.json");
        let mut of_values = self.files()?;
        of_values.sort_by_key(|file| bytes_of(file));
        for file in of_values {
            let name = file.strip_prefix(&self.folder).expect("it is below");
            let content = fs::read(&file).map_err(|error| files_failed(&file, &error))?;
            list(&mut listing, &content, &[b"kept/", &bytes_of(name)[..]].concat());
        }
        Ok(hex::encode(&Sha256::digest(&listing)[..8]))
    }
}

fn bytes_of(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

/// One line of sha256sum: names with a backslash or a line break are escaped, and the line says so.
fn list(listing: &mut Vec<u8>, content: &[u8], name: &[u8]) {
    let mut escaped = Vec::with_capacity(name.len());
    for byte in name {
        match byte {
            b'\\' => escaped.extend(b"\\\\"),
            b'\n' => escaped.extend(b"\\n"),
            b'\r' => escaped.extend(b"\\r"),
            byte => escaped.push(*byte),
        }
    }
    if escaped.len() != name.len() {
        listing.push(b'\\');
    }
    listing.extend(format!("{}  ", hex::encode(Sha256::digest(content))).bytes());
    listing.extend(escaped);
    listing.push(b'\n');
}

/// All regular files below a folder.
pub fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            found.extend(files_below(&entry.path())?);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn absent(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use client_files::ClientFiles;

    use super::*;
    use crate::deployment::Deployment;

    /// What the driver wrote before this tool was there.
    const ARCHIVE: &[u8] = include_bytes!("../tests/written/release.tar");
    const DEPLOYMENT: &[u8] = include_bytes!("../tests/written/deployment.json");
    const FINGERPRINT: &str = "6dd85f3badee964a";

    fn gateway(folder: &Path) -> GatewayFolder {
        let gateway = ClientFiles::in_folder(folder).gateway(&"g".parse().unwrap());
        gateway.write_private(FILE, ARCHIVE).unwrap();
        gateway.write_private("deployment.json", DEPLOYMENT).unwrap();
        gateway
    }

    #[test]
    fn what_the_driver_kept_is_read_and_has_its_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = gateway(folder.path());
        let opened = |name: &str| Kept::open(&gateway, &folder.path().join(name)).unwrap();
        let kept = opened("a");
        assert_eq!(kept.source().unwrap(), "/tmp/gwrel-fx/chart");
        let names: Vec<_> = kept
            .files()
            .unwrap()
            .iter()
            .map(|file| file.file_name().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["001.yaml", "002.yaml", "set.json"]);
        assert_eq!(kept.fingerprint(&kept.chart(), b"{}\n").unwrap(), FINGERPRINT);
        assert_ne!(
            kept.fingerprint(&kept.chart(), b"{\"a\": 1}\n").unwrap(),
            FINGERPRINT
        );

        // It is the same after it was kept by this tool, which then has nothing more to write.
        assert!(kept.save(&gateway).unwrap());
        let again = opened("b");
        assert_eq!(again.fingerprint(&again.chart(), b"{}\n").unwrap(), FINGERPRINT);
        assert!(!again.save(&gateway).unwrap());
    }

    #[test]
    fn what_was_deployed_is_known_of_this_cluster_alone() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = gateway(folder.path());
        let same = Deployment::read(&gateway, Some("0123abcd")).unwrap();
        assert_eq!((same.release(), same.begun()), (Some(FINGERPRINT), 3));
        assert_eq!(
            same.facts(FINGERPRINT).unwrap().workload.as_deref(),
            Some("deployment/gw")
        );
        assert_eq!(same.facts("0"), None);
        let mut other = Deployment::read(&gateway, Some("another")).unwrap();
        assert_eq!((other.release(), other.begun()), (None, 3));
        assert!(other.facts(FINGERPRINT).is_some());

        // What is to be made anew is remembered until it is made, by whichever run.
        other.unmakes("statefulset/openshell").unwrap();
        let later = Deployment::read(&gateway, Some("another")).unwrap();
        assert!(later.is_unmade());
        other.deployed(Some("f")).unwrap();
        let later = Deployment::read(&gateway, Some("another")).unwrap();
        assert_eq!((later.is_unmade(), later.release()), (false, Some("f")));
    }

    #[test]
    fn nothing_kept_is_the_bundled_chart() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = ClientFiles::in_folder(folder.path()).gateway(&"g".parse().unwrap());
        let kept = Kept::open(&gateway, folder.path()).unwrap();
        assert_eq!(
            (kept.source().unwrap().as_str(), kept.files().unwrap().len()),
            (BUNDLED, 0)
        );
        assert!(!gateway.path().exists());
    }
}
