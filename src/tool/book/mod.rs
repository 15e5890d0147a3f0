//! The book of timers, alarms and reminders: what will ring, kept on disk.
//!
//! ```text
//! set_timer ─▶ Book ─▶ thread: Diary ─▶ timers.json ◀─ Diary (another program)
//!                          └─▶ View {entries, ringing, missed} ─▶ the driver
//! ```
//!
//! **Invariant:** a change is on disk before the tool says that it is done, or the tool says that
//! it could not be saved. The file is whole at any moment: it is only ever replaced.
//! **Invariant:** several programs may share the file. Each change is made to the newest file,
//! under a lock; one program rings, the one that holds the bell's lock.
//! **Invariant:** nothing is lost silently. An entry stays in the book until its ring was answered,
//! or rang unanswered for its full time: then it is kept as missed until the user has been told. A
//! broken file is kept aside; a change that could not be saved stays in memory and is retried.
//! **Invariant:** timers count on the boot clock, alarms follow the wall clock.
//! **Invariant:** a thread owns the book. Locks and disks are waited for there and nowhere else.
//! Deliberately absent: sound, and how long something rings.

mod cycle;
mod days;
mod diary;
mod entry;
mod file;
mod page;
mod ring;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::{oneshot, watch};

pub use cycle::{Cycle, Unit};
pub use days::{Days, Week};
pub(crate) use diary::Diary;
pub use entry::{Entry, EntryId, Now, RingKind, Run, What};
pub use ring::{Rang, Ring};

use crate::base::{Flow, LocalZone, WallClock};

/// The most entries in a book; the next one is refused in words.
pub const MAX_ENTRIES: usize = 200;

/// Work waiting for the book's thread; more is refused. Far more than one person requests while a
/// lock is waited for.
const MAX_WORK: usize = 64;

/// How long a program that ends waits for its book.
const FINISH: Duration = Duration::from_millis(500);

/// The timers, alarms and reminders. Cheap to clone; all clones share one book.
#[derive(Clone)]
pub struct Book {
    owner: Owner,
    wall: WallClock,
    zone: LocalZone,
}

#[derive(Clone)]
enum Owner {
    /// A thread that may wait for a disk.
    Thread { work: SyncSender<Work>, view: watch::Receiver<View> },
    /// The caller's own thread: there is no file to wait for.
    Nobody(Arc<Mutex<Diary>>),
}

type Work = Box<dyn FnOnce(&mut Diary) + Send>;

/// The state of the book. A copy: reading it never waits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// The entries, next to ring first, paused ones last.
    pub entries: Vec<Entry>,
    /// What this program must ring now, longest due first.
    pub ringing: Vec<Ring>,
    /// Unanswered rings that the user was not told about yet.
    pub missed: Vec<Rang>,
    /// What is wrong with the file right now; a sentence.
    pub trouble: Option<String>,
    /// News about the file for the user; sentences with the next step.
    pub news: Vec<String>,
}

/// Where a change is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// On disk.
    Yes,
    /// Only in this program's memory, for this reason.
    No(String),
}

/// The book's thread is gone or too busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the timers cannot be reached; try again, or restart aloud")]
pub struct Unreachable;

/// The book holds [`MAX_ENTRIES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book").field("view", &self.view()).finish_non_exhaustive()
    }
}

impl Book {
    /// The book in the file at `path`, read by a thread of its own; the file and its folder are
    /// created with the first change. Alarms ring by the clock in `zone`.
    ///
    /// Never fails: problems are reported in [`View::news`], and the book then lives in memory
    /// until the file can be read and written.
    pub fn open(path: &Path, wall: WallClock, zone: LocalZone) -> Self {
        let (work, queue) = sync_channel(MAX_WORK);
        let (publish, view) = watch::channel(View::default());
        let mut diary = Diary::new(Some(path.to_owned()), wall.clone(), zone.clone());
        let thread = std::thread::Builder::new().name("book".into());
        if let Err(error) = thread.spawn(move || keep(&mut diary, &queue, &publish)) {
            // The queue is gone with the thread, so every request reports that nobody answers.
            tracing::error!("the timers cannot be kept: {error}");
        }
        Self { owner: Owner::Thread { work, view }, wall, zone }
    }

    /// A book without a file, for tests and experiments.
    pub fn in_memory(wall: WallClock, zone: LocalZone) -> Self {
        let diary = Diary::new(None, wall.clone(), zone.clone());
        Self { owner: Owner::Nobody(Arc::new(Mutex::new(diary))), wall, zone }
    }

    /// The local zone, by which alarms ring.
    pub fn zone(&self) -> TimeZone {
        self.zone.get()
    }

    /// Both clocks and the zone.
    pub fn now(&self) -> Now {
        let (wall, boot) = self.wall.both();
        Now { wall, boot, zone: self.zone.get() }
    }

    /// The state last reported by the book's thread. Never waits.
    pub fn view(&self) -> View {
        match &self.owner {
            Owner::Thread { view, .. } => view.borrow().clone(),
            Owner::Nobody(diary) => lock(diary).view(),
        }
    }

    /// The current state, and every change. Whoever polls this must ring what is due, unless
    /// another program does. Never ends.
    pub fn watch(&self) -> Flow<View> {
        self.tell(Diary::ring_here);
        match &self.owner {
            Owner::Thread { view, .. } => {
                let mut view = view.clone();
                view.mark_changed();
                Box::pin(async_stream::stream! {
                    while view.changed().await.is_ok() {
                        let now = view.borrow_and_update().clone();
                        yield now;
                    }
                    std::future::pending().await
                })
            }
            Owner::Nobody(diary) => {
                let diary = Arc::clone(diary);
                Box::pin(async_stream::stream! {
                    let mut last = None;
                    loop {
                        let (now, wait) = {
                            let mut diary = lock(&diary);
                            diary.look();
                            (diary.view(), diary.wait())
                        };
                        if last.as_ref() != Some(&now) {
                            last = Some(now.clone());
                            yield now;
                        }
                        tokio::time::sleep(wait).await;
                    }
                })
            }
        }
    }

    /// Runs `work` on the newest book, and waits for its result.
    ///
    /// # Errors
    /// When the book's thread is gone or too busy.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Diary, &Now) -> T + Send + 'static,
    ) -> Result<T, Unreachable> {
        let (answer, wait) = oneshot::channel();
        self.hand_over(Box::new(move |diary| {
            diary.look();
            let now = diary.now();
            // If nobody waits any more, nobody needs the answer.
            let _ = answer.send(work(diary, &now));
        }))?;
        wait.await.map_err(|_| Unreachable)
    }

    /// Runs `work` at some point.
    fn tell(&self, work: impl FnOnce(&mut Diary) + Send + 'static) {
        if let Err(error) = self.hand_over(Box::new(work)) {
            tracing::error!("{error}");
        }
    }

    /// Ends the rings of `ids`: somebody answered them. Never waits.
    pub fn answered(&self, ids: Vec<EntryId>) {
        self.tell(move |diary| {
            let now = diary.now();
            diary.end(&ids, true, &now);
        });
    }

    /// Ends the rings of `ids`: nobody answered them for their full time. They are kept as missed
    /// until [`Book::told`]. Never waits.
    pub fn unanswered(&self, ids: Vec<EntryId>) {
        self.tell(move |diary| {
            let now = diary.now();
            diary.end(&ids, false, &now);
        });
    }

    /// Snoozes what rings or was answered a moment ago. Never waits; problems are reported in
    /// [`View::news`].
    pub fn snooze(&self, seconds: u64) {
        self.tell(move |diary| {
            let now = diary.now();
            if let Err(error) = super::snooze::put_off(diary, &now, seconds) {
                diary.trouble(error.to_string());
            }
        });
    }

    /// Waits until the book's thread has done its work, half a second at most: a program that ends
    /// must not hang on a lock, and what is not saved by then rings again.
    pub async fn finish(&self) {
        let _ = tokio::time::timeout(FINISH, self.ask(|_, _| ())).await;
    }

    /// The user was told about these missed rings. Never waits.
    pub fn told(&self, missed: Vec<Rang>) {
        self.tell(move |diary| {
            diary.told(missed);
        });
    }

    /// The user was told the first `count` of [`View::news`]. Never waits.
    pub fn noted(&self, count: usize) {
        self.tell(move |diary| diary.noted(count));
    }

    /// The state according to the newest file. Waits for the book's thread, so it is for programs
    /// that have nothing else to do.
    ///
    /// # Errors
    /// When the book's thread is gone or too busy.
    pub fn read(&self) -> Result<Reading, Unreachable> {
        let (answer, wait) = sync_channel(1);
        self.hand_over(Box::new(move |diary| {
            diary.look();
            let view = diary.view();
            diary.noted(view.news.len());
            let reading = Reading { view, unreadable: diary.unreadable().map(str::to_owned) };
            // If nobody waits any more, nobody needs the answer.
            let _ = answer.send(reading);
        }))?;
        wait.recv().map_err(|_| Unreachable)
    }

    fn hand_over(&self, work: Work) -> Result<(), Unreachable> {
        match &self.owner {
            Owner::Thread { work: queue, .. } => {
                queue.try_send(work).map_err(|error| match error {
                    TrySendError::Full(_) | TrySendError::Disconnected(_) => Unreachable,
                })
            }
            Owner::Nobody(diary) => {
                work(&mut lock(diary));
                Ok(())
            }
        }
    }
}

/// The result of reading the book.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Its state.
    pub view: View,
    /// Why its file cannot be read, if it cannot.
    pub unreadable: Option<String>,
}

/// The book's thread: does the work, checks clocks and file, and publishes the state. Ends with the
/// last [`Book`].
fn keep(diary: &mut Diary, queue: &Receiver<Work>, publish: &watch::Sender<View>) {
    loop {
        diary.look();
        let view = diary.view();
        publish.send_if_modified(|old| {
            let changed = *old != view;
            if changed {
                *old = view;
            }
            changed
        });
        match queue.recv_timeout(diary.wait()) {
            Ok(work) => work(diary),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn lock(diary: &Mutex<Diary>) -> MutexGuard<'_, Diary> {
    // A page is replaced as a whole, so it is sound even after a panic elsewhere.
    diary.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The default path of the book under the state folder `$XDG_STATE_HOME`.
pub fn default_path(state_home: &Path) -> PathBuf {
    state_home.join("aloud").join("timers.json")
}

#[cfg(test)]
mod storms;
