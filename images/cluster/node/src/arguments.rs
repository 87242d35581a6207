//! k3s's arguments, as gateways' tools give them to the image.

/// What is read of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// More names and addresses for the API server's certificate.
    pub tls_sans: Vec<String>,
    /// The bundled chart is not to be deployed: somebody else deploys one.
    pub no_chart: bool,
    /// Somebody brings a DNS server of their own, behind a Service with the address of this one.
    pub without_dns: bool,
    /// Arguments that this image has no use for; said once, so that nobody waits for their effect.
    pub ignored: Vec<String>,
}

/// Reads `--flag=value` and `--flag value`.
pub fn read(words: &[String]) -> Arguments {
    let mut arguments = Arguments::default();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (
                word.as_str(),
                words.next_if(|next| !next.starts_with('-')).cloned(),
            ),
        };
        match (flag, value) {
            ("--tls-san", Some(value)) => {
                arguments
                    .tls_sans
                    .extend(value.split(',').filter(|san| !san.is_empty()).map(str::to_owned));
            }
            ("--disable", Some(value)) => {
                for name in value.split(',') {
                    match name {
                        // There is no traefik to disable here.
                        "traefik" => {}
                        // k3s's name for its DNS server.
                        "coredns" => arguments.without_dns = true,
                        // Somebody deploys a chart of their own.
                        gateway_names::WORKLOAD => arguments.no_chart = true,
                        _ => arguments.ignored.push(format!("--disable={name}")),
                    }
                }
            }
            _ => arguments.ignored.push(word.clone()),
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn reads_both_forms_and_names_what_it_ignores() {
        let words = [
            "--disable=traefik",
            "--tls-san=127.0.0.1,localhost",
            "--tls-san",
            "gw.example",
            "--etcd-x",
            "1",
            "-v",
        ];
        let arguments = read(&words.map(str::to_owned));
        assert_eq!(arguments.tls_sans, ["127.0.0.1", "localhost", "gw.example"]);
        assert_eq!(arguments.ignored, ["--etcd-x", "-v"]);
        assert!(!arguments.no_chart && !arguments.without_dns);
    }

    #[test]
    fn the_chart_is_disabled_by_its_name() {
        let words = ["--disable=traefik,openshell", "--disable", "coredns"].map(str::to_owned);
        let arguments = read(&words);
        assert!(arguments.no_chart && arguments.without_dns);
        assert!(arguments.ignored.is_empty(), "{:?}", arguments.ignored);
    }

    #[test]
    fn dns_is_disabled_by_the_name_that_k3s_has_for_it() {
        for words in [
            &["--disable=coredns"][..],
            &["--disable", "traefik,coredns"],
            &["--disable=traefik", "--disable=coredns"],
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let arguments = read(&words);
            assert!(arguments.without_dns, "{words:?}");
            assert!(arguments.ignored.is_empty(), "{words:?}");
        }
        let ignored = read(&["--disable=traefik,servicelb".to_owned()]).ignored;
        assert_eq!(ignored, ["--disable=servicelb"]);
    }
}
