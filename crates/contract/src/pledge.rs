//! What a run owes if it is cut short.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// How long all of it may take, beyond the run's own time.
const LIMIT: Duration = Duration::from_secs(10);

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is owed at this moment.
#[derive(Clone, Default)]
pub struct Pledges {
    owed: Arc<Mutex<Vec<Option<Work>>>>,
    made: Arc<Notify>,
}

impl std::fmt::Debug for Pledges {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Pledges")
    }
}

impl Pledges {
    /// From now on, until the pledge is kept in the regular way, `work` is done if a signal or the deadline cuts the run short.
    pub fn add(&self, work: impl Future<Output = ()> + Send + 'static) -> Pledge {
        let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        owed.push(Some(Box::pin(work)));
        self.made.notify_one();
        Pledge {
            all: self.clone(),
            number: owed.len() - 1,
        }
    }

    /// Returns once something is owed.
    pub(crate) async fn made(&self) {
        self.made.notified().await;
    }

    /// Does what is owed, the last first, within ten seconds.
    pub(crate) async fn keep_all(&self) {
        let owed: Vec<Option<Work>> =
            std::mem::take(&mut *self.owed.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async {
            for work in owed.into_iter().rev().flatten() {
                work.await;
            }
        };
        // What is not done then is found by the next run, as after a kill.
        let _ = tokio::time::timeout(LIMIT, all).await;
    }
}

/// One thing that is owed. Dropping it does not take it back: that is how a run that is cut short ends.
#[derive(Debug)]
#[must_use = "it is owed until it is kept"]
pub struct Pledge {
    all: Pledges,
    number: usize,
}

impl Pledge {
    /// It is done.
    pub fn kept(self) {
        let mut owed = self.all.owed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(work) = owed.get_mut(self.number) {
            *work = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_owed_is_done_and_what_was_kept_is_not() {
        let (pledges, done) = (Pledges::default(), Arc::new(Mutex::new(Vec::new())));
        let owe = |name: &'static str| {
            let done = Arc::clone(&done);
            pledges.add(async move { done.lock().unwrap().push(name) })
        };
        let (first, second, third) = (owe("first"), owe("second"), owe("third"));
        second.kept();
        drop((first, third));
        pledges.keep_all().await;
        assert_eq!(*done.lock().unwrap(), ["third", "first"]);
        pledges.keep_all().await;
        assert_eq!(done.lock().unwrap().len(), 2);
    }
}
