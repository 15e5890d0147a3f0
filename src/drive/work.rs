use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::base::{Epoch, Job, Moment};
use crate::dialog::{Call, Effect, Outcome};
use crate::tool::permission::{Permissions, Ruling};
use crate::tool::{Done, Progress, Registry, Step, ToolCx, waiting};

/// Calls running at once, including those that outlast their reply. Further ones fail.
const RUNNING: usize = 64;

/// Steps of calls that may wait for the driver; further ones are lost, and the next tells more.
const STEPS: usize = 32;

/// The running tools.
pub(super) struct ToolWork {
    registry: Registry,
    permissions: Permissions,
    running: FuturesUnordered<Job<Ran>>,
    /// The last attempt that called a tool, and the token that cancels its calls.
    called: Epoch,
    stop: CancellationToken,
    /// The last attempt whose late results must not be spoken.
    silenced: Epoch,
    /// What calls tell about how far they are, with the attempt and the tool.
    tell: mpsc::Sender<(Epoch, String, Step)>,
    told: mpsc::Receiver<(Epoch, String, Step)>,
    /// How far the last call to tell is, and whose call it is.
    far: (Epoch, Option<f32>, Moment),
    /// Words said so far while a tool ran, so that the next is another.
    fillers: u32,
}

/// How a call ended.
#[derive(Debug)]
pub(super) enum Ran {
    /// It is done.
    Done {
        /// Whose call it was.
        epoch: Epoch,
        /// The tool.
        name: String,
        /// Its result.
        done: Box<Done>,
    },
    /// Done after its attempt was over: the machine has already answered the call itself.
    Late {
        /// Whose call it was.
        epoch: Epoch,
        /// The tool.
        name: String,
        /// Its result.
        done: Box<Done>,
    },
    /// A call tells how far it is.
    Step {
        /// Whose call it is.
        epoch: Epoch,
        /// The tool.
        name: String,
        /// How far.
        step: Step,
    },
    /// Given up with its attempt.
    Dropped,
}

impl ToolWork {
    pub(super) fn new(registry: Registry, permissions: Permissions) -> Self {
        let (tell, told) = mpsc::channel(STEPS);
        Self {
            registry,
            permissions,
            running: FuturesUnordered::new(),
            called: Epoch::NONE,
            stop: CancellationToken::new(),
            silenced: Epoch::NONE,
            tell,
            told,
            far: (Epoch::NONE, None, Moment::ZERO),
            fillers: 0,
        }
    }

    pub(super) const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Runs `call` for `epoch`. Calls of an earlier attempt are given up: nobody waits for them.
    pub(super) fn call(&mut self, epoch: Epoch, call: Call, cx: ToolCx) {
        if epoch != self.called {
            self.stop.cancel();
            self.stop = CancellationToken::new();
            self.called = epoch;
        }
        let name = call.name.clone();
        let refused = if self.running.len() >= RUNNING {
            let output = "Too much is going on at once. Try again later.".to_owned();
            Some(Outcome { id: call.id.clone(), say: output.clone(), output, ok: false })
        } else {
            match self.permissions.rule(&self.registry, epoch, &call, &cx) {
                Ruling::Run => None,
                Ruling::Not(outcome) => Some(outcome),
            }
        };
        if let Some(outcome) = refused {
            let done = Box::new(Done { outcome, act: None, picture: None });
            self.running.push(Box::pin(async move { Ran::Done { epoch, name, done } }));
            return;
        }
        let progress = self.progress(epoch, &name);
        let mut work = self.registry.call(&call, ToolCx { progress, ..cx });
        let lasts = self.registry.effect(&call.name) == Some(Effect::Makes);
        let stop = self.stop.clone();
        self.running.push(Box::pin(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                done = &mut work => return Ran::Done { epoch, name, done: Box::new(done) },
            }
            if !lasts {
                return Ran::Dropped;
            }
            Ran::Late { epoch, name, done: Box::new(work.await) }
        }));
    }

    /// Takes what a call of `name` tells about how far it is.
    fn progress(&self, epoch: Epoch, name: &str) -> Progress {
        let (tell, name) = (self.tell.clone(), name.to_owned());
        Progress::to(move |step| {
            // If too much is told at once, the next step says more.
            let _ = tell.try_send((epoch, name.clone(), step));
        })
    }

    /// What to say while a call of `epoch` takes a while: `count` such words were said, and the
    /// call has been running for `waited`.
    pub(super) fn filler(
        &mut self,
        now: Moment,
        epoch: Epoch,
        count: u32,
        waited: Duration,
    ) -> String {
        self.fillers += 1;
        let (of, done, at) = self.far;
        match count {
            0 => waiting::moment(self.fillers).to_owned(),
            _ => waiting::progress(
                self.fillers,
                done.filter(|_| of == epoch),
                waited.saturating_sub(now.since(at)),
                now.since(at),
            ),
        }
    }

    /// A call of `epoch` is this far at `now`.
    pub(super) fn advance(&mut self, now: Moment, epoch: Epoch, step: &Step) {
        if step.done.is_some() {
            self.far = (epoch, step.done, now);
        }
    }

    /// The attempt `epoch` is over: its calls are given up, except those that outlast it.
    pub(super) fn abort(&self, epoch: Epoch) {
        if epoch == self.called {
            self.stop.cancel();
        }
    }

    /// The user wants silence: results of calls made so far will not be spoken.
    pub(super) fn silence(&mut self) {
        self.silenced = self.called;
    }

    /// Whether a late result of `epoch` may be said aloud.
    pub(super) fn may_say(&self, epoch: Epoch) -> bool {
        epoch > self.silenced
    }

    /// The next call to end, or `None` when tools have come or gone; pending while neither happens.
    /// Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Ran> {
        let Self { registry, running, told, .. } = self;
        let ran = tokio::select! {
            biased;
            Some(ran) = running.next() => ran,
            Some((epoch, name, step)) = told.recv() => {
                return Some(Ran::Step { epoch, name, step });
            }
            () = registry.changed() => return None,
        };
        if let Ran::Done { epoch, name, .. } = &ran {
            self.permissions.told(&self.registry, *epoch, name);
        }
        Some(ran)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::base::CallId;
    use crate::tool::{Tool, ToolError, ToolOutput, arguments, function};

    fn never(name: &'static str, effect: Effect) -> Arc<dyn Tool> {
        let none = arguments(&[], json!({}));
        function(name, "Waits.", effect, none, |_: serde_json::Value, _| {
            std::future::pending::<Result<ToolOutput, ToolError>>()
        })
    }

    fn work(tools: [Arc<dyn Tool>; 1]) -> ToolWork {
        ToolWork::new(Registry::new(tools), Permissions::default())
    }

    fn call(work: &mut ToolWork, epoch: u32, id: &str) {
        let call = Call { id: CallId(id.into()), name: "waits".into(), arguments: "{}".into() };
        let cx = ToolCx { now: Moment::ZERO, ..ToolCx::default() };
        work.call(Epoch(epoch), call, cx);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_of_an_attempt_that_is_over_are_given_up_and_nothing_is_kept() {
        let mut work = work([never("waits", Effect::Reads)]);
        for epoch in 1..=200 {
            call(&mut work, epoch, "a");
            if epoch > 1 {
                assert!(matches!(work.next().await.unwrap(), Ran::Dropped));
            }
        }
        assert_eq!(work.running.len(), 1);
        work.abort(Epoch(200));
        assert!(matches!(work.next().await.unwrap(), Ran::Dropped));
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_an_end_to_what_runs_at_once() {
        let mut work = work([never("waits", Effect::Makes)]);
        for n in 0..=RUNNING {
            call(&mut work, 1, &n.to_string());
        }
        match work.next().await.unwrap() {
            Ran::Done { done, .. } => assert!(!done.outcome.ok),
            other @ (Ran::Late { .. } | Ran::Step { .. } | Ran::Dropped) => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_lasts_is_seen_through() {
        let mut work = work([never("waits", Effect::Makes)]);
        call(&mut work, 1, "a");
        work.abort(Epoch(1));
        // Its own deadline ends it.
        assert!(matches!(work.next().await.unwrap(), Ran::Late { epoch: Epoch(1), .. }));
        assert!(work.may_say(Epoch(1)));
        work.silence();
        assert!(!work.may_say(Epoch(1)));
    }
}
