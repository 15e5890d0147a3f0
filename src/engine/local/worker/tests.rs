use std::sync::atomic::AtomicUsize;

use futures::StreamExt;
use tokio::sync::Notify;

use super::*;

/// Counts up to the requested number; 0 panics, 13 fails.
#[derive(Default)]
struct Counter {
    steps: Arc<AtomicUsize>,
    unloaded: Arc<Notify>,
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.unloaded.notify_one();
    }
}

impl Model for Counter {
    type Ask = usize;
    type Answer = usize;

    fn answer(&mut self, ask: usize, replies: &Replies<usize>) -> Result<(), Stopped> {
        assert_ne!(ask, 0, "nothing to count");
        if ask == 13 {
            return Err(EngineError::Refused("no thirteen".to_owned()).into());
        }
        for n in 1..=ask {
            replies.put(n)?;
            self.steps.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

#[derive(Default)]
struct Seen {
    loads: Arc<AtomicUsize>,
    steps: Arc<AtomicUsize>,
    unloaded: Arc<Notify>,
}

impl Seen {
    fn worker(&self, idle: Option<Duration>) -> Worker<Counter> {
        let (loads, steps) = (self.loads.clone(), self.steps.clone());
        let unloaded = self.unloaded.clone();
        Worker::new("counter", idle, move || {
            loads.fetch_add(1, Ordering::SeqCst);
            Ok(Counter { steps: steps.clone(), unloaded: unloaded.clone() })
        })
    }

    fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }
}

async fn read(flow: Flow<Result<usize, EngineError>>) -> Vec<Result<usize, EngineError>> {
    flow.collect().await
}

#[tokio::test]
async fn the_model_is_loaded_by_the_first_order_only() {
    let seen = Seen::default();
    let worker = seen.worker(None);
    assert_eq!(seen.loads(), 0);
    assert_eq!(read(worker.ask(3)).await, [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(read(worker.ask(1)).await, [Ok(1)]);
    assert_eq!(seen.loads(), 1);
}

#[tokio::test]
async fn warming_loads_before_the_first_order() {
    let seen = Seen::default();
    let worker = seen.worker(None);
    assert_eq!(worker.warm().await, Ok(()));
    assert_eq!(seen.loads(), 1);
}

#[tokio::test]
async fn an_idle_model_is_unloaded_and_comes_back() {
    let seen = Seen::default();
    let worker = seen.worker(Some(Duration::ZERO));
    assert_eq!(read(worker.ask(2)).await, [Ok(1), Ok(2)]);
    seen.unloaded.notified().await;
    assert_eq!(read(worker.ask(2)).await, [Ok(1), Ok(2)]);
    assert_eq!(seen.loads(), 2);
}

#[tokio::test]
async fn a_dropped_flow_stops_the_model_and_the_next_order_is_served() {
    let seen = Seen::default();
    let worker = seen.worker(None);
    let mut flow = worker.ask(1_000_000);
    assert_eq!(flow.next().await, Some(Ok(1)));
    drop(flow);
    assert_eq!(read(worker.ask(2)).await, [Ok(1), Ok(2)]);
    let made = seen.steps.load(Ordering::SeqCst);
    assert!(made <= 2 + 1 + WAITING_ANSWERS + 1, "{made} steps were made");
}

#[tokio::test]
async fn an_order_dropped_while_it_waits_is_never_begun() {
    let seen = Seen::default();
    let worker = seen.worker(None);
    let mut first = worker.ask(100);
    assert_eq!(first.next().await, Some(Ok(1)));
    drop(worker.ask(0));
    drop(first);
    // Had the second one started, it would have panicked, and the model been reloaded.
    assert_eq!(read(worker.ask(1)).await, [Ok(1)]);
    assert_eq!(seen.loads(), 1);
}

#[tokio::test]
async fn a_failure_reaches_the_reader_as_it_was_told() {
    let worker = Seen::default().worker(None);
    assert_eq!(read(worker.ask(13)).await, [Err(EngineError::Refused("no thirteen".to_owned()))]);
}

#[tokio::test]
async fn a_panic_breaks_its_own_order_only() {
    let seen = Seen::default();
    let worker = seen.worker(None);
    assert_eq!(read(worker.ask(0)).await, [Err(broken("counter"))]);
    assert_eq!(read(worker.ask(1)).await, [Ok(1)]);
    assert_eq!(seen.loads(), 2);
}

#[tokio::test]
async fn every_order_hears_of_a_failed_load_and_a_later_one_may_succeed() {
    let tries = Arc::new(AtomicUsize::new(0));
    let worker = Worker::new("counter", None, {
        let tries = tries.clone();
        move || match tries.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err(EngineError::Unreachable("not fetched".to_owned())),
            _ => Ok(Counter::default()),
        }
    });
    let missing = EngineError::Unreachable("not fetched".to_owned());
    assert_eq!(worker.warm().await, Err(missing.clone()));
    assert_eq!(read(worker.ask(1)).await, [Err(missing)]);
    assert_eq!(read(worker.ask(1)).await, [Ok(1)]);
}

#[tokio::test]
async fn too_many_orders_are_refused_at_once() {
    let worker = Seen::default().worker(None);
    let mut first = worker.ask(100);
    assert_eq!(first.next().await, Some(Ok(1)));
    let waiting: Vec<_> = (0..WAITING_ORDERS).map(|_| worker.ask(1)).collect();
    assert!(matches!(read(worker.ask(1)).await.as_slice(), [Err(EngineError::Overloaded { .. })]));
    drop(first);
    for flow in waiting {
        assert_eq!(read(flow).await, [Ok(1)]);
    }
}
