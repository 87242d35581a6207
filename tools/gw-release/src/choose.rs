//! The choice of chart and values: what is kept, with what this run's flags put in its place.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use contract::Failure;

use crate::file_failure::files_failed;
use crate::flags::Choice;
use crate::helm::Helm;
use crate::kept::{BUNDLED, CHECKOUT, Kept, files_below};
use crate::reasons::CHART_PULL_FAILED;
use crate::resolve::read_values;
use crate::set_values;

/// Longer than all words of a process can be.
const LONGEST_WORDS: usize = 4 << 20;
/// How a chart in a registry is named.
const REGISTRY: &str = "oci://";

/// Whether the flags choose anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// They do, or what was kept is of no use any more: it is to be kept.
    New,
    /// It is what is kept.
    Kept,
}

/// Puts what the flags choose in place of what is kept of its kind.
pub async fn take(choice: &Choice, kept: &Kept, helm: &Helm, scratch: &Path) -> Result<Taken, Failure> {
    let mut taken = Taken::Kept;
    if choice.new_node && kept.source()? == CHECKOUT {
        return_to_bundled(kept)?;
        taken = Taken::New;
    }
    match (choice.chart.as_deref(), choice.checkout.as_deref()) {
        (None, None) => {}
        (Some(_), Some(_)) => {
            return Err(Failure::usage(
                "--chart and --checkout contradict each other",
                contract::typed("gw-release apply --help"),
            ));
        }
        (Some(BUNDLED), None) => {
            kept.forget_values()?;
            return_to_bundled(kept)?;
            taken = Taken::New;
        }
        (Some(named), None) => {
            take_chart(named, kept, helm, scratch).await?;
            taken = Taken::New;
        }
        (None, Some(checkout)) => {
            if take_checkout(checkout, choice.bundled.as_deref(), kept)? {
                taken = Taken::New;
            }
        }
    }
    if !choice.values.is_empty() {
        take_values(&choice.values, kept)?;
        taken = Taken::New;
    }
    if let Some(file) = &choice.set_from {
        take_words(file, kept).await?;
        taken = Taken::New;
    }
    Ok(taken)
}

fn return_to_bundled(kept: &Kept) -> Result<(), Failure> {
    kept.forget_chart()?;
    kept.set_source(BUNDLED)
}

fn take_values(files: &[PathBuf], kept: &Kept) -> Result<(), Failure> {
    kept.empty_values()?;
    for (number, file) in files.iter().enumerate() {
        let content = fs::read(file).map_err(|_| {
            let shown = file.display();
            Failure::usage(
                format!("--values: {shown} cannot be read"),
                format!("ls -l {shown}"),
            )
        })?;
        write(&kept.values().join(format!("{:03}.yaml", number + 1)), &content)?;
    }
    Ok(())
}

/// What the folder lacks stays as it is kept, or as it came with the cluster. False where all of it is what came with the cluster: that stays
/// in place, so that the next image may bring another one.
fn take_checkout(checkout: &Path, bundled: Option<&Path>, kept: &Kept) -> Result<bool, Failure> {
    let source = kept.source()?;
    let (chart, images) = match bundled.filter(|_| source == BUNDLED) {
        Some(bundled) => (bundled.join("openshell"), bundled.join("values.json")),
        None if source == CHECKOUT => (kept.chart(), kept.images()),
        None => {
            return Err(Failure::usage(
                format!("--checkout: the chart that is kept is {source}"),
                "--chart bundled beside --bundled FOLDER first",
            ));
        }
    };
    let or_before = |file: PathBuf, before: PathBuf| if file.exists() { file } else { before };
    let before = (content_of(&chart)?, read_values(&images)?);
    let chart = content_of(&or_before(checkout.join("openshell"), chart))?;
    let images = read_values(&or_before(checkout.join("values.json"), images))?;
    if source == BUNDLED && before == (chart.clone(), images.clone()) {
        return Ok(false);
    }
    kept.forget_chart()?;
    for (name, content) in chart {
        let file = kept.chart().join(name);
        let folder = file.parent().expect("a file in the chart");
        fs::create_dir_all(folder).map_err(|error| files_failed(folder, &error))?;
        write(&file, &content)?;
    }
    write(&kept.images(), images.to_string().as_bytes())?;
    kept.set_source(CHECKOUT)?;
    Ok(true)
}

/// The files of a chart's folder.
fn content_of(chart: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, Failure> {
    let mut files = BTreeMap::new();
    for file in files_below(chart).map_err(|error| files_failed(chart, &error))? {
        let content = fs::read(&file).map_err(|error| files_failed(&file, &error))?;
        files.insert(file.strip_prefix(chart).expect("it is below").to_owned(), content);
    }
    Ok(files)
}

async fn take_words(file: &Path, kept: &Kept) -> Result<(), Failure> {
    let wrong = |why: String| {
        Failure::usage(
            format!("--set: {why}"),
            contract::typed("gw-release apply --help"),
        )
    };
    let content = contract::read_input(file, LONGEST_WORDS)
        .await
        .map_err(|error| wrong(format!("{}: {error}", file.display())))?;
    let text = std::str::from_utf8(&content).map_err(|_| wrong("its words are no UTF-8".to_owned()))?;
    let words = || text.split('\0').filter(|word| !word.is_empty());
    let values = set_values::read(words()).map_err(wrong)?;
    let has_files = !files_below(&kept.values())
        .map_err(|error| files_failed(&kept.values(), &error))?
        .is_empty();
    if has_files && words().any(set_values::sets_member_of_list) {
        return Err(Failure::usage(
            "--set of a member of a list, with --values beside it, would replace the file's whole list",
            "write the list into the file",
        ));
    }
    let values = serde_json::to_string_pretty(&values).expect("plain data");
    write(&kept.set(), format!("{values}\n").as_bytes())
}

async fn take_chart(named: &str, kept: &Kept, helm: &Helm, scratch: &Path) -> Result<(), Failure> {
    kept.forget_chart()?;
    let chart = kept.chart();
    let path = if named.starts_with(REGISTRY) {
        pull(named, helm, scratch).await?
    } else {
        PathBuf::from(named)
    };
    if path.is_file() {
        unpack(&path, &chart).map_err(|_| {
            Failure::usage(
                format!("--chart: {named} is no archive of a chart"),
                "name a folder, or what helm package made",
            )
        })?;
    } else if path.is_dir() && !has_chart(&path) {
        return Err(holds_none(named));
    } else if path.is_dir() {
        copy(&path, &chart).map_err(|error| files_failed(&path, &error))?;
    } else {
        return Err(Failure::usage(
            format!("--chart: there is no folder or archive {named}"),
            "name a folder, an archive, oci://REFERENCE or bundled",
        ));
    }
    if !has_chart(&chart) {
        return Err(holds_none(named));
    }
    kept.set_source(named)
}

fn has_chart(folder: &Path) -> bool {
    folder.join("Chart.yaml").is_file()
}

fn holds_none(named: &str) -> Failure {
    Failure::usage(
        format!("--chart: {named} holds no chart: there is no Chart.yaml in it"),
        "name the folder that has it",
    )
}

/// As Docker does it: a registry of this machine may speak plain HTTP.
async fn pull(named: &str, helm: &Helm, scratch: &Path) -> Result<PathBuf, Failure> {
    let pulled = scratch.join("pulled");
    fs::create_dir_all(&pulled).map_err(|error| files_failed(&pulled, &error))?;
    let mut words = vec!["pull".to_owned(), named.to_owned()];
    words.extend(["--destination".to_owned(), pulled.display().to_string()]);
    let host = named[REGISTRY.len()..]
        .split(['/', ':'])
        .next()
        .unwrap_or_default();
    if host == "localhost" || host.starts_with("127.") {
        words.push("--plain-http".to_owned());
    }
    let ended = helm.run(&words, &scratch.join("pull.log")).await?;
    let archives = files_below(&pulled).map_err(|error| files_failed(&pulled, &error))?;
    match archives.into_iter().next_back() {
        Some(archive) if ended.is_well => Ok(archive),
        _ => Err(CHART_PULL_FAILED.failure(
            format!("the chart {named} could not be pulled: {}", ended.said.trim()),
            format!("helm pull {named}, once that is solved"),
        )),
    }
}

/// An archive of helm's, without its outermost folder.
fn unpack(archive: &Path, chart: &Path) -> std::io::Result<()> {
    fs::create_dir_all(chart)?;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(archive)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name: PathBuf = entry.path()?.components().skip(1).collect();
        let is_inside = name
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if !is_inside || !entry.header().entry_type().is_file() || name.as_os_str().is_empty() {
            continue;
        }
        let to = chart.join(name);
        fs::create_dir_all(to.parent().expect("a file in the chart"))?;
        std::io::copy(&mut entry, &mut fs::File::create(to)?)?;
    }
    Ok(())
}

/// A copy of a folder; links are what they lead to.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let from = entry?.path();
        let to = to.join(from.file_name().expect("an entry's name"));
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

fn write(file: &Path, content: &[u8]) -> Result<(), Failure> {
    fs::write(file, content).map_err(|error| files_failed(file, &error))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use client_files::{ClientFiles, GatewayFolder};
    use kube_session::Cluster;
    use tempfile::TempDir;

    use super::*;

    struct Scene {
        home: TempDir,
        gateway: GatewayFolder,
    }

    impl Scene {
        fn new() -> Self {
            let home = tempfile::tempdir().unwrap();
            let gateway = ClientFiles::in_folder(home.path().join("files")).gateway(&"g".parse().unwrap());
            let scene = Self { home, gateway };
            scene.folder("bundled", Some("name: a"), Some(r#"{"tag": 1}"#));
            scene
        }

        /// A folder with a chart and values beside it, each if there is one.
        fn folder(&self, name: &str, chart: Option<&str>, values: Option<&str>) -> PathBuf {
            let folder = self.home.path().join(name);
            fs::create_dir_all(folder.join("openshell")).unwrap();
            match chart {
                Some(chart) => fs::write(folder.join("openshell/Chart.yaml"), chart).unwrap(),
                None => fs::remove_dir(folder.join("openshell")).unwrap(),
            }
            if let Some(values) = values {
                fs::write(folder.join("values.json"), values).unwrap();
            }
            folder
        }

        /// Takes a choice over what is kept, and keeps it; where the chart is from, its text, and whether it was new.
        fn takes(&self, change: impl FnOnce(&mut Choice)) -> Result<(String, String, Taken), Failure> {
            let scratch = tempfile::tempdir().unwrap();
            let kept = Kept::open(&self.gateway, scratch.path())?;
            let target = Cluster {
                kubeconfig: None,
                context: None,
                namespace: "n".to_owned(),
            };
            let end = Instant::now() + Duration::from_secs(60);
            let helm = Helm::new(&[PathBuf::from("/no/helm")], scratch.path(), end, target);
            let mut choice = Choice {
                helm: Vec::new(),
                chart: None,
                checkout: None,
                base_values: None,
                bundled: Some(self.home.path().join("bundled")),
                values: Vec::new(),
                set_from: None,
                in_container: true,
                new_node: false,
                cluster_id: None,
            };
            change(&mut choice);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let taken = runtime.block_on(take(&choice, &kept, &helm, scratch.path()))?;
            kept.save(&self.gateway)?;
            let chart = fs::read_to_string(kept.chart().join("Chart.yaml")).unwrap_or_default();
            let images = fs::read_to_string(kept.images()).unwrap_or_default();
            Ok((kept.source()?, chart + &images, taken))
        }
    }

    #[test]
    fn a_checkout_takes_the_place_of_the_bundled_chart_only_where_it_differs() {
        let scene = Scene::new();
        let same = scene.folder("same", Some("name: a"), Some(r#"{ "tag": 1 }"#));
        let found = scene.takes(|choice| choice.checkout = Some(same)).unwrap();
        assert_eq!(found, (BUNDLED.to_owned(), String::new(), Taken::Kept));

        // What it lacks is as it came with the cluster, and later as it is kept.
        let images = scene.folder("images", None, Some(r#"{"tag":2}"#));
        let found = scene.takes(|choice| choice.checkout = Some(images)).unwrap();
        assert_eq!(
            found,
            (CHECKOUT.to_owned(), r#"name: a{"tag":2}"#.to_owned(), Taken::New)
        );
        let chart = scene.folder("chart", Some("name: b"), None);
        let found = scene.takes(|choice| choice.checkout = Some(chart)).unwrap();
        assert_eq!(
            found,
            (CHECKOUT.to_owned(), r#"name: b{"tag":2}"#.to_owned(), Taken::New)
        );

        // The same node keeps it, and one that has not its images does not.
        assert_eq!(scene.takes(|_| ()).unwrap().2, Taken::Kept);
        let found = scene.takes(|choice| choice.new_node = true).unwrap();
        assert_eq!(found, (BUNDLED.to_owned(), String::new(), Taken::New));
    }

    #[test]
    fn a_chart_that_is_named_is_replaced_by_name_alone() {
        let scene = Scene::new();
        let theirs = scene
            .folder("theirs", Some("name: c"), None)
            .join("openshell")
            .display()
            .to_string();
        let found = scene.takes(|choice| choice.chart = Some(theirs.clone())).unwrap();
        assert_eq!(found, (theirs.clone(), "name: c".to_owned(), Taken::New));
        let checkout = scene.folder("checkout", Some("name: d"), Some("{}"));
        let refused = scene
            .takes(|choice| choice.checkout = Some(checkout.clone()))
            .unwrap_err();
        assert_eq!(refused.reason, "usage");
        assert_eq!(scene.takes(|choice| choice.new_node = true).unwrap().0, theirs);
        let both = scene.takes(|choice| {
            choice.checkout = Some(checkout);
            choice.chart = Some(BUNDLED.to_owned());
        });
        assert_eq!(both.unwrap_err().reason, "usage");
        assert_eq!(
            scene
                .takes(|choice| choice.chart = Some(BUNDLED.to_owned()))
                .unwrap()
                .0,
            BUNDLED
        );
    }
}
