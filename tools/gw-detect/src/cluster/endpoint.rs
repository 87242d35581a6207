//! Where clients reach the server from outside the cluster: a pure function of what the cluster has.

use gateway_place::Place;
use k8s_openapi::api::core::v1::{Node, ServicePort};
use k8s_openapi::api::networking::v1::{Ingress, IngressRule};

use super::observe::Observed;

/// An endpoint, and what gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `scheme://host:port`; `None` while a cloud makes it.
    pub endpoint: Option<String>,
    /// What gives it, for people; `None` if only a forward from this machine does.
    pub of: Option<String>,
    /// A cloud will give it.
    pub is_pending: bool,
}

impl Endpoint {
    /// One that was given, or what clients were told; `None` there: a forward.
    pub fn kept(place: &Place, told: Option<String>) -> Self {
        match (&place.endpoint, told) {
            (Some(given), _) => Self::given(given),
            (None, Some(told)) if told != forwarded(place) => Self {
                endpoint: Some(told),
                of: Some("what clients were told".to_owned()),
                is_pending: false,
            },
            _ => Self::forwarded(place),
        }
    }

    /// Does only a forward from this machine lead to the server?
    pub fn is_forwarded(&self) -> bool {
        self.of.is_none()
    }

    fn given(endpoint: &str) -> Self {
        Self {
            endpoint: Some(endpoint.to_owned()),
            of: Some("--endpoint".to_owned()),
            is_pending: false,
        }
    }

    fn forwarded(place: &Place) -> Self {
        Self {
            endpoint: Some(forwarded(place)),
            of: None,
            is_pending: false,
        }
    }
}

fn forwarded(place: &Place) -> String {
    format!("{}://127.0.0.1:{}", place.scheme, place.forward_port)
}

/// The endpoint: one that was given, the load balancer's, an Ingress's, the node port's, else a forward's.
pub fn find(place: &Place, observed: &Observed) -> Endpoint {
    if let Some(given) = &place.endpoint {
        return Endpoint::given(given);
    }
    of_load_balancer(place, observed)
        .or_else(|| {
            observed
                .ingresses
                .iter()
                .find_map(|ingress| of_ingress(place, ingress))
        })
        .or_else(|| of_node_port(place, observed))
        .unwrap_or_else(|| Endpoint::forwarded(place))
}

fn of_load_balancer(place: &Place, observed: &Observed) -> Option<Endpoint> {
    let (service, port) = service_of_type("LoadBalancer", observed)?;
    let made = service
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref());
    let address = made
        .and_then(|made| made.ingress.as_ref()?.first())
        .and_then(|entry| entry.ip.as_ref().or(entry.hostname.as_ref()));
    Some(Endpoint {
        endpoint: address.map(|address| addressed(place.scheme, address, port.port)),
        of: Some(format!("the load balancer of service {}", place.service)),
        is_pending: address.is_none(),
    })
}

fn of_ingress(place: &Place, ingress: &Ingress) -> Option<Endpoint> {
    let rules = ingress.spec.as_ref()?.rules.as_ref()?;
    let host = rules
        .iter()
        .find(|rule| leads_to(rule, &place.service))?
        .host
        .as_ref()?;
    let endpoint = if is_secured(ingress, host) {
        format!("https://{host}:443")
    } else {
        format!("http://{host}:80")
    };
    Some(Endpoint {
        endpoint: Some(endpoint),
        of: Some(format!(
            "ingress {}",
            ingress.metadata.name.as_deref().unwrap_or_default()
        )),
        is_pending: false,
    })
}

/// Does a rule for a host lead to this Service?
fn leads_to(rule: &IngressRule, service: &str) -> bool {
    let paths = rule
        .http
        .as_ref()
        .map(|http| http.paths.as_slice())
        .unwrap_or_default();
    rule.host.is_some()
        && paths
            .iter()
            .filter_map(|path| path.backend.service.as_ref())
            .any(|backend| backend.name == service)
}

/// TLS to the server's own certificate is passed on by a controller only if it is told so; else the controller ends it.
fn is_secured(ingress: &Ingress, host: &str) -> bool {
    let annotations = ingress.metadata.annotations.iter().flatten();
    let passes_on = |(name, value): (&String, &String)| name.ends_with("/ssl-passthrough") && value == "true";
    let mut tls = ingress.spec.iter().filter_map(|spec| spec.tls.as_ref()).flatten();
    annotations.into_iter().any(passes_on)
        || tls.any(|tls| {
            let hosts = tls.hosts.as_ref();
            hosts.is_none_or(|hosts| hosts.iter().any(|named| named == host))
        })
}

fn of_node_port(place: &Place, observed: &Observed) -> Option<Endpoint> {
    let (_, port) = service_of_type("NodePort", observed)?;
    let ready = || observed.nodes.iter().filter(|node| is_ready(node));
    let address = ready()
        .find_map(|node| address_of(node, "ExternalIP"))
        .or_else(|| ready().find_map(|node| address_of(node, "InternalIP")))?;
    Some(Endpoint {
        endpoint: Some(addressed(place.scheme, address, port.node_port?)),
        of: Some(format!("the node port of service {}", place.service)),
        is_pending: false,
    })
}

fn service_of_type<'a>(
    of_type: &str,
    observed: &'a Observed,
) -> Option<(&'a k8s_openapi::api::core::v1::Service, &'a ServicePort)> {
    let service = observed.service.as_ref()?;
    let spec = service.spec.as_ref()?;
    let port = spec.ports.as_ref()?.first()?;
    (spec.type_.as_deref() == Some(of_type)).then_some((service, port))
}

fn is_ready(node: &Node) -> bool {
    kube_session::ready_condition(node).is_some_and(|condition| condition.status == "True")
}

fn address_of<'a>(node: &'a Node, of_type: &str) -> Option<&'a str> {
    let addresses = node.status.as_ref()?.addresses.as_ref()?;
    let found = addresses.iter().find(|address| address.type_ == of_type)?;
    Some(&found.address)
}

fn addressed(scheme: &str, host: &str, port: i32) -> String {
    if host.contains(':') {
        format!("{scheme}://[{host}]:{port}")
    } else {
        format!("{scheme}://{host}:{port}")
    }
}

#[cfg(test)]
mod tests;
