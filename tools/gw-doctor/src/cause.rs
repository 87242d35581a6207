//! What can be wrong with a gateway, and which of it only follows from something else.

use crate::question::Question;

/// A part of the gateway that causes are looked for in: a line of README's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// Docker itself.
    Docker,
    /// The container.
    Container,
    /// The gateway's port and its network.
    Network,
    /// Other runs of the driver.
    Runs,
    /// The Kubernetes node and what it keeps.
    Node,
    /// The gateway server.
    Server,
    /// The handshake secret and the certificates.
    Secrets,
    /// The machine that doctor runs on.
    ThisHost,
}

impl Area {
    /// All areas, in the order of README's table.
    pub const ALL: [Self; 8] = [
        Self::Docker,
        Self::Container,
        Self::Network,
        Self::Runs,
        Self::Node,
        Self::Server,
        Self::Secrets,
        Self::ThisHost,
    ];

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Docker => "Docker",
            Self::Container => "container",
            Self::Network => "port, network",
            Self::Runs => "runs",
            Self::Node => "node",
            Self::Server => "server",
            Self::Secrets => "secrets",
            Self::ThisHost => "this host",
        }
    }
}

/// One line a cause: `Name "its_word": GROUP, GROUP;`, where a group is a list of causes that it may only follow from.
macro_rules! causes {
    ($( $area:ident { $( #[doc = $meaning:literal] $cause:ident $word:literal: $( $group:expr ),*; )+ } )+) => {
        /// What can be wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Cause {
            $($( #[doc = $meaning] $cause, )+)+
            /// A tool could not tell, for a reason of its own: that reason is the finding's word.
            NotTold(Question),
        }

        impl Cause {
            /// All causes that have a word of their own.
            pub const ALL: &[Self] = &[$($( Self::$cause, )+)+];

            /// The stable word; `None` if it is the reason of a tool.
            pub fn word(self) -> Option<&'static str> {
                match self {
                    $($( Self::$cause => Some($word), )+)+
                    Self::NotTold(_) => None,
                }
            }

            /// Where it is looked for; `None` if that depends on the tool.
            pub fn area(self) -> Option<Area> {
                match self {
                    $($( Self::$cause => Some(Area::$area), )+)+
                    Self::NotTold(_) => None,
                }
            }

            /// The causes that it may only follow from: if one of them is found, too, this one is left out.
            pub fn follows_from(self) -> &'static [&'static [Cause]] {
                use Cause::*;
                match self {
                    $($( $cause => &[$( $group ),*], )+)+
                    NotTold(question) => untold(question),
                }
            }
        }
    };
}

causes! {
    Docker {
        /// Docker does not answer.
        DockerDown "docker_down": ;
        /// The user may not use Docker.
        DockerPermission "docker_permission": ;
    }
    Container {
        /// There is neither a container nor a volume.
        NoGateway "no_gateway": OTHER_RUN;
        /// Clients of this host know the gateway, and this Docker has nothing of it.
        VolumeMissing "volume_missing": OTHER_RUN;
        /// Something else has the container's name.
        NameConflict "name_conflict": ;
        /// The volume is there without its container.
        ContainerMissing "container_missing": NOT_CREATED, &[StartFailed];
        /// Docker could not remove the container.
        ContainerDead "container_dead": OTHER_RUN;
        /// Docker could not start the container.
        StartFailed "start_failed": NOT_CREATED;
        /// The container ended with an exit code of its own.
        ContainerExited "container_exited": NOT_CREATED, &[StartFailed];
        /// The container is stopped.
        Stopped "stopped": NOT_CREATED, &[StartFailed, ContainerExited];
        /// The container is paused.
        Paused "paused": OTHER_RUN;
        /// Docker starts the container again and again.
        Restarting "restarting": NOT_CREATED, &[StartFailed];
        /// The kernel ended the container for lack of memory.
        OutOfMemory "out_of_memory": ;
        /// The image is for another kind of processor.
        WrongArchitecture "wrong_architecture": ;
        /// Docker has no image, and cannot pull it.
        ImageUnavailable "image_unavailable": ;
        /// The supervisor of sandboxes is missing on the node.
        SupervisorMissing "supervisor_missing": OTHER_RUN;
    }
    Network {
        /// A process has the gateway's port.
        PortTakenByProcess "port_taken_by_process": OTHER_RUN;
        /// A container has the gateway's port.
        PortTakenByContainer "port_taken_by_container": OTHER_RUN;
        /// The container refers to a network that is gone.
        NetworkStale "network_stale": &[RunInProgress, InterruptedRun];
        /// Several networks have the gateway's name.
        NetworkDuplicate "network_duplicate": OTHER_RUN;
        /// Names do not resolve in the container.
        DnsBroken "dns_broken": &[NetworkStale, RunInProgress];
    }
    Runs {
        /// Another run works on the gateway.
        RunInProgress "run_in_progress": ;
        /// A run that replaced the container was interrupted.
        InterruptedRun "interrupted_run": OTHER_RUN;
    }
    Node {
        /// The disk is full.
        DiskFull "disk_full": ;
        /// The API server does not answer.
        ApiUnreachable "api_unreachable": API_AWAY, NOT_CREATED, &[StartFailed, DnsBroken];
        /// The namespace does not exist.
        NamespaceMissing "namespace_missing": API_AWAY, &[ApiUnreachable];
        /// The node is not Ready.
        NodeNotReady "node_not_ready": API_AWAY, &[ApiUnreachable];
        /// The node lacks memory, disk or processes.
        NodePressure "node_pressure": &[DiskFull];
        /// A node's container is gone.
        NodeStale "node_stale": ;
        /// A claim's volume is gone.
        ClaimLost "claim_lost": ;
    }
    Server {
        /// The server's image cannot be pulled.
        ImagePullBackOff "image_pull_back_off": ;
        /// The server ends again and again.
        ServerCrashes "server_crashes": &[SecretMissing, SecretInvalid, CertificateMissing, ClaimLost, NodePressure];
        /// The server's pod is not ready.
        ServerNotReady "server_not_ready": SERVER_AWAY, API_AWAY, NODE_AWAY;
        /// The endpoint does not answer gRPC.
        NotServing "not_serving": SERVER_AWAY, API_AWAY, NODE_AWAY, &[ServerNotReady, ClientBundleDiffers, ClientBundleMissing,
            CertificateExpired, CertificateInvalid, ClockSkew, NetworkStale];
        /// The gateway started a moment ago.
        Starting "starting": NOT_CREATED, &[StartFailed], API_AWAY, SERVER_AWAY;
    }
    Secrets {
        /// The handshake Secret does not exist.
        SecretMissing "secret_missing": OTHER_RUN;
        /// The handshake Secret holds no handshake secret.
        SecretInvalid "secret_invalid": ;
        /// A sandbox carries another handshake secret.
        HandshakeDiffers "handshake_differs": &[SecretMissing, SecretInvalid];
        /// The server has another handshake secret.
        ServerOutdated "server_outdated": &[SecretMissing, SecretInvalid];
        /// The server's certificate expired.
        ServerCertificateExpired "server_certificate_expired": &[ClockSkew, RunInProgress];
        /// Another certificate expired.
        CertificateExpired "certificate_expired": &[ClockSkew, RunInProgress];
        /// A certificate's Secret does not exist.
        CertificateMissing "certificate_missing": OTHER_RUN;
        /// A certificate is wrong.
        CertificateInvalid "certificate_invalid": &[ClockSkew, RunInProgress];
    }
    ThisHost {
        /// The clocks of this machine and of the node differ.
        ClockSkew "clock_skew": ;
        /// The kubeconfig is another cluster's.
        KubeconfigStale "kubeconfig_stale": OTHER_RUN;
        /// This host has no kubeconfig.
        KubeconfigMissing "kubeconfig_missing": NOT_CREATED, &[StartFailed, Restarting];
        /// The client bundle is not the cluster's.
        ClientBundleDiffers "client_bundle_differs": &[CertificateMissing, CertificateExpired, ServerCertificateExpired, RunInProgress];
        /// This host has no client bundle.
        ClientBundleMissing "client_bundle_missing": &[CertificateMissing, RunInProgress];
        /// Clients read another endpoint.
        MetadataStale "metadata_stale": &[RunInProgress, InterruptedRun];
    }
}

/// What is seen while another run works may be on its way.
const OTHER_RUN: &[Cause] = &[Cause::RunInProgress];

/// What keeps a container from being created.
const NOT_CREATED: &[Cause] = &[
    Cause::PortTakenByProcess,
    Cause::PortTakenByContainer,
    Cause::OutOfMemory,
    Cause::NetworkStale,
    Cause::WrongArchitecture,
    Cause::ImageUnavailable,
    Cause::InterruptedRun,
    Cause::RunInProgress,
    Cause::ContainerDead,
    Cause::NameConflict,
];

/// What keeps tools from the API.
const API_AWAY: &[Cause] = &[Cause::KubeconfigStale, Cause::KubeconfigMissing, Cause::DiskFull];

/// What keeps pods from running.
const NODE_AWAY: &[Cause] = &[
    Cause::ApiUnreachable,
    Cause::NamespaceMissing,
    Cause::NodeNotReady,
    Cause::Starting,
];

/// What keeps the server from serving.
const SERVER_AWAY: &[Cause] = &[
    Cause::SecretMissing,
    Cause::SecretInvalid,
    Cause::CertificateMissing,
    Cause::ImagePullBackOff,
    Cause::ServerCrashes,
    Cause::ClaimLost,
    Cause::NodePressure,
    Cause::ServerCertificateExpired,
];

/// What keeps a tool from an answer.
fn untold(question: Question) -> &'static [&'static [Cause]] {
    use Cause::*;
    match question {
        Question::Api => &[API_AWAY, NOT_CREATED, &[StartFailed, DnsBroken]],
        Question::Node | Question::Namespace => &[API_AWAY, &[ApiUnreachable]],
        Question::Nodes | Question::Secret | Question::Pki => {
            &[API_AWAY, NODE_AWAY, &[RunInProgress, NodePressure]]
        }
        Question::Detect
        | Question::Container
        | Question::Kubeconfig
        | Question::Rollout
        | Question::Grpc
        | Question::Sandboxes => &[],
    }
}
