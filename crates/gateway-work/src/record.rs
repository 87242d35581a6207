//! What a document says of the work, whichever tool does it.

use std::sync::Arc;

use contract::{Action, Draft};
use gateway_facts::{Facts, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What Docker had before the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateBefore {
    /// Neither container nor volume.
    Absent,
    /// A volume and no container.
    VolumeOnly,
    /// A container that does not run.
    Stopped,
    /// A container that runs.
    Running,
    /// A container that is held.
    Paused,
    /// A container that Docker starts again and again.
    Restarting,
    /// A container that Docker could not remove.
    Dead,
}

impl StateBefore {
    /// Of what Docker knows.
    pub fn of(facts: &Facts) -> Self {
        match (facts.present(), &facts.volume) {
            (None, None) => Self::Absent,
            (None, Some(_)) => Self::VolumeOnly,
            (Some(container), _) => match container.status {
                Status::Running => Self::Running,
                Status::Paused => Self::Paused,
                Status::Restarting => Self::Restarting,
                Status::Dead | Status::Removing => Self::Dead,
                Status::Created | Status::Exited => Self::Stopped,
            },
        }
    }
}

/// The fields of a document that say which gateway was worked on and what was done.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct WorkFields {
    /// The gateway's name; null where it could not be told.
    pub gateway: Option<String>,
    /// What Docker had before the run.
    pub state_before: Option<StateBefore>,
    /// Was anything changed?
    pub changed: bool,
    /// Was only the plan wanted?
    pub dry_run: bool,
    /// What was done, or with --dry-run would be.
    pub actions: Vec<Action>,
    /// What did not stop the run and should be known.
    pub warnings: Vec<String>,
}

/// A tool's report, which has these fields among its own.
pub trait WorkReport: Send + 'static {
    /// The fields.
    fn work(&mut self) -> &mut WorkFields;
}

/// A change of the fields.
type Change<'a> = &'a mut dyn FnMut(&mut WorkFields);

/// Where a run writes them down, whatever else its tool reports.
#[derive(Clone)]
pub struct Record(Arc<dyn Fn(Change<'_>) + Send + Sync>);

impl Record {
    /// In this report.
    pub fn of<R: WorkReport>(report: Draft<R>) -> Self {
        Self(Arc::new(move |change| {
            report.update(|report| change(report.work()))
        }))
    }

    /// Changes them.
    pub fn update(&self, change: impl FnOnce(&mut WorkFields)) {
        let mut change = Some(change);
        (self.0)(&mut |fields| {
            if let Some(change) = change.take() {
                change(fields);
            }
        });
    }

    /// Is only the plan wanted?
    pub fn is_dry_run(&self) -> bool {
        let mut is_dry_run = false;
        self.update(|fields| is_dry_run = fields.dry_run);
        is_dry_run
    }

    /// Something was done, or with `--dry-run` would be.
    pub fn did(&self, action: Action) {
        self.update(|fields| {
            fields.changed |= !fields.dry_run;
            fields.actions.push(action);
        });
    }
}
