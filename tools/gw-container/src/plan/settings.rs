//! What is wanted: flag, environment, what is persisted with the gateway, default.

use std::net::Ipv4Addr;

use contract::Failure;
use gateway_facts::{Proxies, Spec};

use crate::flags::EnsureFlags;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The specification. An empty image was never named; an empty node name is not known yet.
    pub spec: Spec,
    /// The image was named by flag or environment, not taken from what is persisted.
    pub image_named: bool,
}

/// What the environment says.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// OPENSHELL_CLUSTER_IMAGE.
    pub image: Option<String>,
    /// HTTP_PROXY and friends. Only a new gateway takes them: a login, a cron job and a service have different ones.
    pub proxies: Proxies,
    /// How clients reach Docker's machine, where that is another one. Only a new gateway takes it.
    pub machine: Option<String>,
}

impl Environment {
    /// Of this process. Empty variables count as unset.
    pub fn of_process(machine: Option<&str>) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let either = |name: &str| variable(name).or_else(|| variable(&name.to_lowercase()));
        // What has a password in it must not be seen in a label, and one on this machine alone is no way out of the container.
        let usable = |text: &String| {
            let local = ["127.", "localhost", "[::1]"]
                .iter()
                .any(|host| text.contains(&format!("://{host}")));
            !text.contains('@') && !local
        };
        Self {
            image: variable("OPENSHELL_CLUSTER_IMAGE"),
            proxies: Proxies {
                http: either("HTTP_PROXY").filter(usable),
                https: either("HTTPS_PROXY").filter(usable),
                no_proxy: either("NO_PROXY"),
            },
            machine: machine.map(str::to_owned),
        }
    }
}

/// The flags over the environment's image over what is persisted over the defaults.
pub fn wanted(
    flags: &EnsureFlags,
    environment: Environment,
    persisted: Option<&Spec>,
) -> Result<Wanted, Failure> {
    for (one, other) in [
        (
            flags.plaintext && flags.no_plaintext,
            "--plaintext and --no-plaintext",
        ),
        (
            flags.disable_gateway_auth && flags.enable_gateway_auth,
            "--disable-gateway-auth and --enable-gateway-auth",
        ),
        (flags.gpu && flags.no_gpu, "--gpu and --no-gpu"),
    ] {
        if one {
            return Err(Failure::usage(
                format!("{other} contradict each other"),
                "give one of them",
            ));
        }
    }
    let mut spec = persisted
        .cloned()
        .unwrap_or_else(|| Spec::parse(br#"{"image":"","node_name":""}"#).expect("has all that is required"));
    let image = flags
        .image
        .clone()
        .or(environment.image.filter(|image| !image.is_empty()));
    let image_named = image.is_some();
    set(&mut spec.image, image);
    set(&mut spec.port, flags.port);
    let elsewhere = environment.machine.filter(|_| persisted.is_none());
    if elsewhere.is_some() {
        // Who starts a gateway on another machine wants to reach it from here.
        spec.bind = Ipv4Addr::UNSPECIFIED.into();
    }
    set(&mut spec.bind, flags.bind);
    set(&mut spec.confinement, flags.confinement);
    if !flags.tls_san.is_empty() {
        spec.tls_sans.clone_from(&flags.tls_san);
    }
    if persisted.is_none() && (environment.proxies.http.is_some() || environment.proxies.https.is_some()) {
        spec.proxies = environment.proxies;
    }
    further(&mut spec, flags);
    let reached = elsewhere.filter(|_| !spec.bind.is_loopback());
    join_gateway_host(&mut spec, flags.gateway_host.as_deref().or(reached.as_deref()));
    spec.plaintext = (spec.plaintext || flags.plaintext) && !flags.no_plaintext;
    spec.disable_gateway_auth =
        (spec.disable_gateway_auth || flags.disable_gateway_auth) && !flags.enable_gateway_auth;
    Ok(Wanted { spec, image_named })
}

/// Settings that are applied one by one. A list replaces the persisted one.
fn further(spec: &mut Spec, flags: &EnsureFlags) {
    let registry = &mut spec.registry;
    for (field, value) in [
        (&mut registry.host, &flags.registry_host),
        (&mut registry.endpoint, &flags.registry_endpoint),
        (&mut registry.repo_base, &flags.image_repo_base),
        (&mut registry.image_tag, &flags.image_tag),
        (&mut registry.pull_policy, &flags.image_pull_policy),
        (&mut spec.proxies.http, &flags.http_proxy),
        (&mut spec.proxies.https, &flags.https_proxy),
        (&mut spec.proxies.no_proxy, &flags.no_proxy),
    ] {
        set(field, value.clone().map(Some));
    }
    registry.insecure |= flags.registry_insecure;
    for (field, value) in [
        (&mut registry.push_image_refs, &flags.push_image_ref),
        (&mut spec.extra_hosts, &flags.extra_host),
        (&mut spec.mounts, &flags.mount),
        (&mut spec.environment, &flags.env),
        (&mut spec.k3s_args, &flags.k3s_arg),
    ] {
        if !value.is_empty() {
            field.clone_from(value);
        }
    }
    if !flags.dns.is_empty() {
        spec.dns.clone_from(&flags.dns);
    }
    spec.gpu = (spec.gpu || flags.gpu) && !flags.no_gpu;
}

/// The certificates must be valid for the gateway's host: it is one of the TLS names, and the former one is not.
fn join_gateway_host(spec: &mut Spec, named: Option<&str>) {
    if let Some(host) = named {
        let former = spec.gateway_host.replace(host.to_owned());
        spec.tls_sans.retain(|name| Some(name) != former.as_ref());
    }
    if let Some(host) = spec
        .gateway_host
        .clone()
        .filter(|host| !spec.tls_sans.contains(host))
    {
        spec.tls_sans.push(host);
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn persisted() -> Spec {
        Spec::parse(br#"{"image":"kept","node_name":"n","port":9000,"plaintext":true,"tls_sans":["a"]}"#)
            .unwrap()
    }

    #[test]
    fn flag_over_environment_over_persisted_over_default() {
        let image = |flag: Option<&str>, variable: Option<&str>, kept: bool| {
            let flags = EnsureFlags {
                image: flag.map(str::to_owned),
                ..EnsureFlags::default()
            };
            let kept = kept.then(persisted);
            let environment = Environment {
                image: variable.map(str::to_owned),
                ..Environment::default()
            };
            let wanted = wanted(&flags, environment, kept.as_ref()).unwrap();
            (wanted.spec.image, wanted.image_named)
        };
        assert_eq!(image(None, None, false), (String::new(), false));
        assert_eq!(image(None, None, true), ("kept".into(), false));
        assert_eq!(image(None, Some(""), true), ("kept".into(), false));
        assert_eq!(image(None, Some("e"), true), ("e".into(), true));
        assert_eq!(image(Some("f"), Some("e"), true), ("f".into(), true));
    }

    #[test]
    fn what_no_flag_names_stays_as_persisted() {
        let flags = EnsureFlags {
            port: Some(1),
            no_plaintext: true,
            disable_gateway_auth: true,
            ..EnsureFlags::default()
        };
        let spec = wanted(&flags, Environment::default(), Some(&persisted()))
            .unwrap()
            .spec;
        assert_eq!(
            spec,
            Spec {
                port: 1,
                plaintext: false,
                disable_gateway_auth: true,
                ..persisted()
            }
        );
    }

    #[test]
    fn the_gateways_host_is_a_tls_name_and_its_predecessor_is_none() {
        let named = |host: &str, persisted: &Spec| {
            let flags = EnsureFlags {
                gateway_host: Some(host.to_owned()),
                ..EnsureFlags::default()
            };
            wanted(&flags, Environment::default(), Some(persisted))
                .unwrap()
                .spec
        };
        let one = named("one", &persisted());
        assert_eq!(one.tls_sans, ["a", "one"]);
        assert_eq!(named("one", &one), one);
        assert_eq!(named("two", &one).tls_sans, ["a", "two"]);
    }

    #[test]
    fn lists_replace_what_was_persisted_and_only_a_new_gateway_takes_the_environments_proxies() {
        let environment = Environment {
            image: None,
            proxies: Proxies {
                http: Some("http://proxy:1".into()),
                ..Proxies::default()
            },
            machine: None,
        };
        let flags = EnsureFlags {
            k3s_arg: vec!["--x".into()],
            registry_host: Some("r".into()),
            gpu: true,
            ..EnsureFlags::default()
        };
        let new = wanted(&flags, environment.clone(), None).unwrap().spec;
        assert_eq!(new.proxies.http.as_deref(), Some("http://proxy:1"));
        assert_eq!(
            (new.k3s_args.clone(), new.registry.host.as_deref(), new.gpu),
            (vec!["--x".to_owned()], Some("r"), true)
        );
        let kept = wanted(&EnsureFlags::default(), environment, Some(&persisted()))
            .unwrap()
            .spec;
        assert_eq!(kept.proxies, Proxies::default());
        let off = EnsureFlags {
            no_gpu: true,
            k3s_arg: vec!["--y".into()],
            ..EnsureFlags::default()
        };
        let changed = wanted(&off, Environment::default(), Some(&new)).unwrap().spec;
        assert_eq!(
            (changed.k3s_args, changed.gpu, changed.registry.host),
            (vec!["--y".to_owned()], false, Some("r".into()))
        );
    }

    #[test]
    fn a_new_gateway_on_another_machine_is_published_where_clients_reach_it() {
        let environment = Environment {
            machine: Some("far".into()),
            ..Environment::default()
        };
        let on_far = |bind: Option<&str>, persisted: Option<&Spec>| {
            let flags = EnsureFlags {
                bind: bind.map(|bind| bind.parse().unwrap()),
                ..EnsureFlags::default()
            };
            let spec = wanted(&flags, environment.clone(), persisted).unwrap().spec;
            (spec.bind.to_string(), spec.gateway_host, spec.tls_sans.join(" "))
        };
        let reached = ("0.0.0.0".to_owned(), Some("far".to_owned()), "far".to_owned());
        assert_eq!(on_far(None, None), reached);
        assert_eq!(on_far(Some("192.0.2.7"), None).1, Some("far".into()));
        assert_eq!(on_far(Some("127.0.0.1"), None).1, None);
        let kept = ("127.0.0.1".to_owned(), None, "a".to_owned());
        assert_eq!(on_far(None, Some(&persisted())), kept);
    }

    #[test]
    fn contradictions_are_refused() {
        let flags = EnsureFlags {
            plaintext: true,
            no_plaintext: true,
            ..EnsureFlags::default()
        };
        assert_eq!(
            wanted(&flags, Environment::default(), None)
                .unwrap_err()
                .exit
                .code(),
            2
        );
    }
}
