//! The book of timers and alarms: what will ring, kept on disk.
//!
//! ```text
//! set_timer ─▶ Book ─▶ thread: Diary ─▶ timers.json ◀─ Diary (another program)
//!                          └─▶ View {entries, ringing, missed} ─▶ the driver
//! ```
//!
//! **Invariant:** a change is on disk before the tool says that it is done, or the tool says that
//! it could not be saved. The file is whole at any moment: it is only ever replaced.
//! **Invariant:** several programs may share the file. Each change is made to the newest file,
//! under a lock; one program rings, the one that holds the lock of the bell.
//! **Invariant:** nothing is lost in silence. An entry stays in the book until its ring was
//! answered, or rang in vain for as long as it rings: then it is kept as missed until the user has
//! been told. A broken file is kept aside, a change that could not be saved stays in memory and is
//! tried again.
//! **Invariant:** timers count by the clock that nobody sets, alarms follow the wall clock.
//! **Invariant:** a thread owns the book. Locks and disks are waited for there and nowhere else.
//! Absent on purpose: sound, and how long something rings.

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

pub use days::{Days, Week};
pub(crate) use diary::Diary;
pub use entry::{Entry, EntryId, Now, RingKind, Run, What};
pub use ring::{Rang, Ring};

use crate::base::{Flow, LocalZone, WallClock};

/// The most timers and alarms that a book holds; the next one is refused in words.
pub const MAX_ENTRIES: usize = 200;

/// Work that waits for the book's thread; more is refused. Far more than one person asks for while
/// a lock is waited for.
const MAX_WORK: usize = 64;

/// How long a program that ends waits for its book.
const FINISH: Duration = Duration::from_millis(500);

/// The timers and alarms. Cheap to clone; all clones are one book.
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
    /// Whoever asks: there is no file, so nobody waits.
    Nobody(Arc<Mutex<Diary>>),
}

type Work = Box<dyn FnOnce(&mut Diary) + Send>;

/// How the book stands. A copy: reading it waits for nobody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// The entries, the next to ring first, paused ones last.
    pub entries: Vec<Entry>,
    /// What this program is to ring now, the longest due first.
    pub ringing: Vec<Ring>,
    /// What nobody answered, and nobody was told of yet.
    pub missed: Vec<Rang>,
    /// What is wrong with the file and still is; a sentence.
    pub trouble: Option<String>,
    /// What the user has yet to be told of the file; sentences with the next step.
    pub news: Vec<String>,
}

/// How well a change is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// On disk.
    Yes,
    /// Only in this program's memory, for this reason.
    No(String),
}

/// The book's thread is gone or has too much to do.
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
    /// made at the first change. Alarms ring by the clock in `zone`.
    ///
    /// Never fails: what is wrong is told by [`View::news`], and the book then lives in
    /// memory until the file can be read and written.
    pub fn open(path: &Path, wall: WallClock, zone: LocalZone) -> Self {
        let (work, queue) = sync_channel(MAX_WORK);
        let (publish, view) = watch::channel(View::default());
        let mut diary = Diary::new(Some(path.to_owned()), wall.clone(), zone.clone());
        let thread = std::thread::Builder::new().name("book".into());
        if let Err(error) = thread.spawn(move || keep(&mut diary, &queue, &publish)) {
            // The queue is gone with the thread, so every question says that nobody answers.
            tracing::error!("the timers cannot be kept: {error}");
        }
        Self { owner: Owner::Thread { work, view }, wall, zone }
    }

    /// A book without a file, for tests and trials.
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
        Now { wall: self.wall.now(), boot: self.wall.boot(), zone: self.zone.get() }
    }

    /// How things stand as far as the book's thread has told. Waits for nobody.
    pub fn view(&self) -> View {
        match &self.owner {
            Owner::Thread { view, .. } => view.borrow().clone(),
            Owner::Nobody(diary) => lock(diary).view(),
        }
    }

    /// How things stand now and whenever that changes. Whoever polls this is to ring what is due,
    /// unless another program does. Never ends.
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

    /// Has `work` done with the newest book, and waits for what it comes to.
    ///
    /// # Errors
    /// When the book's thread is gone or has too much to do.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Diary, &Now) -> T + Send + 'static,
    ) -> Result<T, Unreachable> {
        let (answer, wait) = oneshot::channel();
        self.hand_over(Box::new(move |diary| {
            diary.look();
            let now = diary.now();
            // Who no longer waits has no use for the answer.
            let _ = answer.send(work(diary, &now));
        }))?;
        wait.await.map_err(|_| Unreachable)
    }

    /// Has `work` done, some time.
    fn tell(&self, work: impl FnOnce(&mut Diary) + Send + 'static) {
        if let Err(error) = self.hand_over(Box::new(work)) {
            tracing::error!("{error}");
        }
    }

    /// Ends the rings of `ids`: somebody answered them. Waits for nobody.
    pub fn answered(&self, ids: Vec<EntryId>) {
        self.tell(move |diary| {
            let now = diary.now();
            diary.end(&ids, true, &now);
        });
    }

    /// Ends the rings of `ids`: nobody answered them for as long as they rang. They are kept as
    /// missed until [`Book::told`]. Waits for nobody.
    pub fn unanswered(&self, ids: Vec<EntryId>) {
        self.tell(move |diary| {
            let now = diary.now();
            diary.end(&ids, false, &now);
        });
    }

    /// Puts off what rings or was answered a moment ago. Waits for nobody; what goes wrong is told
    /// by [`View::news`].
    pub fn snooze(&self, seconds: u64) {
        self.tell(move |diary| {
            let now = diary.now();
            if let Err(error) = super::snooze::put_off(diary, &now, seconds) {
                diary.trouble(error.to_string());
            }
        });
    }

    /// Waits until the book's thread has done what it was asked, half a second at most: a program
    /// that ends must not hang on a lock, and what is not saved then rings again.
    pub async fn finish(&self) {
        let _ = tokio::time::timeout(FINISH, self.ask(|_, _| ())).await;
    }

    /// Says that the user was told of these missed rings. Waits for nobody.
    pub fn told(&self, missed: Vec<Rang>) {
        self.tell(move |diary| {
            diary.told(missed);
        });
    }

    /// Says that the user was told the first `count` of [`View::news`]. Waits for nobody.
    pub fn noted(&self, count: usize) {
        self.tell(move |diary| diary.noted(count));
    }

    /// How things stand, with the newest file; waits for the book's thread, so it is for programs
    /// that have nothing else to do.
    ///
    /// # Errors
    /// When the book's thread is gone or has too much to do.
    pub fn read(&self) -> Result<Reading, Unreachable> {
        let (answer, wait) = sync_channel(1);
        self.hand_over(Box::new(move |diary| {
            diary.look();
            let view = diary.view();
            diary.noted(view.news.len());
            let reading = Reading { view, unreadable: diary.unreadable().map(str::to_owned) };
            // Who no longer waits has no use for the answer.
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

/// What a look at the book finds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// How it stands.
    pub view: View,
    /// Why its file cannot be read, when it cannot.
    pub unreadable: Option<String>,
}

/// The book's thread: does what is asked, looks at clocks and file, and tells how things stand.
/// Ends with the last [`Book`].
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

/// The default place of the book below the state folder `$XDG_STATE_HOME`.
pub fn default_path(state_home: &Path) -> PathBuf {
    state_home.join("aloud").join("timers.json")
}

#[cfg(test)]
mod storms;
