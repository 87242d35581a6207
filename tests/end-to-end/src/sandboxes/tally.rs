//! Faults at moments, and what came of them.

use std::fmt::Write;
use std::time::{Duration, Instant};

use reference_base::api::SandboxPhase;
use tonic::Code;

use super::deployed::{Deployed, Silence};
use crate::gateway::random_name;

/// How long a sandbox may take to answer on a slow machine.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long a gateway takes to come up, and a sandbox to be created: a strike comes at a random moment of it.
const COMING_UP: Duration = Duration::from_secs(8);
const CREATION: Duration = Duration::from_millis(2500);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(100);

const LINE: &str = "a line from before";

/// When a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// All is as it should be.
    Settled,
    /// Another sandbox is being created.
    Creating,
    /// The gateway comes up after the same fault.
    ComingUp,
}

/// The tries of one fault on one chart.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The fault.
    pub fault: String,
    /// The chart.
    pub chart: &'static str,
    /// How many there were.
    pub tries: usize,
    /// Seconds from the last strike to the sandbox's answer, of each try that ended well.
    pub seconds: Vec<f64>,
    /// What was lost, and why: of one try perhaps several sandboxes.
    pub lost: Vec<String>,
}

impl Tally {
    /// No try yet.
    pub fn new(fault: &str, deployed: &Deployed) -> Self {
        Self {
            fault: fault.to_owned(),
            chart: deployed.chart.name(),
            tries: 0,
            seconds: Vec::new(),
            lost: Vec::new(),
        }
    }

    /// One try, with a sandbox that runs and one that is suspended. `prepare` does what comes before the fault and takes no part of its
    /// time; `strike` lets it happen, and does what its user does.
    ///
    /// # Panics
    /// Where the gateway does not come back at all.
    pub fn attempt<T>(
        &mut self,
        deployed: &mut Deployed,
        moment: Moment,
        prepare: impl FnOnce(&mut Deployed) -> T,
        strike: impl Fn(&Deployed, &T),
    ) {
        self.tries += 1;
        let (running, resting) = (random_name(), random_name());
        deployed.make(&running, LINE);
        deployed.make(&resting, LINE);
        deployed.suspend(&resting);
        let prepared = prepare(deployed);
        match answers_by(deployed, &running, Instant::now() + PATIENCE) {
            Ok(()) => {
                let strike = |deployed: &Deployed| strike(deployed, &prepared);
                self.attempt_with(deployed, (&running, &resting), moment, strike);
            }
            Err(cause) => self.lost.push(format!("before it: {cause}")),
        }
        for name in [running, resting] {
            deployed.delete(&name);
        }
    }

    /// One try with many sandboxes that run; its seconds are those of the last answer.
    ///
    /// # Panics
    /// Where the gateway does not come back at all.
    pub fn attempt_many(&mut self, deployed: &mut Deployed, count: usize, strike: impl Fn(&Deployed)) {
        self.tries += 1;
        let names: Vec<_> = (0..count).map(|_| random_name()).collect();
        for name in &names {
            deployed.make(name, LINE);
        }
        let since = Instant::now();
        strike(deployed);
        let before = self.lost.len();
        for name in &names {
            if let Err(cause) = answers_by(deployed, name, since + PATIENCE) {
                self.lost.push(format!("{name}: {cause}"));
            }
        }
        if self.lost.len() == before {
            self.seconds.push(since.elapsed().as_secs_f64());
        }
    }

    fn attempt_with(
        &mut self,
        deployed: &Deployed,
        (running, resting): (&str, &str),
        moment: Moment,
        strike: impl Fn(&Deployed),
    ) {
        let created = (moment == Moment::Creating).then(|| {
            let (name, client) = (random_name(), deployed.client());
            let making = {
                let name = name.clone();
                std::thread::spawn(move || {
                    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
                    let made = async { tokio::time::timeout(PATIENCE, client.make_sandbox(&name)).await };
                    matches!(runtime.block_on(made), Ok(Ok(_)))
                })
            };
            (name, making)
        });
        match moment {
            Moment::Settled => {}
            Moment::Creating => std::thread::sleep(CREATION.mul_f64(rand::random())),
            Moment::ComingUp => {
                strike(deployed);
                std::thread::sleep(COMING_UP.mul_f64(rand::random()));
            }
        }
        let since = Instant::now();
        strike(deployed);
        match answers_by(deployed, running, since + PATIENCE) {
            Ok(()) => self.seconds.push(since.elapsed().as_secs_f64()),
            Err(cause) => self.lost.push(format!("{moment:?}: {cause}")),
        }
        let is_suspended = within(PATIENCE, || deployed.is_suspended(resting));
        if !is_suspended {
            let phase = deployed.phase(resting);
            self.lost
                .push(format!("{moment:?}: the suspended one is {phase:?}"));
        }
        if let Some((name, making)) = created {
            let was_made = making.join().expect("it ends");
            self.created(deployed, &name, was_made);
        }
        println!(
            "{}, {}, {moment:?}: {:.1} s, {} lost",
            self.fault,
            self.chart,
            self.seconds.last().copied().unwrap_or(f64::NAN),
            self.lost.len()
        );
    }

    /// What was being created is there and comes to be ready, or is not there, which its user was not told.
    fn created(&mut self, deployed: &Deployed, name: &str, was_made: bool) {
        let mut last = Err(Code::Unknown);
        let settled = within(PATIENCE, || {
            last = deployed.phase(name);
            match last {
                Ok(phase) => matches!(phase, SandboxPhase::Ready | SandboxPhase::Error),
                Err(code) => code == Code::NotFound,
            }
        });
        match last {
            Ok(SandboxPhase::Ready) => {}
            Err(Code::NotFound) if !was_made => return,
            _ => self.lost.push(format!(
                "the created one: {last:?}, settled {settled}, made {was_made}"
            )),
        }
        if last.is_ok() {
            deployed.delete(name);
        }
    }
}

fn within(patience: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + patience;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
}

fn answers_by(deployed: &Deployed, name: &str, end: Instant) -> Result<(), String> {
    loop {
        match deployed.answers(name, LINE) {
            Ok(()) => return Ok(()),
            Err(Silence::Lost(cause)) => return Err(cause),
            Err(Silence::NotYet(cause)) if Instant::now() >= end => return Err(cause),
            Err(Silence::NotYet(_)) => std::thread::sleep(PAUSE),
        }
    }
}

/// The table that people read.
pub fn table(tallies: &[Tally]) -> String {
    let mut text = format!(
        "{:<20} {:<9} {:>5} {:>5} {:>9} {:>7}\n",
        "scenario", "chart", "tries", "lost", "median s", "max s"
    );
    for tally in tallies {
        let mut seconds = tally.seconds.clone();
        seconds.sort_by(f64::total_cmp);
        let median = seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN);
        let most = seconds.last().copied().unwrap_or(f64::NAN);
        let _ = writeln!(
            text,
            "{:<20} {:<9} {:>5} {:>5} {median:>9.1} {most:>7.1}",
            tally.fault,
            tally.chart,
            tally.tries,
            tally.lost.len()
        );
        for cause in &tally.lost {
            let _ = writeln!(text, "    lost: {cause}");
        }
    }
    text
}
