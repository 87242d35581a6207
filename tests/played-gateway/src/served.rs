//! A gateway whose server is one small program, made with the docker command line as another tool makes one.

use std::fs;
use std::ops::Deref;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::gateway::new_name;
use crate::{Authority, PlayedGateway, checked, docker};

/// The gateway. What it is made of is there as soon as a test makes it.
pub struct ServedGateway {
    /// The CA of its server.
    pub authority: Authority,
    played: PlayedGateway,
}

impl Deref for ServedGateway {
    type Target = PlayedGateway;

    fn deref(&self) -> &PlayedGateway {
        &self.played
    }
}

impl ServedGateway {
    /// A name, a port and a CA; nothing in Docker yet.
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        Self {
            authority: Authority::new(),
            played: PlayedGateway::without_image(&new_name()),
        }
    }

    /// Its image; `lines` are added to its Dockerfile, and may copy ca.crt, tls.crt and tls.key.
    pub fn build(&mut self, lines: &str) -> String {
        let (certificate, key) = self.authority.leaf();
        let files = [
            ("ca.crt", self.authority.certificate.clone()),
            ("tls.crt", certificate),
            ("tls.key", key),
        ]
        .map(|(name, text)| (name.to_owned(), text));
        self.played.build_of("play_server", "one", &files, lines)
    }

    /// `docker create` or `run --detach` as another tool makes a gateway, with further flags.
    pub fn make(&self, verb: &[&str], flags: &[&str], image: &str) -> String {
        let name = self.resource();
        docker(&["network", "create", &name]);
        let volume = format!("{name}:/var/lib/rancher/k3s");
        let publish = format!("127.0.0.1:{}:30051", self.port);
        let fixed = [
            "--name",
            &name,
            "--network",
            &name,
            "--hostname",
            "node",
            "--volume",
            &volume,
            "--publish",
            &publish,
        ];
        docker(&[verb, &fixed[..], flags, &[image]].concat())
    }

    /// Gives the client a bundle of this CA.
    pub fn give_bundle(&self, authority: &Authority) {
        let folder = self.folder().join("mtls");
        fs::create_dir_all(&folder).expect("a folder");
        let (certificate, key) = authority.leaf();
        for (name, text) in [
            ("ca.crt", &self.authority.certificate),
            ("tls.crt", &certificate),
            ("tls.key", &key),
        ] {
            fs::write(folder.join(name), text).expect("room");
        }
    }

    /// The document of `gw-detect --all`.
    ///
    /// # Panics
    /// If there is none.
    pub fn detect_all(&self) -> Value {
        let run = checked("gw-detect", self.tool_of_any("gw-detect", &["--all"]));
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.document
    }

    /// The document, which there must be.
    pub fn detect(&self) -> Value {
        let run = self.run_tool("gw-detect", &[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.document
    }

    /// Detects until the gateway is in this state.
    pub fn reaches(&self, state: &str) -> Value {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let document = self.detect();
            if document["state"] == state {
                return document;
            }
            assert!(Instant::now() < until, "{state} is not reached: {document:#}");
        }
    }
}
