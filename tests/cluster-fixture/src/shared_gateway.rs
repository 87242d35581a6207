//! The gateway that tests share and that none of them destroys.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// The gateway OPENSHELL_TEST_GATEWAY with the client's files in OPENSHELL_TEST_CONFIG.
#[derive(Clone, Debug)]
pub struct SharedGateway {
    /// Its name.
    pub name: String,
    /// What XDG_CONFIG_HOME must be for it.
    pub config: PathBuf,
}

impl SharedGateway {
    /// Where it is not set the test says that it is skipped, and must return.
    pub fn find() -> Option<Self> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let found = variable("OPENSHELL_TEST_GATEWAY").zip(variable("OPENSHELL_TEST_CONFIG"));
        if found.is_none() {
            println!("skipped: OPENSHELL_TEST_GATEWAY and OPENSHELL_TEST_CONFIG are not set");
        }
        found.map(|(name, config)| Self {
            name,
            config: config.into(),
        })
    }

    /// Its folder among the client's files.
    pub fn folder(&self) -> PathBuf {
        self.config.join("openshell/gateways").join(&self.name)
    }

    /// Its kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder().join("kubeconfig")
    }

    /// `https://HOST:PORT`, from the client's metadata.
    ///
    /// # Panics
    /// Where there is none.
    pub fn endpoint(&self) -> String {
        let text = std::fs::read(self.folder().join("metadata.json")).expect("metadata");
        let metadata: Value = serde_json::from_slice(&text).expect("metadata");
        metadata["gateway_endpoint"]
            .as_str()
            .expect("an endpoint")
            .to_owned()
    }

    /// kubectl with its kubeconfig: OPENSHELL_TEST_KUBECTL, which scripts/test takes out of the cluster image, else the one on PATH.
    pub fn kubectl(&self, words: &[&str]) -> Command {
        let program = std::env::var_os("OPENSHELL_TEST_KUBECTL");
        let mut command = Command::new(program.unwrap_or_else(|| "kubectl".into()));
        command.arg("--kubeconfig").arg(self.kubeconfig()).args(words);
        command
    }
}
