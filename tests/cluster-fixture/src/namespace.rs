//! A namespace of one test.

use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1 as core;
use kube::Api;
use kube::api::{DeleteParams, PostParams};

use crate::kubeconfig::client;
use crate::run_apart;

/// A namespace with a random name; it is removed with all in it when the value is dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    kubeconfig: PathBuf,
}

impl Namespace {
    /// Makes it.
    ///
    /// # Panics
    /// Where the cluster refuses.
    pub fn make(kubeconfig: &Path) -> Self {
        let made = Self {
            name: format!("test-{:08x}", rand::random::<u32>()),
            kubeconfig: kubeconfig.to_owned(),
        };
        let object: core::Namespace =
            serde_json::from_value(serde_json::json!({ "metadata": { "name": made.name } }))
                .expect("a namespace");
        run_apart(async || {
            Api::<core::Namespace>::all(client(kubeconfig).await)
                .create(&PostParams::default(), &object)
                .await
                .expect("the cluster makes a namespace");
        });
        made
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        run_apart(async || {
            let namespaces = Api::<core::Namespace>::all(client(&self.kubeconfig).await);
            if let Err(error) = namespaces.delete(&self.name, &DeleteParams::default()).await {
                eprintln!("namespace {} was not removed: {error}", self.name);
            }
        });
    }
}
