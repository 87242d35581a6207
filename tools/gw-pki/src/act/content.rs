//! What each step writes. No I/O: what was observed in, the values of a Secret out.

use std::collections::BTreeSet;

use kube_session::HeldSecret;
use rcgen::Error;
use zeroize::Zeroizing;

use super::issue::{self, Issued, Making};
use crate::certificate::Purpose;
use crate::examine::{Demand, Examined};
use crate::observe::{Observed, RETIRING};
use crate::plan::step::Step;

/// Keys of a Secret with their values, which are wiped when dropped.
pub type Values = Vec<(&'static str, Zeroizing<Vec<u8>>)>;

/// What a step's content is made from.
#[derive(Clone, Copy)]
pub struct Material<'a> {
    /// What there was.
    pub observed: &'a Observed,
    /// What was found.
    pub examined: &'a Examined,
    /// What it was held against.
    pub demand: Demand<'a>,
    /// How new certificates are made.
    pub making: Making,
}

impl Material<'_> {
    /// The values that a step writes: into its Secret, or into the bundle.
    pub fn values(&self, step: Step) -> Result<Values, Error> {
        let (observed, now) = (self.observed, self.demand.now);
        match step {
            Step::MakeAuthority => {
                let ca = issue::authority(self.making, now)?;
                let mut retiring = Zeroizing::new(self.examined.others.clone());
                if self.examined.can_issue() {
                    retiring.extend_from_slice(&in_secret(&observed.authority, "ca.crt"));
                }
                Ok(vec![
                    ("ca.crt", held(&ca.certificate)),
                    ("ca.key", held(&ca.key)),
                    (RETIRING, retiring),
                ])
            }
            Step::NoteRetiring => Ok(vec![(RETIRING, Zeroizing::new(self.examined.others.clone()))]),
            Step::ForgetRetired => Ok(vec![(RETIRING, Zeroizing::default())]),
            Step::WriteClientCa | Step::WriteClientTrust => Ok(vec![("ca.crt", self.trust())]),
            Step::IssueServer => {
                // Names that the certificate carries already may be in use: they stay.
                let mut sans = self.demand.sans.clone();
                sans.extend(
                    self.examined
                        .server
                        .certificate
                        .iter()
                        .flat_map(|found| found.sans.clone()),
                );
                Ok(of_leaf(&self.issue(Purpose::Server, &sans)?))
            }
            Step::IssueClient => {
                let mut values = of_leaf(&self.issue(Purpose::Client, &BTreeSet::new())?);
                values.push(("ca.crt", self.trust_of_client()));
                Ok(values)
            }
            Step::WriteBundle => {
                let value = |key| (key, in_secret(&observed.client, key));
                Ok(["ca.crt", "tls.crt", "tls.key"].map(value).into())
            }
        }
    }

    fn trust(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.examined.trust.clone().unwrap_or_default())
    }

    /// What clients trust stays where nothing is wrong with it.
    fn trust_of_client(&self) -> Zeroizing<Vec<u8>> {
        if self.examined.client.trust.is_empty() {
            in_secret(&self.observed.client, "ca.crt")
        } else {
            self.trust()
        }
    }

    fn issue(&self, purpose: Purpose, sans: &BTreeSet<String>) -> Result<Issued, Error> {
        let text = |key| {
            let value = in_secret(&self.observed.authority, key);
            Zeroizing::new(String::from_utf8_lossy(&value).into_owned())
        };
        let ca = (text("ca.crt"), text("ca.key"));
        issue::leaf((&ca.0, &ca.1), purpose, sans, self.making, self.demand.now)
    }
}

fn of_leaf(leaf: &Issued) -> Values {
    vec![("tls.crt", held(&leaf.certificate)), ("tls.key", held(&leaf.key))]
}

fn held(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}

fn in_secret(secret: &Option<HeldSecret>, key: &str) -> Zeroizing<Vec<u8>> {
    let value = secret.as_ref().and_then(|secret| secret.value(key));
    Zeroizing::new(value.unwrap_or_default().to_vec())
}
