//! Which parts are due. Pure.

use std::collections::BTreeMap;

use gateway_facts::Container;
use gw_node::report::{Part, PartField};

use crate::flags::{Charted, PartsFlags};
use crate::parts::kept::Kept;

/// What the build of the cluster image writes down of its inputs.
const INPUTS: &str = "dev.openshell.inputs.";

/// What is known of a container that runs.
#[derive(Debug, Default)]
pub struct Observed {
    /// Its image is one of ours.
    is_ours: bool,
    /// What its image was made from, by part.
    of_image: BTreeMap<Part, String>,
    /// What was deployed to it, by part.
    deployed: BTreeMap<Part, String>,
    /// It was deployed while the release's chart was another one than the image's, which it is no part of.
    is_of_other_release: bool,
}

impl Observed {
    /// By the container's labels, which are its image's, and what is known to be deployed to it.
    pub fn of(container: &Container, kept: Kept) -> Self {
        let of_image = |part: Part| {
            let hash = container.labels.get(&format!("{INPUTS}{}", part.word()))?;
            Some((part, hash.clone()))
        };
        Self {
            is_ours: container.labels.get("dev.openshell.image").map(String::as_str) == Some("cluster"),
            of_image: Part::ALL.into_iter().filter_map(of_image).collect(),
            is_of_other_release: kept
                .release
                .is_some_and(|release| release != Charted::Bundled.word()),
            deployed: kept.deployed,
        }
    }
}

/// Every part, in the order in which they are deployed.
pub fn plan(flags: &PartsFlags, observed: &Observed) -> Vec<PartField> {
    Part::ALL
        .into_iter()
        .map(|part| part_of(part, flags, observed))
        .collect()
}

fn part_of(part: Part, flags: &PartsFlags, observed: &Observed) -> PartField {
    let made_from = flags.source.iter().rev().find(|(of, _)| *of == part);
    let made_from = made_from.map(|(_, hash)| hash.clone());
    let left = left(part, flags, observed);
    let runs = runs(part, flags, observed);
    let is_due = left.is_none() && (flags.again.contains(&part) || made_from != runs);
    let summary = match (&left, is_due, &runs) {
        (Some(why), _, _) => (*why).to_owned(),
        (None, false, _) => "as it runs".to_owned(),
        (None, true, Some(_)) => format!("changed: {}", doing(part)),
        (None, true, None) => format!("not known of this container: {}", doing(part)),
    };
    PartField {
        part,
        made_from,
        runs,
        left: left.map(str::to_owned),
        is_due,
        summary,
    }
}

/// Why it is not deployed from the checkout.
fn left(part: Part, flags: &PartsFlags, observed: &Observed) -> Option<&'static str> {
    if flags.installed && part != Part::Chart && observed.is_ours {
        return Some("its sources are in the checkout that this was installed from");
    }
    match (part, flags.release, observed.is_ours) {
        (Part::Chart, Charted::Bundled, false) => {
            Some("the image brings its own, and --chart chooses another")
        }
        (Part::Chart, _, _)
        | (Part::Gateway, Charted::Bundled | Charted::Checkout, true)
        | (Part::Supervisor, _, true) => None,
        (Part::Gateway, Charted::Chosen, true) => Some("the chart names the server's image"),
        (Part::Gateway | Part::Supervisor, _, false) => Some("the image brings its own"),
    }
}

/// What came with the image counts until something else was deployed in its place.
fn runs(part: Part, flags: &PartsFlags, observed: &Observed) -> Option<String> {
    let (of_image, deployed) = (observed.of_image.get(&part), observed.deployed.get(&part));
    match (part, flags.release) {
        (Part::Chart, Charted::Chosen) => flags.released.clone(),
        (Part::Supervisor, _) => deployed.or(of_image).cloned(),
        (Part::Gateway | Part::Chart, Charted::Bundled) if observed.is_of_other_release => of_image.cloned(),
        (Part::Gateway | Part::Chart, Charted::Bundled) => deployed.or(of_image).cloned(),
        (Part::Gateway, Charted::Chosen) | (Part::Gateway | Part::Chart, Charted::Checkout) => {
            deployed.cloned()
        }
    }
}

fn doing(part: Part) -> &'static str {
    match part {
        Part::Gateway => "build the images of server and controller, load them into the node, roll them out",
        Part::Supervisor => "build it, copy it onto the node",
        Part::Chart => "upgrade the release by helm",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(words: &[(Part, &str)]) -> BTreeMap<Part, String> {
        words
            .iter()
            .map(|(part, hash)| (*part, (*hash).to_owned()))
            .collect()
    }

    fn ours(deployed: &[(Part, &str)]) -> Observed {
        Observed {
            is_ours: true,
            of_image: hashes(&[(Part::Gateway, "g"), (Part::Supervisor, "s"), (Part::Chart, "c")]),
            deployed: hashes(deployed),
            is_of_other_release: false,
        }
    }

    fn flags(release: Charted, source: &[(Part, &str)]) -> PartsFlags {
        PartsFlags {
            source: hashes(source).into_iter().collect(),
            release,
            released: None,
            again: Vec::new(),
            installed: false,
            keep: Vec::new(),
        }
    }

    const SAME: [(Part, &str); 3] = [(Part::Gateway, "g"), (Part::Supervisor, "s"), (Part::Chart, "c")];

    fn due(flags: &PartsFlags, observed: &Observed) -> Vec<&'static str> {
        let parts = plan(flags, observed).into_iter();
        parts
            .filter(|part| part.is_due)
            .map(|part| part.part.word())
            .collect()
    }

    #[test]
    fn what_differs_from_what_runs_is_due() {
        assert_eq!(due(&flags(Charted::Bundled, &SAME), &ours(&[])), [""; 0]);
        let changed = [
            (Part::Gateway, "g2"),
            (Part::Supervisor, "s"),
            (Part::Chart, "c2"),
        ];
        assert_eq!(
            due(&flags(Charted::Bundled, &changed), &ours(&[])),
            ["gateway", "chart"]
        );
        // What was deployed since counts before what the image has, while it is what runs.
        let since = ours(&[
            (Part::Gateway, "g2"),
            (Part::Supervisor, "s2"),
            (Part::Chart, "c"),
        ]);
        assert_eq!(
            due(&flags(Charted::Checkout, &changed), &since),
            ["supervisor", "chart"]
        );
        let mut back = since;
        back.is_of_other_release = true;
        assert_eq!(due(&flags(Charted::Bundled, &SAME), &back), ["supervisor"]);
        // Sources changed, and the images that they make did not: the release stays the image's.
        assert_eq!(
            due(
                &flags(Charted::Bundled, &changed),
                &ours(&[(Part::Gateway, "g2")])
            ),
            ["chart"]
        );
        // The image's own server and chart are no longer those of a release from the checkout.
        assert_eq!(
            due(&flags(Charted::Checkout, &SAME), &ours(&[])),
            ["gateway", "chart"]
        );
        let summary = &plan(&flags(Charted::Checkout, &SAME), &ours(&[]))[0].summary;
        assert!(summary.starts_with("not known of this container: "), "{summary}");
    }

    #[test]
    fn a_chosen_chart_is_compared_with_what_was_released() {
        let mut chosen = flags(Charted::Chosen, &[(Part::Supervisor, "s"), (Part::Chart, "f")]);
        assert_eq!(due(&chosen, &ours(&[])), ["chart"]);
        chosen.released = Some("f".to_owned());
        assert_eq!(due(&chosen, &ours(&[])), [""; 0]);
        chosen.again = vec![Part::Chart];
        assert_eq!(due(&chosen, &ours(&[])), ["chart"]);
        let left: Vec<_> = plan(&chosen, &ours(&[]))
            .into_iter()
            .map(|part| part.left)
            .collect();
        assert_eq!(left[0].as_deref(), Some("the chart names the server's image"));
        assert_eq!(left[1..], [None, None]);
    }

    #[test]
    fn what_is_not_of_this_checkout_is_left_alone() {
        let nobody = Observed::default();
        let mut given = flags(Charted::Bundled, &SAME);
        given.again = Part::ALL.to_vec();
        assert_eq!(due(&given, &nobody), [""; 0]);
        given.release = Charted::Chosen;
        assert_eq!(due(&given, &nobody), ["chart"]);
        let mut installed = flags(Charted::Bundled, &[(Part::Chart, "c2")]);
        installed.installed = true;
        assert_eq!(due(&installed, &ours(&[])), ["chart"]);
    }
}
