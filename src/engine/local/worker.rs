use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use futures::Stream;
use ort::session::{NoSelectedOutputs, RunOptions};
use tokio::sync::{mpsc, oneshot};

use super::runtime::failed;
use crate::base::{Flow, Job};
use crate::engine::EngineError;
use crate::engine::local::runtime::Runtime;

/// Orders that may wait for a worker. Further ones get [`EngineError::Overloaded`]: a model serves
/// one person, so a longer queue means that somebody forgot to drop their flows.
pub const WAITING_ORDERS: usize = 8;

/// Answers that may wait for their reader. The worker then blocks until the reader takes one or is
/// gone, so the memory for a slow reader is bounded.
pub const WAITING_ANSWERS: usize = 4;

/// What runs on a [`Worker`]'s thread. It is created, used and dropped there, so it need not be
/// `Send`.
pub trait Model: 'static {
    /// One order.
    type Ask: Send + 'static;
    /// One of its answers.
    type Answer: Send + 'static;

    /// Answers `ask` into `replies`. Long work is split into steps, each after [`Replies::check`] or
    /// run under [`Replies::options`].
    ///
    /// # Errors
    /// [`Stopped`]; `?` on an [`EngineError`] makes one.
    fn answer(&mut self, ask: Self::Ask, replies: &Replies<Self::Answer>) -> Result<(), Stopped>;
}

/// Why a model stopped before its answer was complete.
#[derive(Clone, Debug, PartialEq)]
pub enum Stopped {
    /// Nobody waits for the answer any longer.
    Cancelled,
    /// It failed; the reader gets this error.
    Failed(EngineError),
}

impl From<EngineError> for Stopped {
    fn from(error: EngineError) -> Self {
        Self::Failed(error)
    }
}

/// A model on a thread of its own.
///
/// The thread starts and the model is loaded when the first order comes, and both are released
/// after a time without orders. A load error is reported to every order that meets it; the next
/// order tries again, since the file may have been fetched by then. Dropping the worker waits for
/// the thread: when the process ends, the library's clean-up must not meet a thread that is still
/// inside it. The current order has been dropped by then, so only a load is waited for.
pub struct Worker<M: Model> {
    name: &'static str,
    idle: Option<Duration>,
    load: Arc<Load<M>>,
    thread: Mutex<Option<WorkerHandle<M>>>,
}

/// The queue to the worker's thread, and the thread.
struct WorkerHandle<M: Model> {
    orders: SyncSender<Order<M>>,
    /// Closed when the thread has finished its work.
    gone: Receiver<()>,
    thread: thread::JoinHandle<()>,
}

/// How long a dropped worker waits for its thread; a model loads in a fraction of it.
const LEAVE: Duration = Duration::from_secs(5);

type Load<M> = dyn Fn() -> Result<M, EngineError> + Send + Sync;

/// Where a model puts its answers and checks whether to go on.
pub struct Replies<A> {
    answers: mpsc::Sender<Result<A, EngineError>>,
    stop: Stop,
}

enum Order<M: Model> {
    Ask(M::Ask, Replies<M::Answer>),
    Warm(oneshot::Sender<Result<(), EngineError>>),
}

/// The stop flag of one order, set by the flow and checked by the model.
#[derive(Clone, Default)]
struct Stop(Arc<StopState>);

#[derive(Default)]
struct StopState {
    set: AtomicBool,
    /// The options of the current inference, if any, so that it can be aborted from outside.
    run: Mutex<Option<Arc<RunOptions>>>,
}

impl<M: Model> Worker<M> {
    /// A worker whose model is made by `load`, on the worker's thread, and dropped after `idle`
    /// without an order (never, if `None`). `name` names the thread and appears in errors.
    pub fn new(
        name: &'static str,
        idle: Option<Duration>,
        load: impl Fn() -> Result<M, EngineError> + Send + Sync + 'static,
    ) -> Self {
        Self { name, idle, load: Arc::new(load), thread: Mutex::new(None) }
    }

    /// Orders an answer. Orders are served one after the other; dropping the flow stops the work at
    /// its next step. The flow always ends, and with an error unless the answer is complete: the
    /// error of [`Model::answer`], [`EngineError::Overloaded`] when too many orders wait,
    /// [`EngineError::Broken`] when the model panicked.
    pub fn ask(&self, ask: M::Ask) -> Flow<Result<M::Answer, EngineError>> {
        let (answers, incoming) = mpsc::channel(WAITING_ANSWERS);
        let stop = Stop::default();
        let order = Order::Ask(ask, Replies { answers, stop: stop.clone() });
        match self.send(order) {
            Ok(()) => Box::pin(Answers { incoming, stop }),
            Err(error) => Box::pin(futures::stream::iter([Err(error)])),
        }
    }

    /// Loads the model now, so that the first order does not wait for it.
    pub fn warm(&self) -> Job<Result<(), EngineError>> {
        let (done, loaded) = oneshot::channel();
        let sent = self.send(Order::Warm(done));
        let name = self.name;
        Box::pin(async move {
            sent?;
            loaded.await.unwrap_or_else(|_| Err(broken(name)))
        })
    }

    fn send(&self, order: Order<M>) -> Result<(), EngineError> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = match thread.take() {
            Some(handle) => handle,
            None => self.start()?,
        };
        match thread.insert(handle).orders.try_send(order) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(EngineError::Overloaded {
                message: format!("{} has {WAITING_ORDERS} requests waiting; try again", self.name),
                retry_after: None,
            }),
            Err(TrySendError::Disconnected(_)) => Err(broken(self.name)),
        }
    }

    fn start(&self) -> Result<WorkerHandle<M>, EngineError> {
        let (orders, incoming) = sync_channel(WAITING_ORDERS);
        let (leaves, gone) = sync_channel::<()>(0);
        let (name, idle, load) = (self.name, self.idle, self.load.clone());
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                WorkerThread { name, idle, load, model: None }.run(&incoming);
                drop(leaves);
            })
            .map_err(|error| EngineError::Overloaded {
                message: format!("no thread for {} ({error}); try again", self.name),
                retry_after: None,
            })?;
        Ok(WorkerHandle { orders, gone, thread })
    }
}

impl<M: Model> Drop for Worker<M> {
    fn drop(&mut self) {
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let Some(WorkerHandle { orders, gone, thread }) = thread else { return };
        drop(orders);
        if gone.recv_timeout(LEAVE) == Err(RecvTimeoutError::Disconnected) {
            // It is past its last line; a panic of the model was caught earlier.
            let _ = thread.join();
        }
    }
}

impl<A> Replies<A> {
    /// Hands out one answer. Blocks while [`WAITING_ANSWERS`] are unread.
    ///
    /// # Errors
    /// [`Stopped::Cancelled`] when nobody reads any longer.
    pub fn put(&self, answer: A) -> Result<(), Stopped> {
        self.check()?;
        self.answers.blocking_send(Ok(answer)).map_err(|_| Stopped::Cancelled)
    }

    /// Must be called between steps.
    ///
    /// # Errors
    /// [`Stopped::Cancelled`] when nobody waits for the answer any longer.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.stop.0.set.load(Ordering::Relaxed) { Err(Stopped::Cancelled) } else { Ok(()) }
    }

    /// Options for the inferences of this order: when the flow is dropped, those run under them are
    /// aborted between two nodes of the graph.
    ///
    /// # Errors
    /// [`Stopped`]; onnxruntime must be loaded.
    pub fn options(&self) -> Result<Arc<RunOptions<NoSelectedOutputs>>, Stopped> {
        let mut run = self.stop.0.run.lock().unwrap_or_else(PoisonError::into_inner);
        let options = match run.take() {
            Some(options) => options,
            None => Arc::new(RunOptions::new().map_err(|error| failed(&error))?),
        };
        *run = Some(options.clone());
        // Once the lock is taken, a later stop finds the options; an earlier one is seen here.
        self.check()?;
        Ok(options)
    }

    /// The meaning of a failed inference under [`Replies::options`]: cancelled if the flow was
    /// dropped, else a failure of the model.
    pub fn halt(&self, error: &ort::Error) -> Stopped {
        match self.check() {
            Err(halt) => halt,
            Ok(()) => Stopped::Failed(failed(error)),
        }
    }
}

impl Stop {
    fn set(&self) {
        self.0.set.store(true, Ordering::Relaxed);
        let run = self.0.run.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(options) = run {
            // It can only fail if the options do not exist.
            let _ = options.terminate();
        }
    }
}

/// The reader's end of an order.
struct Answers<A> {
    incoming: mpsc::Receiver<Result<A, EngineError>>,
    stop: Stop,
}

impl<A> Stream for Answers<A> {
    type Item = Result<A, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.incoming.poll_recv(cx)
    }
}

impl<A> Drop for Answers<A> {
    fn drop(&mut self) {
        self.stop.set();
    }
}

/// The worker's thread: the model, while it is loaded, and how to load it.
struct WorkerThread<M: Model> {
    name: &'static str,
    idle: Option<Duration>,
    load: Arc<Load<M>>,
    model: Option<M>,
}

impl<M: Model> WorkerThread<M> {
    fn run(mut self, orders: &Receiver<Order<M>>) {
        while let Some(order) = self.next(orders) {
            match order {
                Order::Warm(done) => {
                    let loaded =
                        self.guard(|thread| thread.model().map(|_| ()).map_err(Stopped::Failed));
                    let _ = done.send(match loaded {
                        Ok(()) | Err(Stopped::Cancelled) => Ok(()),
                        Err(Stopped::Failed(error)) => Err(error),
                    });
                }
                Order::Ask(ask, replies) => {
                    // An order dropped while it waited costs nothing, not even the load.
                    let answered = replies
                        .check()
                        .and_then(|()| self.guard(|thread| thread.model()?.answer(ask, &replies)));
                    if let Err(Stopped::Failed(error)) = answered {
                        tracing::debug!(model = self.name, %error, "an order failed");
                        let _ = replies.answers.blocking_send(Err(error));
                    }
                }
            }
        }
    }

    /// The next order; drops the model if none comes for the idle time. `None` when the worker is
    /// gone.
    fn next(&mut self, orders: &Receiver<Order<M>>) -> Option<Order<M>> {
        if let (Some(idle), Some(_)) = (self.idle, &self.model) {
            match orders.recv_timeout(idle) {
                Ok(order) => return Some(order),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    self.model = None;
                    Runtime::give_back();
                    tracing::debug!(model = self.name, "idle: unloaded");
                }
            }
        }
        orders.recv().ok()
    }

    fn model(&mut self) -> Result<&mut M, EngineError> {
        let model = match self.model.take() {
            Some(model) => model,
            None => (self.load)()?,
        };
        Ok(self.model.insert(model))
    }

    /// Runs `work`; a panic inside becomes an error, and the model, whose state is then unknown, is
    /// reloaded for the next order.
    fn guard(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(result) => result,
            Err(panic) => {
                self.model = None;
                tracing::error!(model = self.name, panic = text(panic.as_ref()), "panicked");
                Err(Stopped::Failed(broken(self.name)))
            }
        }
    }
}

fn broken(name: &str) -> EngineError {
    EngineError::Broken(format!("{name} stopped unexpectedly; run \"aloud models verify\""))
}

fn text(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => "no text",
    }
}

#[cfg(test)]
mod tests;
