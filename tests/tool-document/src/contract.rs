//! The contract that all tools share, as one suite of tests: [`contract_tests!`](crate::contract_tests) makes a test of each function here.
//! Nothing of it needs Docker or a cluster.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Run, check, reasons_in_help, run};

/// Words of a command line behind the program.
pub type Call = &'static [&'static str];

/// What the suite has to know of a tool.
#[derive(Clone, Copy, Debug)]
pub struct Contract {
    /// The program, `env!("CARGO_BIN_EXE_...")`.
    pub program: &'static str,
    /// The committed schema.
    pub schema: &'static str,
    /// Its verbs, none if it has no verbs.
    pub verbs: &'static [&'static str],
    /// Command lines that are wrong.
    pub wrong: &'static [Call],
    /// Reasons that its help must list, beside those of every tool.
    pub reasons: &'static [&'static str],
    /// Command lines that work on a gateway, which is named or found in the client's files.
    pub on_gateway: &'static [Call],
    /// Command lines that ask Docker.
    pub on_docker: &'static [Call],
    /// Command lines that ask Kubernetes, and do not wait for it.
    pub on_kubernetes: &'static [Call],
}

/// Makes a test of each part of the contract, for one tool.
#[macro_export]
macro_rules! contract_tests {
    ($contract:expr) => {
        $crate::contract_tests! { $contract;
            the_committed_schema_is_the_printed_one
            the_version_is_printed
            each_verb_has_its_help
            every_reason_is_in_the_help_once
            a_wrong_command_line_is_2
            a_flag_and_its_value_may_be_one_word
            quiet_leaves_the_error_alone
            a_closed_pipe_ends_quietly
            a_wrong_gateway_name_is_2_from_the_flag_and_78_from_elsewhere
            no_home_is_78
            no_docker_is_69_and_the_gateway_is_named
            a_docker_that_this_user_may_not_use_is_77
            a_kubeconfig_that_cannot_be_used_is_78
            an_api_that_does_not_answer_is_69
        }
    };
    ($contract:expr; $($test:ident)*) => {
        mod contract {
            use super::*;
            $(
                #[test]
                fn $test() {
                    $crate::contract::$test(&$contract);
                }
            )*
        }
    };
}

impl Contract {
    fn name(&self) -> &str {
        let name = Path::new(self.program).file_name();
        name.and_then(|name| name.to_str()).expect("a program's name")
    }

    /// With a home of its own, no Docker and no cluster.
    fn command(&self, home: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", home)
            .env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        command
    }

    /// A run that is refused: with a document, an error and a next step, and without a trace at home.
    fn refused(&self, arguments: &[&str]) -> Run {
        let home = home();
        let ended = self.checked(self.command(home.path(), arguments));
        let left = fs::read_dir(home.path()).expect("a folder").count();
        assert_eq!(left, 0, "{arguments:?}: a refused run writes nothing");
        ended
    }

    fn checked(&self, command: Command) -> Run {
        let shown = format!("{command:?}");
        let ended = run(command);
        check(&ended, self.schema);
        assert_ne!(ended.code, 0, "{shown}");
        assert!(
            ended.stderr.contains("error: ") && ended.stderr.contains("; next: "),
            "{shown}: {}",
            ended.stderr
        );
        assert_ne!(ended.document["changed"], true, "{shown}");
        ended
    }

    fn printed(&self, arguments: &[&str]) -> String {
        let asserted = assert_cmd::Command::new(self.program).args(arguments).assert();
        let output = asserted.success().get_output().clone();
        assert_eq!(output.stderr, b"", "{arguments:?}");
        String::from_utf8(output.stdout).expect("text")
    }
}

fn home() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The parts of the contract. Each panics if the tool does not keep it.
macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident($tool:ident) $body:block)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Panics
            /// If it is not so.
            pub fn $name($tool: &Contract) $body
        )*
    };
}

parts! {
    /// The schema in the repository is what `--schema` prints.
    the_committed_schema_is_the_printed_one(tool) {
        let printed = tool.printed(&["--schema"]);
        serde_json::from_str::<Value>(&printed).expect("JSON");
        let lines = printed.trim().lines().zip(tool.schema.trim().lines());
        let other = lines.enumerate().find(|(_, (printed, committed))| printed != committed);
        let name = tool.name();
        let how = format!("{name} --schema >tools/{name}/schema.json");
        assert_eq!(other, None, "{how}");
        assert_eq!(printed.trim().len(), tool.schema.trim().len(), "{how}");
    }

    /// `--version` prints name and version.
    the_version_is_printed(tool) {
        let printed = tool.printed(&["--version"]);
        let version = printed.trim().strip_prefix(tool.name()).expect("the tool's name");
        assert!(version.trim().split('.').all(|part| part.parse::<u32>().is_ok()), "{printed}");
    }

    /// The tool and each of its verbs print a help with flags, exit codes and reasons.
    each_verb_has_its_help(tool) {
        let of_tool = tool.printed(&["--help"]);
        for verb in tool.verbs {
            assert!(of_tool.contains(&format!("  {verb} ")), "{verb}: {of_tool}");
        }
        let verbs = tool.verbs.iter().map(|verb| vec![*verb, "--help"]);
        for arguments in std::iter::once(vec!["--help"]).chain(verbs) {
            let text = tool.printed(&arguments);
            for part in ["Usage: ", "--timeout", "Exit codes: ", "Reasons of an error:"] {
                assert!(text.contains(part), "{arguments:?}: {part}: {text}");
            }
        }
    }

    /// The help lists the reasons, each once.
    every_reason_is_in_the_help_once(tool) {
        let listed = reasons_in_help(Command::new(tool.program));
        let of_all = ["usage", "invalid_gateway_name", "timed_out", "interrupted"];
        for reason in of_all.iter().chain(tool.reasons) {
            let count = listed.iter().filter(|word| word == reason).count();
            assert_eq!(count, 1, "{reason} is listed {count} times in {listed:?}");
        }
        let mut unique = listed.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), listed.len(), "a reason is listed twice: {listed:?}");
    }

    /// A command line that is wrong ends with 2, before anything is done.
    a_wrong_command_line_is_2(tool) {
        let of_all: [Call; 2] = [&["--no-such-flag"], &["--timeout", "soon"]];
        for arguments in of_all.iter().chain(tool.wrong) {
            let ended = tool.refused(arguments);
            assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stdout);
        }
    }

    /// `--flag=value` is read as `--flag value` is.
    a_flag_and_its_value_may_be_one_word(tool) {
        let (one, two) = (tool.refused(&["--timeout=soon"]), tool.refused(&["--timeout", "soon"]));
        assert_eq!(one.stdout, two.stdout);
    }

    /// With `--quiet` the error is all that people read, without colour if it is no terminal.
    quiet_leaves_the_error_alone(tool) {
        let ended = tool.refused(&["--quiet", "--no-such-flag"]);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(!ended.stderr.contains('\x1b'), "{:?}", ended.stderr);
    }

    /// A reader that went away changes nothing.
    a_closed_pipe_ends_quietly(tool) {
        let home = home();
        for (arguments, code) in [(["--help"], 0), (["--no-such-flag"], 2)] {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            drop(reader);
            let mut command = tool.command(home.path(), &arguments);
            let child = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
            let output = child.spawn().and_then(std::process::Child::wait_with_output).expect("the tool");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!said.contains("panicked"), "{said}");
            assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        }
    }

    /// A name that no gateway can have is the command line's fault, or that of what is configured.
    a_wrong_gateway_name_is_2_from_the_flag_and_78_from_elsewhere(tool) {
        for call in tool.on_gateway {
            let ended = tool.refused(&[*call, &["--gateway", "no/name"]].concat());
            assert_eq!((ended.code, ended.reason()), (2, "invalid_gateway_name"), "{call:?}");

            let home = home();
            let mut command = tool.command(home.path(), call);
            command.env("OPENSHELL_GATEWAY", "no/name");
            let ended = tool.checked(command);
            assert_eq!((ended.code, ended.reason()), (78, "invalid_gateway_name"), "{call:?}");

            let folder = home.path().join(".config/openshell");
            fs::create_dir_all(&folder).expect("room");
            fs::write(folder.join("active_gateway"), "../x").expect("room");
            let ended = tool.checked(tool.command(home.path(), call));
            assert_eq!((ended.code, ended.reason()), (78, "invalid_gateway_name"), "{call:?}");
        }
    }

    /// Without a home there are no client files.
    no_home_is_78(tool) {
        for call in tool.on_gateway {
            let home = home();
            let mut command = tool.command(home.path(), call);
            command.env_remove("HOME");
            let ended = tool.checked(command);
            assert_eq!((ended.code, ended.reason()), (78, "no_home"), "{call:?}");
        }
    }

    /// A Docker that is not there is an error, and no gateway that is not there.
    no_docker_is_69_and_the_gateway_is_named(tool) {
        for call in tool.on_docker {
            let ended = tool.refused(&[*call, &["--gateway", "g"]].concat());
            assert_eq!((ended.code, ended.reason()), (69, "docker_unreachable"), "{call:?}");
            let named = ended.document.get("gateway");
            assert!(named.is_none_or(|named| named == "g"), "{}", ended.stdout);
        }
    }

    /// A socket that belongs to others is named.
    a_docker_that_this_user_may_not_use_is_77(tool) {
        let Some(call) = tool.on_docker.first() else { return };
        let home = home();
        fs::set_permissions(home.path(), Permissions::from_mode(0o755)).expect("a folder of ours");
        // Root may use any socket: the tool runs as nobody, from a copy that nobody may run. Another process copies it: a program that
        // this one has open for writing, in whatever thread forks, cannot be run.
        let program = home.path().join(tool.name());
        let copied = Command::new("cp").arg(tool.program).arg(&program).status();
        assert!(copied.expect("cp").success());
        let closed = home.path().join("closed");
        fs::create_dir(&closed).expect("room");
        let socket = closed.join("docker.sock");
        let _listener = UnixListener::bind(&socket).expect("a socket");
        let mode = if is_root() { 0o700 } else { 0o000 };
        fs::set_permissions(&closed, Permissions::from_mode(mode)).expect("a folder of ours");
        let mut command = Command::new(program);
        command
            .args(*call)
            .args(["--docker-host", &format!("unix://{}", socket.display())])
            .env_clear()
            .env("HOME", home.path());
        if is_root() {
            command.uid(65_534).gid(65_534);
        }
        let ended = tool.checked(command);
        fs::set_permissions(&closed, Permissions::from_mode(0o700)).expect("a folder of ours");
        assert_eq!((ended.code, ended.reason()), (77, "docker_permission"), "{}", ended.stderr);
    }

    /// A kubeconfig that is not there, or is none, is named before anything is asked.
    a_kubeconfig_that_cannot_be_used_is_78(tool) {
        for call in tool.on_kubernetes {
            for wrong in [&[][..], &["--kubeconfig", "/nonexistent"], &["--kubeconfig", "/"], &["--kubeconfig", "/etc/hostname"]] {
                let ended = tool.refused(&[*call, wrong].concat());
                assert_eq!(
                    (ended.code, ended.reason()),
                    (78, "kubeconfig_invalid"),
                    "{call:?} {wrong:?}"
                );
            }
        }
    }

    /// An API server that does not answer is an error, and no empty cluster.
    an_api_that_does_not_answer_is_69(tool) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let home = home();
        let kubeconfig = home.path().join("kubeconfig");
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:{port}'}}}}]\n\
             users: [{{name: u, user: {{token: t}}}}]\ncontexts: [{{name: x, context: {{cluster: c, user: u}}}}]\ncurrent-context: x\n"
        );
        fs::write(&kubeconfig, text).expect("room");
        for call in tool.on_kubernetes {
            let mut command = tool.command(home.path(), call);
            command.args(["--timeout=3s", "--kubeconfig"]).arg(&kubeconfig);
            let ended = tool.checked(command);
            assert_eq!(
                (ended.code, ended.reason()),
                (69, "api_unreachable"),
                "{call:?}: {}",
                ended.stderr
            );
        }
    }
}
