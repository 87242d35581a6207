//! k3s's arguments, as gateways' tools give them to the image.

/// What is read of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// More names and addresses for the API server's certificate.
    pub tls_sans: Vec<String>,
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
            // There is no traefik to disable here.
            ("--disable", Some(value)) if value == "traefik" => {}
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
    }
}
