//! k3s's arguments, as gateways' tools give them to the image.

/// What is read of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// More names and addresses for the API server's certificate.
    pub tls_sans: Vec<String>,
    /// The bundled chart is not to be deployed: somebody else deploys one.
    pub no_chart: bool,
    /// Arguments that this image has no use for; said once, so that nobody waits for their effect.
    pub ignored: Vec<String>,
}

const DEPLOYED: [&str; 2] = ["traefik", gateway_names::WORKLOAD];

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
            // k3s calls what it brings and deploys by name. There is no traefik to disable here.
            ("--disable", Some(value)) if value.split(',').all(|name| DEPLOYED.contains(&name)) => {
                arguments.no_chart |= value.split(',').any(|name| name == gateway_names::WORKLOAD);
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
        assert!(!arguments.no_chart);
    }

    #[test]
    fn the_chart_is_disabled_by_its_name() {
        let words = ["--disable=traefik,openshell", "--disable", "coredns"].map(str::to_owned);
        let arguments = read(&words);
        assert!(arguments.no_chart);
        assert_eq!(arguments.ignored, ["--disable"]);
    }
}
