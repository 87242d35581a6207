//! What to do, from what there is. Pure.

use std::collections::BTreeSet;

use crate::handshake::Handshake;
use crate::observe::carried::Group;
use crate::observe::{Observed, Present};

/// What the user asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    /// The fingerprint of `--adopt`.
    pub adopt: Option<&'a str>,
    /// Replace what is no handshake secret?
    pub replace_invalid: bool,
    /// Replace a valid secret, too?
    pub rotate: bool,
}

/// What to do. `replaces`: the Secret exists.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing: the Secret stays as it is.
    Keep(Handshake),
    /// Write what live sandboxes carry.
    Recover { secret: Handshake, replaces: bool },
    /// Write a new value.
    Generate { replaces: bool },
}

/// Why nothing can be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The Secret exists with a wrong value.
    Invalid(String),
    /// Sandboxes carry different values.
    Disagree,
    /// What sandboxes carry is no handshake secret; the text says why.
    CarriedInvalid(String),
    /// `--adopt` names what no sandbox carries.
    NotCarried,
    /// `--adopt` names another secret than the one that exists.
    AnotherExists,
}

impl Wish<'_> {
    /// Does the decision need what sandboxes carry?
    pub fn needs_carried(&self, present: &Present) -> bool {
        match present {
            Present::Absent => true,
            Present::Valid(_) => self.rotate,
            Present::Invalid(_) => self.rotate || self.replace_invalid,
        }
    }
}

/// Decides.
pub fn plan(observed: &Observed, wish: Wish<'_>) -> Result<Plan, Refusal> {
    let groups = &observed.groups[..];
    let replaces = match &observed.present {
        Present::Valid(secret) => {
            let is_adopted = wish.adopt.map(|wanted| wanted == secret.fingerprint());
            match (wish.rotate, is_adopted) {
                (false, None) | (_, Some(true)) => return Ok(Plan::Keep(secret.clone())),
                (false, Some(false)) => return Err(Refusal::AnotherExists),
                (true, _) => true,
            }
        }
        Present::Invalid(why) if !wish.rotate && !wish.replace_invalid => {
            return Err(Refusal::Invalid(why.clone()));
        }
        Present::Invalid(_) => true,
        Present::Absent => false,
    };
    if let Some(wanted) = wish.adopt {
        let chosen = groups.iter().find(|group| group.fingerprint == wanted);
        return recover(chosen.ok_or(Refusal::NotCarried)?, replaces);
    }
    if wish.rotate {
        return Ok(Plan::Generate { replaces });
    }
    match groups {
        [] => Ok(Plan::Generate { replaces }),
        [only] => recover(only, replaces),
        _ => Err(Refusal::Disagree),
    }
}

fn recover(group: &Group, replaces: bool) -> Result<Plan, Refusal> {
    let recovered = |secret| Plan::Recover { secret, replaces };
    group
        .value
        .clone()
        .map(recovered)
        .map_err(Refusal::CarriedInvalid)
}

/// Sandboxes that carry another secret than the one that the plan writes.
pub fn lost(plan: &Plan, groups: &[Group]) -> BTreeSet<String> {
    let written = match plan {
        Plan::Keep(_) => return BTreeSet::new(),
        Plan::Recover { secret, .. } => Some(secret.fingerprint()),
        Plan::Generate { .. } => None,
    };
    let others = groups
        .iter()
        .filter(|group| Some(&group.fingerprint) != written.as_ref());
    others.flat_map(|group| group.sandboxes.iter().cloned()).collect()
}

#[cfg(test)]
mod tests;
