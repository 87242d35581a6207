//! A gateway on which faults are made and healed.

use std::process::Command;

use end_to_end::{Diagnosis, Ended, TestGateway, docker, repository, run_by, tool, until};

/// A fault, made for real.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The cause that must be named.
    pub cause: &'static str,
    /// What its finding must say: the object at fault.
    pub object: &'static str,
    /// Makes it, and returns once it has its effect.
    pub inject: fn(&Scene),
    /// Takes it back.
    pub heal: Heal,
    /// Only where sweeps are thorough.
    pub is_slow: bool,
}

/// How a fault is taken back.
#[derive(Clone, Copy, Debug)]
pub enum Heal {
    /// By the very command that the finding names.
    ByAdvice,
    /// By hand, because the advice needs a person, or too much time.
    ByHand(fn(&Scene)),
}

/// The gateway.
pub struct Scene {
    /// Its name, port and files.
    pub gateway: TestGateway,
    /// Files that a fault keeps until it is healed.
    pub kept: tempfile::TempDir,
}

impl Scene {
    pub fn of(gateway: TestGateway) -> Self {
        Self {
            gateway,
            kept: tempfile::tempdir().expect("a folder"),
        }
    }

    /// A shell command in the container.
    pub fn inside(&self, command: &str) -> String {
        docker(&["exec", &self.gateway.resource(), "sh", "-ec", command])
    }

    /// Gives the cluster an object.
    pub fn apply(&self, object: &serde_json::Value) {
        self.inside(&format!("kubectl apply --filename - <<'END'\n{object}\nEND"));
    }

    /// Waits inside the container until a shell command succeeds.
    pub fn awaits(&self, what: &str, command: &str) {
        until(what, || {
            let mut docker = Command::new("docker");
            docker.args(["exec", &self.gateway.resource(), "sh", "-c", command]);
            Ended::of(docker).code == 0
        });
    }

    /// Doctor, as a person runs it.
    pub fn doctor(&self) -> Diagnosis {
        Diagnosis::of(self.doctoring())
    }

    /// The same, not yet started: a fault may want it to run otherwise.
    fn doctoring(&self) -> Command {
        let own = self.gateway.command("doctor", &[]);
        let clock = self.kept.path().join("clock");
        let Ok(shift) = std::fs::read_to_string(clock) else {
            return own;
        };
        let mut faketime = Command::new("faketime");
        faketime.args(["-f", &shift]);
        run_by(faketime, &own)
    }

    /// Nothing is wrong, at once or after what the cluster needs to come round.
    pub fn is_healthy(&self) {
        let mut last = self.doctor();
        until("nothing is wrong", || {
            if !last.causes.is_empty() {
                eprintln!("still: {:?}", last.causes);
                last = self.doctor();
            }
            last.causes.is_empty()
        });
    }

    /// Makes the faults together, reads what doctor says, and heals them.
    pub fn shows(&self, faults: &[&Fault]) {
        let causes: Vec<&str> = faults.iter().map(|fault| fault.cause).collect();
        let begun = std::time::Instant::now();
        for fault in faults {
            (fault.inject)(self);
        }
        let injected = begun.elapsed();
        let found = self.doctor();
        let told = begun.elapsed();
        let mut named = found.causes.clone();
        named.sort();
        let mut expected = causes.clone();
        expected.sort_unstable();
        if named != expected {
            found.names(&causes);
            unreachable!("the causes differ");
        }
        // In the order of the findings: what a later advice needs is healed by an earlier one.
        for cause in &found.causes {
            let fault = faults.iter().find(|fault| fault.cause == cause).expect("named");
            let finding = found.finding(cause);
            let object = finding["object"].as_str().unwrap_or_default();
            assert!(object.contains(fault.object), "{cause}: {object}");
            match fault.heal {
                Heal::ByHand(heal) => heal(self),
                Heal::ByAdvice => self.follows(finding["next"].as_str().unwrap_or_default()),
            }
        }
        self.is_healthy();
        println!(
            "{}: made in {injected:.1?}, named in {:.1?}, healed in {:.1?}",
            causes.join(" and "),
            told - injected,
            begun.elapsed() - told
        );
    }

    /// Types the next command.
    fn follows(&self, next: &str) {
        let tools = tool("gw-detect");
        let tools = tools.parent().expect("a folder").display().to_string();
        let scripts = repository().join("scripts").display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("bash");
        command
            .args(["-ec", next])
            .env("PATH", format!("{scripts}:{tools}:{path}"))
            .env("XDG_CONFIG_HOME", self.gateway.config())
            .env_remove("OPENSHELL_GATEWAY")
            .env_remove("OPENSHELL_CLUSTER_IMAGE");
        Ended::of(command).well();
    }
}
