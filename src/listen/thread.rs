use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{Builder, JoinHandle, park_timeout};
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::wake::WakeFactory;
use super::{Event, Intake, Order, Settings, VadFactory};
use crate::audio::{CaptureTail, Tap};

/// Orders that may wait for the thread. If it is full the thread is stuck, and the order is
/// refused.
pub const LISTEN_ORDERS: usize = 64;

/// Recommended size of the driver's queue: more than a second of frames.
pub const LISTEN_OUTBOX: usize = 256;

/// Events that wait for room in the driver's queue. When it is full, the newest is dropped and
/// counted. Frames and levels do not wait at all.
const BACKLOG: usize = 64;

/// How long the thread sleeps while listening closely, and while idle.
const CLOSE_LOOK: Duration = Duration::from_millis(10);
const IDLE_LOOK: Duration = Duration::from_millis(25);

/// The driver's handle to the listen thread. Dropping it ends the thread within 25 ms.
#[derive(Debug)]
pub struct ListenHandle {
    orders: Option<SyncSender<Order>>,
    /// `None` if somebody else takes the orders.
    thread: Option<JoinHandle<()>>,
    counts: Arc<Counts>,
}

/// Shows the watchdog that the listen thread moves.
#[derive(Clone, Debug)]
pub struct ListenPulse(Arc<Counts>);

impl ListenPulse {
    /// A number that grows at least every 50 ms while the thread moves. Loading the model may delay
    /// it by up to a second.
    pub fn count(&self) -> u64 {
        self.0.beats.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
struct Counts {
    beats: AtomicU64,
    lost: AtomicU64,
}

impl ListenHandle {
    /// A handle without a thread: somebody else, such as a simulation, takes the orders and runs
    /// its own `Listener`.
    pub fn to(orders: SyncSender<Order>) -> Self {
        Self { orders: Some(orders), thread: None, counts: Arc::default() }
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    /// Sends an order and wakes the thread for it. All sound captured before it is processed first.
    ///
    /// # Errors
    /// The order, when the thread is stuck with [`LISTEN_ORDERS`] of them or has ended.
    pub fn order(&self, order: Order) -> Result<(), Order> {
        match &self.orders {
            Some(orders) => orders.try_send(order).map_err(|refused| match refused {
                std::sync::mpsc::TrySendError::Full(order)
                | std::sync::mpsc::TrySendError::Disconnected(order) => order,
            })?,
            None => return Err(order),
        }
        self.wake();
        Ok(())
    }

    /// Shows that the thread moves, see [`ListenPulse`].
    pub fn pulse(&self) -> ListenPulse {
        ListenPulse(Arc::clone(&self.counts))
    }

    /// Events dropped because the driver did not take them.
    pub fn lost(&self) -> u64 {
        self.counts.lost.load(Ordering::Relaxed)
    }

    /// Ends the thread and waits for it, 25 ms at most unless it is loading a model.
    pub fn stop(mut self) {
        self.orders = None;
        self.wake();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the listen thread had panicked");
        }
    }
}

/// Starts the listen thread on the reading end of the capture ring, and of the tap at the speaker,
/// whose echo it removes. Its ear is closed until an [`Order`] opens it; it keeps the preroll from
/// the start.
///
/// It ends when the handle or the receiver of `outbox` is dropped.
///
/// # Errors
/// When the system cannot start a thread.
pub fn spawn(
    tail: CaptureTail,
    tap: Tap,
    settings: Settings,
    factory: Option<VadFactory>,
    words: Option<WakeFactory>,
    outbox: Sender<Event>,
) -> io::Result<ListenHandle> {
    let (orders, inbox) = sync_channel(LISTEN_ORDERS);
    let counts = Arc::new(Counts::default());
    let outbox = Outbox { outbox, backlog: VecDeque::new(), counts: Arc::clone(&counts) };
    let thread = Builder::new().name("listen".into()).spawn(move || {
        // Created here because webrtc's detector cannot change threads.
        let intake = Intake::new(tail, tap, settings, factory);
        let intake = match words {
            Some(words) => intake.with_words(words),
            None => intake,
        };
        Shell { intake, outbox, made: Vec::new() }.run(&inbox);
    })?;
    Ok(ListenHandle { orders: Some(orders), thread: Some(thread), counts })
}

/// What runs on the thread.
struct Shell {
    intake: Intake,
    outbox: Outbox,
    /// Events in transit; kept so that no poll allocates.
    made: Vec<Event>,
}

impl Shell {
    fn run(mut self, inbox: &Receiver<Order>) {
        loop {
            self.outbox.counts.beats.fetch_add(1, Ordering::Relaxed);
            self.intake.look(&mut self.made);
            loop {
                match inbox.try_recv() {
                    Ok(order) => self.intake.order(order, &mut self.made),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            if self.outbox.send_all(&mut self.made).is_err() {
                return;
            }
            // A wake-up for an order that came meanwhile is not lost: this returns immediately.
            park_timeout(if self.intake.dozes() { IDLE_LOOK } else { CLOSE_LOOK });
        }
    }
}

/// The queue to the driver.
struct Outbox {
    outbox: Sender<Event>,
    backlog: VecDeque<Event>,
    counts: Arc<Counts>,
}

/// The driver is gone.
struct Gone;

impl Outbox {
    fn send_all(&mut self, made: &mut Vec<Event>) -> Result<(), Gone> {
        while let Some(event) = self.backlog.pop_front() {
            match self.outbox.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    self.backlog.push_front(event);
                    break;
                }
                Err(TrySendError::Closed(_)) => return Err(Gone),
            }
        }
        for event in made.drain(..) {
            // Nothing overtakes what is already waiting.
            let refused = if self.backlog.is_empty() {
                self.outbox.try_send(event)
            } else {
                Err(TrySendError::Full(event))
            };
            match refused {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    let passing =
                        matches!(event, Event::Frame(_) | Event::Level(_) | Event::Score(_));
                    if passing || self.backlog.len() == BACKLOG {
                        self.counts.lost.fetch_add(1, Ordering::Relaxed);
                    } else {
                        self.backlog.push_back(event);
                    }
                }
                Err(TrySendError::Closed(_)) => return Err(Gone),
            }
        }
        // Even if nothing happens, notice that the driver is gone.
        if self.outbox.is_closed() { Err(Gone) } else { Ok(()) }
    }
}
