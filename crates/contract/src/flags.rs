//! Flags that tools share, read before the tool's own, wherever they stand on the command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::duration::parse_duration;

/// Which of the shared flags a tool has.
#[derive(Clone, Copy, Debug, Default)]
pub struct SharedFlags {
    /// `--gateway`.
    pub gateway: bool,
    /// `--docker-host` and `--ssh-key`.
    pub docker: bool,
    /// `--kubeconfig`, `--context`, `--namespace`.
    pub kubernetes: bool,
    /// `--dry-run`.
    pub dry_run: bool,
    /// `--lock-fd` and `--lock-timeout`.
    pub lock: bool,
    /// The default of `--timeout`.
    pub timeout: Duration,
}

/// The values of the shared flags.
#[derive(Clone, Debug, Default)]
pub struct CommonFlags {
    /// Only warnings and the error on standard error.
    pub quiet: bool,
    /// No colour, whatever the terminal can do.
    pub no_color: bool,
    /// How long the whole run may take.
    pub timeout: Duration,
    /// The gateway that was named on the command line.
    pub gateway: Option<String>,
    /// The Docker that was named on the command line.
    pub docker_host: Option<String>,
    /// The private key for a Docker behind ssh that was named on the command line.
    pub ssh_key: Option<PathBuf>,
    /// The kubeconfig file that was named on the command line.
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context that was named on the command line.
    pub context: Option<String>,
    /// The Kubernetes namespace that was named on the command line.
    pub namespace: Option<String>,
    /// Only the plan is wanted.
    pub dry_run: bool,
    /// An open descriptor that holds the gateway's lock already.
    pub lock_fd: Option<i32>,
    /// How long to wait for another run's lock.
    pub lock_timeout: Duration,
}

impl CommonFlags {
    /// The Kubernetes namespace: `openshell` if none was named.
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("openshell")
    }
}

/// What a flag is named and whether a value follows; `None` where the tool has no such flag.
fn takes_value(shared: &SharedFlags, flag: &str) -> Option<bool> {
    let (has, value) = match flag {
        "--quiet" | "--no-color" => (true, false),
        "--timeout" => (true, true),
        "--dry-run" => (shared.dry_run, false),
        "--gateway" => (shared.gateway, true),
        "--docker-host" | "--ssh-key" => (shared.docker, true),
        "--kubeconfig" | "--context" | "--namespace" => (shared.kubernetes, true),
        "--lock-fd" | "--lock-timeout" => (shared.lock, true),
        _ => (false, false),
    };
    has.then_some(value)
}

/// Splits `--flag=value` in two words, up to a `--`.
fn split_equal_signs(arguments: Vec<String>) -> Vec<String> {
    let mut words = Vec::with_capacity(arguments.len());
    let mut only_positionals = false;
    for word in arguments {
        only_positionals |= word == "--";
        match word.split_once('=') {
            Some((flag, value)) if !only_positionals && flag.len() > 2 && flag.starts_with("--") => {
                words.push(flag.to_owned());
                words.push(value.to_owned());
            }
            _ => words.push(word),
        }
    }
    words
}

/// argh takes a `-` for a misspelt flag: a positional one goes behind `--`, where it is a value. Behind a flag it
/// is that flag's value already.
fn positional_dash_last(words: Vec<String>) -> Vec<String> {
    if words.iter().any(|word| word == "--") {
        return words;
    }
    let mut kept = Vec::with_capacity(words.len() + 2);
    let mut dashes = 0;
    for word in words {
        if word == "-"
            && !kept
                .last()
                .is_some_and(|before: &String| before.starts_with("--"))
        {
            dashes += 1;
        } else {
            kept.push(word);
        }
    }
    if dashes > 0 {
        kept.push("--".to_owned());
        kept.extend(std::iter::repeat_n("-".to_owned(), dashes));
    }
    kept
}

/// Takes the shared flags out of the command line (without the program's name). What is left is for the tool.
pub fn take_shared(
    shared: &SharedFlags,
    arguments: Vec<String>,
) -> Result<(CommonFlags, Vec<String>), String> {
    let mut common = CommonFlags {
        timeout: shared.timeout,
        ..CommonFlags::default()
    };
    let duration =
        |value: &str, flag: &str| parse_duration(value).map_err(|error| format!("{flag}: {error}"));
    let mut own = Vec::new();
    let mut words = split_equal_signs(arguments).into_iter();
    while let Some(word) = words.next() {
        if word == "--" {
            own.push(word);
            own.extend(words.by_ref());
            break;
        }
        let Some(value_follows) = takes_value(shared, &word) else {
            own.push(word);
            continue;
        };
        let value = if value_follows {
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            if value.is_empty() {
                return Err(format!("{word} needs a value that is not empty"));
            }
            value
        } else {
            String::new()
        };
        match word.as_str() {
            "--quiet" => common.quiet = true,
            "--no-color" => common.no_color = true,
            "--dry-run" => common.dry_run = true,
            "--timeout" => common.timeout = duration(&value, &word)?,
            "--lock-timeout" => common.lock_timeout = duration(&value, &word)?,
            "--lock-fd" => {
                let number = value
                    .parse()
                    .map_err(|_| format!("--lock-fd: '{value}' is no descriptor"))?;
                common.lock_fd = Some(number);
            }
            "--gateway" => common.gateway = Some(value),
            "--docker-host" => common.docker_host = Some(value),
            "--ssh-key" => common.ssh_key = Some(value.into()),
            "--kubeconfig" => common.kubeconfig = Some(value.into()),
            "--context" => common.context = Some(value),
            _ => common.namespace = Some(value),
        }
    }
    Ok((common, positional_dash_last(own)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: SharedFlags = SharedFlags {
        gateway: true,
        docker: true,
        kubernetes: true,
        dry_run: true,
        lock: true,
        timeout: Duration::from_secs(90),
    };

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn takes_shared_flags_wherever_they_stand() {
        let (common, own) = take_shared(
            &ALL,
            words("api --timeout=5s --color=x --gateway g --dry-run --lock-fd 7 --lock-timeout=1m more"),
        )
        .unwrap();
        assert_eq!(common.timeout, Duration::from_secs(5));
        assert_eq!(common.gateway.as_deref(), Some("g"));
        assert!(common.dry_run);
        assert_eq!(
            (common.lock_fd, common.lock_timeout),
            (Some(7), Duration::from_secs(60))
        );
        assert_eq!(own, words("api --color x more"));
    }

    #[test]
    fn leaves_flags_that_the_tool_does_not_share() {
        let (_, own) = take_shared(&SharedFlags::default(), words("--gateway g --dry-run")).unwrap();
        assert_eq!(own, words("--gateway g --dry-run"));
    }

    #[test]
    fn a_dash_is_a_value_behind_a_flag_and_a_positional_elsewhere() {
        assert_eq!(
            take_shared(&ALL, words("restore -")).unwrap().1,
            words("restore -- -")
        );
        assert_eq!(
            take_shared(&ALL, words("export --file - x")).unwrap().1,
            words("export --file - x")
        );
        assert_eq!(
            take_shared(&ALL, words("export --file=-")).unwrap().1,
            words("export --file -")
        );
    }

    #[test]
    fn leaves_everything_behind_two_dashes() {
        let (common, own) = take_shared(&ALL, words("run -- --quiet --a=b")).unwrap();
        assert!(!common.quiet);
        assert_eq!(own, words("run -- --quiet --a=b"));
    }

    #[test]
    fn says_what_is_wrong() {
        for (line, needle) in [
            ("--timeout", "needs a value"),
            ("--timeout 5", "not a duration"),
            ("--gateway=", "not empty"),
            ("--lock-fd x", "no descriptor"),
            ("--lock-timeout 5", "not a duration"),
        ] {
            let error = take_shared(&ALL, words(line)).unwrap_err();
            assert!(error.contains(needle), "{line}: {error}");
        }
    }
}
