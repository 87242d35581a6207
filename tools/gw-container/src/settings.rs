//! What is wanted: flag, environment, what is persisted with the gateway, default.

use contract::Failure;
use gateway_facts::Spec;

use crate::flags::EnsureFlags;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The specification. An empty image was never named; an empty node name is not known yet.
    pub spec: Spec,
    /// The image was named by flag or environment, not taken from what is persisted.
    pub image_named: bool,
}

/// The flags over the environment's image over what is persisted over the defaults.
pub fn wanted(
    flags: &EnsureFlags,
    image_variable: Option<String>,
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
        .or(image_variable.filter(|image| !image.is_empty()));
    let image_named = image.is_some();
    set(&mut spec.image, image);
    set(&mut spec.port, flags.port);
    set(&mut spec.bind, flags.bind);
    set(&mut spec.confinement, flags.confinement);
    if !flags.tls_san.is_empty() {
        spec.tls_sans.clone_from(&flags.tls_san);
    }
    join_gateway_host(&mut spec, flags.gateway_host.as_deref());
    spec.plaintext = (spec.plaintext || flags.plaintext) && !flags.no_plaintext;
    spec.disable_gateway_auth =
        (spec.disable_gateway_auth || flags.disable_gateway_auth) && !flags.enable_gateway_auth;
    Ok(Wanted { spec, image_named })
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
            let wanted = wanted(&flags, variable.map(str::to_owned), kept.as_ref()).unwrap();
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
        let spec = wanted(&flags, None, Some(&persisted())).unwrap().spec;
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
            wanted(&flags, None, Some(persisted)).unwrap().spec
        };
        let one = named("one", &persisted());
        assert_eq!(one.tls_sans, ["a", "one"]);
        assert_eq!(named("one", &one), one);
        assert_eq!(named("two", &one).tls_sans, ["a", "two"]);
    }

    #[test]
    fn contradictions_are_refused() {
        let flags = EnsureFlags {
            plaintext: true,
            no_plaintext: true,
            ..EnsureFlags::default()
        };
        assert_eq!(wanted(&flags, None, None).unwrap_err().exit.code(), 2);
    }
}
