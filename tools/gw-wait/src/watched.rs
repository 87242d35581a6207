//! Waiting for an object by a watch: the API server says at once what changed.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use contract::{Context, Failure};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Resource};
use kube_session::{API_UNREACHABLE, Backoff, FORBIDDEN, Session, Trouble, asked_wait, classify, explain};
use serde::de::DeserializeOwned;

use crate::report::{CauseField, Report, end_of, failed, holds, timed_out};

/// A watch is asked for anew this often, so that a connection that died in silence is noticed (seconds).
const RENEWED: u32 = 20;
/// A refusal of permission heals within the first seconds of a cluster, or not at all.
const FORBIDDEN_PATIENCE: Duration = Duration::from_secs(10);
/// How often the user may hear what is waited for.
const TICK: Duration = Duration::from_secs(2);

/// What an object shows about a condition.
pub enum Verdict {
    /// It holds; what shows it.
    Holds(String),
    /// It does not hold yet.
    NotYet(CauseField),
    /// It will not hold.
    Never(Failure),
}

/// The object of this name each time that it changes; `None` where it does not exist.
pub fn object<K>(
    api: Api<K>,
    name: &str,
) -> impl Stream<Item = Result<Option<K>, watcher::Error>> + Send + use<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let selection = watcher::Config::default().fields(&format!("metadata.name={name}"));
    all(api, selection).map(|found| found.map(|mut objects| objects.pop_first().map(|(_, object)| object)))
}

/// All objects that are selected, by name, each time that one of them changes.
pub fn all<K>(
    api: Api<K>,
    selection: watcher::Config,
) -> impl Stream<Item = Result<BTreeMap<String, K>, watcher::Error>> + Send
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let name_of = |object: &K| object.meta().name.clone().unwrap_or_default();
    let events = watcher(api, selection.timeout(RENEWED));
    let known = (BTreeMap::new(), false);
    events
        .scan(known, move |(objects, listed), event| {
            let changed = match event {
                Err(error) => Some(Err(error)),
                Ok(event) => {
                    match event {
                        Event::Init => {
                            objects.clear();
                            *listed = false;
                        }
                        Event::InitApply(object) | Event::Apply(object) => {
                            objects.insert(name_of(&object), object);
                        }
                        Event::Delete(object) => {
                            objects.remove(&name_of(&object));
                        }
                        Event::InitDone => *listed = true,
                    }
                    listed.then(|| Ok(objects.clone()))
                }
            };
            std::future::ready(Some(changed))
        })
        .filter_map(std::future::ready)
}

/// Keeps the last trouble with the API server, and paces what is asked after it.
pub struct Patience {
    backoff: Backoff,
    forbidden_since: Option<Instant>,
    trouble: Option<Trouble>,
}

impl Patience {
    pub fn new() -> Self {
        Self {
            backoff: Backoff::new(Duration::from_millis(20), Duration::from_millis(250)),
            forbidden_since: None,
            trouble: None,
        }
    }

    /// The API server answered.
    pub fn answered(&mut self) {
        *self = Self::new();
    }

    /// It did not. Returns the cause after a pause, which is as long as it asked for and ends by `end`; the error where waiting
    /// cannot help.
    pub async fn after(
        &mut self,
        error: &watcher::Error,
        session: &Session,
        end: Instant,
    ) -> Result<CauseField, Failure> {
        let (trouble, detail, asked) = match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => (classify(error, ""), explain(error), asked_wait(error)),
            other => (Trouble::Answer, other.to_string(), Duration::ZERO),
        };
        self.trouble = Some(trouble);
        let word = match trouble {
            Trouble::Unreachable => "unreachable",
            Trouble::Forbidden => "forbidden",
            _ => "api_error",
        };
        let cause = CauseField::new(word, format!("the API server at {}: {detail}", session.server));
        if trouble == Trouble::Forbidden {
            let since = *self.forbidden_since.get_or_insert_with(Instant::now);
            if since.elapsed() > FORBIDDEN_PATIENCE {
                return Err(api_failure(trouble, &cause.detail).expect("forbidden is a failure"));
            }
        }
        let pause = self.backoff.next_wait().max(asked);
        tokio::time::sleep(pause.min(end.saturating_duration_since(Instant::now()))).await;
        Ok(cause)
    }

    /// The failure at the end: what the API server did not answer is no answer.
    pub fn ended(&self, context: &Context<Report>, what: &str, hint: &str) -> Failure {
        let detail = context
            .report
            .update(|report| report.last_cause.as_ref().map(|cause| cause.detail.clone()))
            .unwrap_or_else(|| "it did not answer in time".to_owned());
        self.trouble
            .and_then(|trouble| api_failure(trouble, &detail))
            .unwrap_or_else(|| timed_out(context, what, hint))
    }
}

fn api_failure(trouble: Trouble, detail: &str) -> Option<Failure> {
    match trouble {
        Trouble::Unreachable => Some(API_UNREACHABLE.failure(
            detail,
            format!(
                "{} waits until it answers; {} says whether the gateway runs",
                contract::typed("gw-wait api"),
                contract::typed_by_driver("status").unwrap_or_else(|| contract::typed("gw-detect"))
            ),
        )),
        Trouble::Forbidden => Some(FORBIDDEN.failure(
            detail,
            "use a kubeconfig whose user may list and watch this (kubectl auth can-i)",
        )),
        _ => None,
    }
}

/// Waits until `judge` finds that the condition holds. `what` is the condition's subject, for people.
pub async fn until<T>(
    session: &Session,
    context: &Context<Report>,
    mut states: BoxStream<'_, Result<T, watcher::Error>>,
    (what, hint): (&str, &str),
    mut judge: impl FnMut(T) -> Verdict,
) -> Result<(), Failure> {
    let end = end_of(context);
    let mut patience = Patience::new();
    let mut last = "no answer yet".to_owned();
    loop {
        let pause = TICK.min(end.saturating_duration_since(Instant::now()));
        let cause = match tokio::time::timeout(pause, states.next()).await {
            Ok(Some(Ok(state))) => {
                patience.answered();
                match judge(state) {
                    Verdict::Holds(shown_by) => {
                        holds(context, shown_by);
                        return Ok(());
                    }
                    Verdict::Never(failure) => return Err(failure),
                    Verdict::NotYet(cause) => Some(cause),
                }
            }
            Ok(Some(Err(error))) => Some(patience.after(&error, session, end).await?),
            Ok(None) | Err(_) => None,
        };
        if let Some(cause) = cause {
            last.clone_from(&cause.detail);
            failed(context, cause);
        }
        if Instant::now() >= end {
            return Err(patience.ended(context, &format!("{what} was not as it should be"), hint));
        }
        context.console.waiting(&format!("{what}: {last}"));
    }
}
