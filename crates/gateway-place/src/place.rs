//! Where a gateway on a cluster is: what was kept of it at its start, and what flags say.

use client_files::GatewayFolder;
use contract::{CommonFlags, Failure};
use kube_session::{Cluster, Workload};

use crate::{FORWARD_PORT, PlaceFile, ServerNames, named_over};

/// A gateway's place on a cluster.
#[derive(Clone, Debug)]
pub struct Place {
    /// Cluster and namespace.
    pub cluster: Cluster,
    /// The namespace's uid at the gateway's first start; `None` if nothing was kept.
    pub namespace_uid: Option<String>,
    /// The server's workload.
    pub workload: Workload,
    /// The server's Service.
    pub service: String,
    /// The endpoint that somebody gave.
    pub endpoint: Option<String>,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// The port of this machine that leads to the server if nothing of the cluster does.
    pub forward_port: u16,
}

impl Place {
    /// The place that flags name, or that was kept of the gateway; `None` for a gateway in a container.
    ///
    /// # Errors
    /// `cluster_file_invalid` (78) if what was kept cannot be read.
    pub fn of(folder: &GatewayFolder, flags: &CommonFlags) -> Result<Option<Self>, Failure> {
        let kept = Self::kept(folder)?;
        let is_named = flags.kubeconfig.is_some() || flags.context.is_some() || flags.namespace.is_some();
        if !is_named {
            return Ok(kept);
        }
        let place = kept.unwrap_or_else(|| Self::unkept(flags.namespace()));
        Ok(Some(place.named_by(flags)))
    }

    /// Where the gateway's Kubernetes is reached, in a container or on a cluster. A container's is reached by the kubeconfig in the
    /// gateway's folder.
    ///
    /// # Errors
    /// As [`Place::of`].
    pub fn of_any(folder: &GatewayFolder, flags: &CommonFlags) -> Result<Self, Failure> {
        let place = match Self::kept(folder)? {
            Some(kept) => kept,
            None => {
                let mut place = Self::unkept(flags.namespace());
                place.cluster.kubeconfig = Some(folder.kubeconfig());
                place.serving(ServerNames::of(folder)?)
            }
        };
        Ok(place.named_by(flags))
    }

    fn named_by(self, flags: &CommonFlags) -> Self {
        Self {
            cluster: named_over(Some(self.cluster), flags),
            ..self
        }
    }

    fn serving(self, names: ServerNames) -> Self {
        self.with(Some(names.workload), Some(names.service))
    }

    /// The same with a server of these names, if they are given.
    #[must_use]
    pub fn with(self, workload: Option<Workload>, service: Option<String>) -> Self {
        Self {
            workload: workload.unwrap_or(self.workload),
            service: service.unwrap_or(self.service),
            ..self
        }
    }

    /// The place that was kept of the gateway.
    ///
    /// # Errors
    /// As [`Place::of`].
    pub fn kept(folder: &GatewayFolder) -> Result<Option<Self>, Failure> {
        let Some(kept) = PlaceFile::read(folder)? else {
            return Ok(None);
        };
        let mut place = Self::unkept(&kept.namespace);
        place.cluster = kept.cluster();
        place.namespace_uid = kept.namespace_uid;
        place.endpoint = kept.endpoint;
        place.forward_port = kept.forward_port;
        if kept.spec.plaintext {
            place.scheme = "http";
        }
        Ok(Some(place.serving(ServerNames::of(folder)?)))
    }

    /// A place of which nothing was kept.
    pub fn unkept(namespace: &str) -> Self {
        let ServerNames { workload, service } = ServerNames::default();
        Self {
            cluster: Cluster {
                kubeconfig: None,
                context: None,
                namespace: namespace.to_owned(),
            },
            namespace_uid: None,
            workload,
            service,
            endpoint: None,
            scheme: "https",
            forward_port: FORWARD_PORT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use client_files::ClientFiles;

    fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, GatewayFolder) {
        let home = tempfile::tempdir().expect("a folder");
        let folder = ClientFiles::in_folder(home.path()).gateway(&"g".parse().expect("a name"));
        for (name, text) in files {
            folder.write_private(name, text.as_bytes()).expect("a file");
        }
        (home, folder)
    }

    const KEPT: &str = r#"{"kubeconfig":"/k","context":"c","namespace":"team","namespace_uid":"u","endpoint":null,
        "forward_port":9000,"spec":{"plaintext":true,"disable_gateway_auth":false}}"#;

    #[test]
    fn what_was_kept_is_the_place() {
        let (_home, folder) = folder(&[("cluster.json", KEPT)]);
        let place = Place::of(&folder, &CommonFlags::default())
            .expect("it is read")
            .expect("a place");
        assert_eq!(place.cluster.kubeconfig, Some("/k".into()));
        assert_eq!(place.cluster.context.as_deref(), Some("c"));
        assert_eq!(place.cluster.namespace, "team");
        assert_eq!((place.scheme, place.forward_port), ("http", 9000));
        assert_eq!(place.service, "openshell");
    }

    #[test]
    fn a_server_of_another_name_counts_once_it_is_deployed() {
        let facts = r#""facts_of":"r","facts":{"workload":"deployment/gw","service":"entry"}}"#;
        for (release, workload, service) in [
            (r#"{"release":"r","#, "deployment/gw", "entry"),
            (r#"{"release":null,"#, "statefulset/openshell", "openshell"),
            (r#"{"release":"other","#, "statefulset/openshell", "openshell"),
        ] {
            let deployment = format!("{release}{facts}");
            let (_home, folder) = folder(&[("cluster.json", KEPT), ("deployment.json", &deployment)]);
            let place = Place::kept(&folder).expect("it is read").expect("a place");
            assert_eq!(
                (place.workload.to_string().as_str(), place.service.as_str()),
                (workload, service)
            );
            let names = ServerNames::of(&folder).expect("it is read");
            assert_eq!((names.workload, names.service), (place.workload, place.service));
        }
    }

    #[test]
    fn a_flag_names_another_place() {
        let (_home, folder) = folder(&[]);
        assert!(
            Place::of(&folder, &CommonFlags::default())
                .expect("it is read")
                .is_none()
        );
        let given = CommonFlags {
            context: Some("x".to_owned()),
            ..CommonFlags::default()
        };
        let place = Place::of(&folder, &given).expect("it is read").expect("a place");
        assert_eq!(place.cluster.context.as_deref(), Some("x"));
        assert_eq!(place.cluster.namespace, "openshell");
    }

    #[test]
    fn another_file_has_other_contexts() {
        let (_home, folder) = folder(&[("cluster.json", KEPT)]);
        let given = CommonFlags {
            kubeconfig: Some("/other".into()),
            ..CommonFlags::default()
        };
        let place = Place::of(&folder, &given).expect("it is read").expect("a place");
        assert_eq!(place.cluster.context, None);
        assert_eq!(place.cluster.namespace, "team");
    }

    #[test]
    fn a_container_is_reached_by_its_own_kubeconfig() {
        let deployment = r#"{"release":"r","facts_of":"r","facts":{"service":"entry"}}"#;
        let (_home, folder) = folder(&[("deployment.json", deployment)]);
        let place = Place::of_any(&folder, &CommonFlags::default()).expect("it is read");
        assert_eq!(place.cluster.kubeconfig, Some(folder.kubeconfig()));
        assert_eq!(
            (place.cluster.namespace.as_str(), place.service.as_str()),
            ("openshell", "entry")
        );
        let given = CommonFlags {
            kubeconfig: Some("/other".into()),
            namespace: Some("n".to_owned()),
            ..CommonFlags::default()
        };
        let cluster = Place::of_any(&folder, &given).expect("it is read").cluster;
        assert_eq!(
            (cluster.kubeconfig, cluster.namespace),
            (Some("/other".into()), "n".to_owned())
        );
        folder
            .write_private("cluster.json", KEPT.as_bytes())
            .expect("a file");
        let place = Place::of_any(&folder, &CommonFlags::default()).expect("it is read");
        assert_eq!(place.cluster.kubeconfig, Some("/k".into()));
    }

    #[test]
    fn a_broken_file_is_no_absence() {
        let (_home, folder) = folder(&[("cluster.json", "{")]);
        let failure = Place::of(&folder, &CommonFlags::default()).expect_err("a failure");
        assert_eq!(failure.reason, "cluster_file_invalid");
    }
}
