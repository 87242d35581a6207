//! The session: requests with retries, until the run's deadline.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::{Console, Context, Failure};
use k8s_openapi::NamespaceResourceScope;
use kube::api::{ListParams, ObjectList, PartialObjectMeta, PostParams};
use kube::config::KubeConfigOptions;
use kube::{Api, Client, Config, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Cluster;
use crate::backoff::Backoff;
use crate::classify::{Trouble, classify, explain};
use crate::connect::connect;
use crate::kubeconfig::{kubeconfig_invalid, read_kubeconfig};
use crate::retry_after::asked_wait;
use crate::workload::Workload;
use crate::{API_ERROR, API_UNREACHABLE, FORBIDDEN};

/// One request may take this long; a server that stalls is asked again on a new connection.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// A server that has had this long and has not answered cannot be reached.
const TELLING_LIMIT: Duration = Duration::from_secs(1);
/// A refusal of permission heals within the first seconds of a cluster, or not at all.
const FORBIDDEN_PATIENCE: Duration = Duration::from_secs(10);
/// What is kept back of the run's time, so that the last error is reported instead of a bare time-out.
const RESERVE: Duration = Duration::from_millis(500);
/// Objects in one page of a list.
const PAGE: u32 = 500;

/// A connection to one cluster and one namespace.
#[derive(Clone)]
pub struct Session {
    /// The client, for requests that a session has no method for.
    pub client: Client,
    /// The namespace that `--namespace` names.
    pub namespace: String,
    /// The API server's address, for messages.
    pub server: String,
    /// The gateway server's workload.
    pub workload: Workload,
    pub(crate) console: Arc<Console>,
    deadline: Instant,
}

/// What came of a create.
#[derive(Debug)]
pub enum Created<K> {
    /// It was made by this request.
    Made(Box<K>),
    /// Somebody else has made one of this name: read it.
    Exists,
}

impl Session {
    /// The same, with a server whose workload is this one.
    #[must_use]
    pub fn of_workload(self, workload: &Workload) -> Self {
        Self {
            workload: workload.clone(),
            ..self
        }
    }

    /// A session on the cluster that the shared flags name; sends nothing yet.
    pub async fn open<R>(context: &Context<R>) -> Result<Self, Failure> {
        Self::open_on(&Cluster::from(&context.common), context, context.deadline).await
    }

    /// A session on this cluster, whose requests end at `deadline`; reads the kubeconfig, and sends nothing yet.
    pub async fn open_on<R>(
        cluster: &Cluster,
        context: &Context<R>,
        deadline: Instant,
    ) -> Result<Self, Failure> {
        let (kubeconfig, file) = read_kubeconfig(cluster.kubeconfig.clone())?;
        let options = KubeConfigOptions {
            context: cluster.context.clone(),
            ..KubeConfigOptions::default()
        };
        let invalid = |error: String| kubeconfig_invalid(format!("the kubeconfig {file} is wrong: {error}"));
        let config = Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .map_err(|error| invalid(error.to_string()))?;
        let server = config.cluster_url.to_string();
        let client = connect(config).map_err(|error| invalid(explain(&error)))?;
        Ok(Self {
            client,
            namespace: cluster.namespace.clone(),
            server,
            workload: Workload::default(),
            console: Arc::clone(&context.console),
            deadline,
        })
    }

    /// Objects of the session's namespace.
    pub fn namespaced<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Objects of the cluster, or of all namespaces.
    pub fn everywhere<K: Resource<DynamicType = ()>>(&self) -> Api<K> {
        Api::all(self.client.clone())
    }

    /// The object, or `None` where its absence is proven.
    pub async fn get<K>(&self, api: &Api<K>, name: &str) -> Result<Option<K>, Failure>
    where
        K: Clone + DeserializeOwned + Debug,
    {
        let what = format!("the API server to return {} {name}", kind_of::<K>());
        self.request(
            &what,
            name,
            || api.get(name),
            |trouble| (trouble == Trouble::Absent).then_some(()),
        )
        .await
        .map(Result::ok)
    }

    /// Every object that the selection matches, page by page.
    pub async fn list<K>(&self, api: &Api<K>, selection: &ListParams) -> Result<Vec<K>, Failure>
    where
        K: Clone + DeserializeOwned + Debug,
    {
        self.list_as(api, selection, |object| object).await
    }

    /// What `keep` keeps of every object that the selection matches. Of thousands, no more than a page is in memory.
    pub async fn list_as<K, T>(
        &self,
        api: &Api<K>,
        selection: &ListParams,
        keep: impl Fn(K) -> T,
    ) -> Result<Vec<T>, Failure>
    where
        K: Clone + DeserializeOwned + Debug,
    {
        self.list_called(kind_of::<K>(), api, selection, keep).await
    }

    /// As [`Session::list_as`], of a kind that the Rust type does not name.
    pub async fn list_called<K, T>(
        &self,
        kind: &str,
        api: &Api<K>,
        selection: &ListParams,
        keep: impl Fn(K) -> T,
    ) -> Result<Vec<T>, Failure>
    where
        K: Clone + DeserializeOwned + Debug,
    {
        let found = self.listed(kind, api, selection, keep, |_| false).await?;
        Ok(found.unwrap_or_default())
    }

    /// As [`Session::list_called`], if the user's rights are an answer, too: `None` if the API server refuses the list (403).
    pub async fn list_if_allowed<K, T>(
        &self,
        kind: &str,
        api: &Api<K>,
        selection: &ListParams,
        keep: impl Fn(K) -> T,
    ) -> Result<Option<Vec<T>>, Failure>
    where
        K: Clone + DeserializeOwned + Debug,
    {
        let is_refused = |trouble| trouble == Trouble::Forbidden;
        self.listed(kind, api, selection, keep, is_refused).await
    }

    async fn listed<K, T>(
        &self,
        kind: &str,
        api: &Api<K>,
        selection: &ListParams,
        keep: impl Fn(K) -> T,
        is_refused: impl Fn(Trouble) -> bool,
    ) -> Result<Option<Vec<T>>, Failure>
    where
        K: Clone + DeserializeOwned + Debug,
    {
        let what = format!("the API server to list {kind}");
        let send = async |page: &ListParams| api.list(page).await;
        self.pages(&what, selection, send, keep, is_refused).await
    }

    /// The names of the objects that the selection matches. What else they hold, such as the values of Secrets, stays with
    /// the API server.
    pub async fn list_names<K>(&self, api: &Api<K>, selection: &ListParams) -> Result<Vec<String>, Failure>
    where
        K: Clone + DeserializeOwned + Debug,
    {
        let what = format!("the API server to list {}", kind_of::<K>());
        let name = |object: PartialObjectMeta<K>| object.metadata.name.unwrap_or_default();
        let send = async |page: &ListParams| api.list_metadata(page).await;
        let found = self.pages(&what, selection, send, name, |_| false).await?;
        Ok(found.unwrap_or_default())
    }

    async fn pages<K: Clone, T>(
        &self,
        what: &str,
        selection: &ListParams,
        send: impl AsyncFn(&ListParams) -> Result<ObjectList<K>, kube::Error>,
        keep: impl Fn(K) -> T,
        is_refused: impl Fn(Trouble) -> bool,
    ) -> Result<Option<Vec<T>>, Failure> {
        'again: loop {
            let mut found = Vec::new();
            let mut page = selection.clone().limit(PAGE);
            loop {
                // 410 Gone: the list changed so much that its continuation expired. The whole list is asked for again.
                let gone =
                    |error: &kube::Error| matches!(error, kube::Error::Api(status) if status.code == 410);
                let is_answer = |trouble, error: &kube::Error| gone(error) || is_refused(trouble);
                let list = match self.ask(what, "", || send(&page), is_answer).await? {
                    Ok(list) => list,
                    Err(trouble) if is_refused(trouble) => return Ok(None),
                    Err(_) => continue 'again,
                };
                found.extend(list.items.into_iter().map(&keep));
                match list.metadata.continue_.filter(|token| !token.is_empty()) {
                    Some(token) => page = page.continue_token(&token),
                    None => return Ok(Some(found)),
                }
            }
        }
    }

    /// Creates the object. An answer that was lost is asked again, so that [`Created::Exists`] may also mean a
    /// create of this very call: callers read the object and go by what it holds.
    pub async fn create<K>(&self, api: &Api<K>, name: &str, object: &K) -> Result<Created<K>, Failure>
    where
        K: Clone + DeserializeOwned + Serialize + Debug,
    {
        let what = format!("the API server to create {} {name}", kind_of::<K>());
        let parameters = PostParams::default();
        let exists = |trouble| (trouble == Trouble::Exists).then_some(());
        let answer = self
            .request(&what, name, || api.create(&parameters, object), exists)
            .await?;
        Ok(answer.map_or(Created::Exists, |made| Created::Made(Box::new(made))))
    }

    /// Sends a request until it succeeds, or until `expected` turns its trouble into an answer (the inner `Err`), or
    /// until the deadline nears. `what` completes 'waiting for'. `name` is the object that a 404 must name.
    pub async fn request<T, E, F>(
        &self,
        what: &str,
        name: &str,
        send: impl FnMut() -> F,
        expected: impl Fn(Trouble) -> Option<E>,
    ) -> Result<Result<T, E>, Failure>
    where
        F: Future<Output = Result<T, kube::Error>>,
    {
        let answer = self
            .ask(what, name, send, |trouble, _| expected(trouble).is_some())
            .await?;
        Ok(answer.map_err(|trouble| expected(trouble).expect("only expected trouble is an answer")))
    }

    async fn ask<T, F>(
        &self,
        what: &str,
        name: &str,
        mut send: impl FnMut() -> F,
        is_answer: impl Fn(Trouble, &kube::Error) -> bool,
    ) -> Result<Result<T, Trouble>, Failure>
    where
        F: Future<Output = Result<T, kube::Error>>,
    {
        let started = Instant::now();
        let end = self.deadline.checked_sub(RESERVE).unwrap_or(self.deadline);
        let mut backoff = Backoff::default();
        // A caller's own wait, of which this request is one step, is not over with it.
        let mut waited = false;
        // The deadline cuts the last request short; what the one before it met is the better cause.
        let mut before: Option<(Trouble, String)> = None;
        loop {
            let limit = REQUEST_LIMIT.min(end.saturating_duration_since(Instant::now()));
            let (trouble, cause, asked_for) = match tokio::time::timeout(limit, send()).await {
                Ok(Ok(value)) => {
                    if waited {
                        self.console.ended_waiting();
                    }
                    return Ok(Ok(value));
                }
                Ok(Err(error)) => {
                    let trouble = classify(&error, name);
                    if is_answer(trouble, &error) {
                        if waited {
                            self.console.ended_waiting();
                        }
                        return Ok(Err(trouble));
                    }
                    (trouble, explain(&error), asked_wait(&error))
                }
                // So little time was left that no answer means nothing: the run's deadline tells what was waited for.
                Err(_) if before.is_none() && limit < TELLING_LIMIT => {
                    if self.console.waits_for().is_none() {
                        self.console.waiting(what);
                    }
                    std::future::pending().await
                }
                Err(_) => {
                    let cut_short = before.take().filter(|_| limit < REQUEST_LIMIT);
                    let (trouble, cause) = cut_short.unwrap_or_else(|| {
                        let cause = format!("no answer within {} s", limit.as_secs_f32().ceil());
                        (Trouble::Unreachable, cause)
                    });
                    (trouble, cause, Duration::ZERO)
                }
            };
            let hopeless = match trouble {
                Trouble::Refused => true,
                Trouble::Forbidden => started.elapsed() > FORBIDDEN_PATIENCE,
                _ => false,
            };
            let wait = backoff.next_wait().max(asked_for);
            if hopeless || Instant::now() + wait >= end {
                return Err(self.failure(trouble, what, &cause));
            }
            waited = true;
            self.console.waiting(&format!("{what}: {cause}"));
            before = Some((trouble, cause));
            tokio::time::sleep(wait).await;
        }
    }

    /// The failure of a request that was not sent by [`Session::request`]. `what` completes "could not". `name` is the object that a 404 must
    /// name.
    pub fn failed(&self, what: &str, name: &str, error: &kube::Error) -> Failure {
        self.failure(classify(error, name), what, &explain(error))
    }

    fn failure(&self, trouble: Trouble, what: &str, cause: &str) -> Failure {
        let what = what.strip_prefix("the API server to ").unwrap_or(what);
        let message = format!("could not {what} at {}: {cause}", self.server);
        match trouble {
            Trouble::Forbidden => FORBIDDEN.failure(
                message,
                "use a kubeconfig whose user may do this (kubectl auth can-i)",
            ),
            Trouble::Unreachable => API_UNREACHABLE.failure(
                message,
                format!(
                    "see that the gateway runs: {}",
                    contract::typed_by_driver("status").unwrap_or_else(|| contract::typed("gw-detect"))
                ),
            ),
            _ => API_ERROR.failure(message, "run it again; look at the API server's log if it stays"),
        }
    }
}

/// The kind's name, from its Rust type: types of k8s-openapi are named for their kind.
fn kind_of<K>() -> &'static str {
    std::any::type_name::<K>().rsplit("::").next().unwrap_or("object")
}
