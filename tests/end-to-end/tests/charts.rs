//! Charts that somebody chose: deployed in place of the image's own, kept with the gateway, and left by a restart as they were deployed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cluster_fixture::Hunt;
use end_to_end::{
    Ended, Person, TestGateway, docker, free_port, image_values, own_image, random_name, repository,
    skipped_without_docker,
};

/// A value that is a secret.
const SECRET: &str = "5e0d0c9ea7b2356848d0f7c15e3a92b64f1d0c9ea7b2356848d0f7c15e3a92b7";

fn chart(name: &str) -> PathBuf {
    repository().join("tests/end-to-end/charts").join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("plain text")
}

fn revisions(gateway: &TestGateway) -> usize {
    let selector = "owner=helm,name=openshell";
    let all = gateway.kubectl(&["-n", "openshell", "get", "secret", "-l", selector, "-o", "name"]);
    all.lines().count()
}

/// The objects of a kind in the gateway's namespace, by name.
fn names(gateway: &TestGateway, kind: &str) -> Vec<String> {
    let name = r#"jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}"#;
    let all = gateway.kubectl(&["-n", "openshell", "get", kind, "-o", name]);
    all.lines().map(str::to_owned).collect()
}

/// The names in the server's certificate.
fn server_names(gateway: &TestGateway) -> String {
    let value = r"jsonpath={.data.tls\.crt}";
    let encoded = gateway.kubectl(&[
        "-n",
        "openshell",
        "get",
        "secret",
        "openshell-server-tls",
        "-o",
        value,
    ]);
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        "printf %s \"$0\" | base64 -d | openssl x509 -noout -ext subjectAltName",
        &encoded,
    ]);
    Ended::of(shell).well().stdout
}

/// A registry on 127.0.0.1; it ends when it is dropped.
struct Registry {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Registry {
    fn started() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let address = format!("127.0.0.1:{}", free_port());
        let settings = folder.path().join("config.yml");
        let data = folder.path().display();
        let written = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {data}/data\nhttp:\n  addr: {address}\n"
        );
        fs::write(&settings, written).expect("its settings");
        let mut registry = Command::new("docker-registry");
        registry
            .arg("serve")
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = registry
            .spawn()
            .expect("docker-registry is installed by scripts/test");
        let started = Self {
            process,
            address,
            _folder: folder,
        };
        let end = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(&started.address).is_err() {
            assert!(Instant::now() < end, "the registry does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        started
    }

    /// Pushes a chart, with the helm of the cluster image.
    fn push(&self, chart: &Path) {
        let name = chart.file_name().and_then(|name| name.to_str()).expect("a name");
        let charts = format!("{}:/tests", repository().join("tests").display());
        let crds = format!("{}:/helm:ro", repository().join("helm").display());
        let script = format!(
            "cd /tmp && helm package /tests/end-to-end/charts/{name} --destination . && helm push ./{name}-0.1.0.tgz oci://{}/charts --plain-http",
            self.address
        );
        docker(&[
            "run",
            "--rm",
            "--network",
            "host",
            "--volume",
            &charts,
            "--volume",
            &crds,
            "--entrypoint",
            "sh",
            &own_image(),
            "-c",
            &script,
        ]);
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn other_charts_serve_and_stay_as_they_were_deployed() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let images = image_values(gateway.config());
    let port = gateway.port.to_string();

    // A Deployment of another name, on a gateway that is new: the image's own chart was never there.
    let renamed = chart("renamed");
    let flags = [
        "--port",
        &port,
        "--chart",
        text(&renamed),
        "--values",
        text(&images),
        "--set",
        "logLevel=debug",
    ];
    gateway.start(&flags).well();
    assert_eq!(gateway.status()["state"], "serving");
    assert_eq!(names(&gateway, "statefulset"), Vec::<String>::new());
    assert_eq!(names(&gateway, "deployment"), ["gw", "renamed-controller"]);
    assert_eq!(revisions(&gateway), 1);
    let log = gateway.run("logs", &["gateway"]).well().stdout;
    assert!(log.contains("listening"), "{log}");
    let sans = server_names(&gateway);
    assert!(sans.contains("gw.openshell.svc.cluster.local"), "{sans}");
    assert!(!sans.contains("openshell.localhost"), "{sans}");
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("kept");
    person.says(&sandbox, "a line to keep");

    // It is kept: through a stop, another container, and a deploy, nobody deploys anything again.
    gateway.run("restart", &[]).well();
    docker(&["rm", "--force", &gateway.resource()]);
    gateway.start(&[]).well();
    let document = gateway.run("deploy", &["chart", "--json"]).well().document();
    assert_eq!(document["changed"], false, "{document:#}");
    assert_eq!(revisions(&gateway), 1);
    assert_eq!(names(&gateway, "statefulset"), Vec::<String>::new());
    assert_eq!(person.reads(&sandbox), ["a line to keep"]);

    // Another value is applied, and stays.
    let level = || {
        let arguments = "jsonpath={.spec.template.spec.containers[0].args[1]}";
        gateway.kubectl(&["-n", "openshell", "get", "deployment", "gw", "-o", arguments])
    };
    assert_eq!(level(), "debug");
    gateway.start(&["--set", "logLevel=warn"]).well();
    assert_eq!(level(), "warn");
    gateway.run("restart", &[]).well();
    assert_eq!((level().as_str(), revisions(&gateway)), ("warn", 2));

    a_secret_value_is_seen_nowhere(&gateway, &images);
    a_chart_of_a_registry_is_kept(&gateway, &images);

    // Back to what the image brings; sandboxes that were there before have their handshake secret again.
    gateway.start(&["--chart", "bundled"]).well();
    assert_eq!(names(&gateway, "statefulset"), ["openshell"]);
    assert!(names(&gateway, "secret").contains(&"openshell-ssh-handshake".to_owned()));
    let new = person.make_sandbox("new");
    person.says(&new, "a line of another");
}

/// A chart in an archive that needs no handshake secret of ours, and gets its own by a value.
fn a_secret_value_is_seen_nowhere(gateway: &TestGateway, images: &Path) {
    gateway.kubectl(&["-n", "openshell", "delete", "secret", "openshell-ssh-handshake"]);
    let archive = gateway.config().join("own-secret.tgz");
    let charts = chart("");
    let mut tar = Command::new("tar");
    tar.args([
        "--create",
        "--gzip",
        "--dereference",
        "--file",
        text(&archive),
        "--directory",
        text(&charts),
        "own-secret",
    ]);
    Ended::of(tar).well();
    let values = gateway.config().join("secret.yaml");
    fs::write(&values, format!("handshake: {SECRET}\n")).expect("a file");
    fs::set_permissions(&values, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a file");

    let mut hunt = Hunt::for_values([SECRET.as_bytes().to_vec()]);
    let flags = [
        "--chart",
        text(&archive),
        "--values",
        text(images),
        "--values",
        text(&values),
        "--json",
    ];
    let ended = hunt.processes(|| gateway.start(&flags)).well();
    hunt.text("standard output", ended.stdout.as_bytes());
    hunt.text("standard error", ended.stderr.as_bytes());
    hunt.files(gateway.config());
    hunt.assert_found_nothing();

    assert_eq!(gateway.status()["state"], "serving");
    assert_eq!(names(gateway, "statefulset"), ["openshell"]);
    let secrets = names(gateway, "secret");
    assert!(
        !secrets.contains(&"openshell-ssh-handshake".to_owned()),
        "{secrets:?}"
    );
    let sans = server_names(gateway);
    assert!(sans.contains("DNS:openshell.localhost"), "{sans}");
    assert!(sans.contains("DNS:*.openshell.localhost"), "{sans}");
}

/// A chart whose server tells its health elsewhere, from a registry that is gone afterwards.
fn a_chart_of_a_registry_is_kept(gateway: &TestGateway, images: &Path) {
    let registry = Registry::started();
    registry.push(&chart("health-port"));
    let named = format!("oci://{}/charts/health-port", registry.address);
    let absent = format!("oci://{}/charts/no-such", registry.address);
    let ended = gateway.start(&["--chart", &absent, "--json"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert_eq!(ended.document()["error"]["reason"], "chart_pull_failed");
    gateway
        .start(&["--chart", &named, "--values", text(images)])
        .well();
    drop(registry);
    assert_eq!(names(gateway, "statefulset"), ["server"]);
    let before = revisions(gateway);
    gateway.run("restart", &[]).well();
    assert_eq!(gateway.status()["state"], "serving");
    assert_eq!(revisions(gateway), before);
    let probe = "jsonpath={.spec.containers[0].readinessProbe.httpGet.port}";
    assert_eq!(
        gateway.kubectl(&["-n", "openshell", "get", "pod", "server-0", "-o", probe]),
        "8081"
    );
}

/// An image of k3s's own kind: no chart, no label, an entry point that reads arguments alone.
struct PlainImage(String);

impl PlainImage {
    fn built(folder: &Path) -> Self {
        let program = "#!/bin/sh\nfor word; do\n    case $word in --node-name=*) name=${word#*=} ;; esac\ndone\n\
            exec env -i PATH=\"$PATH\" OPENSHELL_NODE_NAME=\"${name:?}\" /usr/bin/tini -- /usr/local/bin/cluster-node \"$@\"\n";
        let steps = format!(
            "FROM {}\nRUN rm -r /opt/openshell/chart\nCOPY --chmod=755 k3s /bin/k3s\n\
             LABEL dev.openshell.image= dev.openshell.kubernetes= dev.openshell.inputs=\nHEALTHCHECK NONE\n\
             ENTRYPOINT [\"/bin/k3s\"]\nCMD [\"agent\"]\n",
            own_image()
        );
        let context = folder.join("plain-k3s");
        fs::create_dir(&context).expect("a folder");
        fs::write(context.join("k3s"), program).expect("a file");
        fs::write(context.join("Dockerfile"), steps.replace("--chmod=755 ", "")).expect("a file");
        fs::set_permissions(
            context.join("k3s"),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .expect("a file");
        let image = format!("plain-k3s:{}", random_name());
        docker(&[
            "build",
            "--quiet",
            "--network",
            "none",
            "--tag",
            &image,
            text(&context),
        ]);
        Self(image)
    }
}

impl Drop for PlainImage {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rmi", "--force", &self.0]).output();
    }
}

#[test]
fn a_plain_k3s_image_serves_a_chart() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let image = PlainImage::built(gateway.config());
    let images = image_values(gateway.config());
    let (port, health_port) = (gateway.port.to_string(), chart("health-port"));
    let flags = [
        "--port",
        &port,
        "--image",
        &image.0,
        "--chart",
        text(&health_port),
        "--values",
        text(&images),
    ];
    gateway.start(&flags).well();
    assert_eq!(gateway.status()["state"], "serving");
    assert_eq!(names(&gateway, "statefulset"), ["server"]);
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("kept");
    person.says(&sandbox, "a line to keep");
    gateway.run("restart", &[]).well();
    assert_eq!(person.reads(&sandbox), ["a line to keep"]);
    assert_eq!(revisions(&gateway), 1);

    // It brings none that could be gone back to, and what was chosen stays.
    let refused = gateway.start(&["--chart", "bundled", "--json"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert_eq!(refused.document()["error"]["reason"], "no_chart");
    let document = gateway.run("deploy", &["--json"]).well().document();
    assert_eq!(document["changed"], false, "{document:#}");
    assert_eq!(names(&gateway, "statefulset"), ["server"]);
}

#[test]
fn what_is_no_chart_is_refused_before_anything_is_made() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let empty = tempfile::tempdir().expect("a folder");
    let renamed = chart("renamed");
    for (flags, named) in [
        (vec!["--chart", "/no/such/chart"], "no folder or archive"),
        (vec!["--chart", text(empty.path())], "no Chart.yaml"),
        (
            vec!["--chart", text(&renamed), "--values", "/no/such/file"],
            "cannot be read",
        ),
        (vec!["--set", "logLevel"], "'logLevel' has no value"),
        (vec!["--set", "a={b"], "'a': its list does not end"),
    ] {
        let ended = gateway.start(&flags);
        assert_eq!(ended.code, 2, "{flags:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(named), "{flags:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("next: "), "{}", ended.stderr);
    }
    assert_eq!(gateway.status()["state"], "absent");
}
