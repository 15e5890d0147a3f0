use tokio::sync::mpsc::Sender;

use super::Stroke;

/// One of the two talk keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Talks while it is down.
    Hold,
    /// Begins, and ends when pressed again.
    Toggle,
}

/// Makes strokes of keys that go down and come up, repeat, and get lost.
pub(super) struct Fingers {
    strokes: Sender<Stroke>,
    hold: bool,
    toggle: bool,
}

impl Fingers {
    pub(super) fn new(strokes: Sender<Stroke>) -> Self {
        Self { strokes, hold: false, toggle: false }
    }

    /// `key` is down now, or is not.
    pub(super) async fn set(&mut self, key: Key, down: bool) {
        let was = match key {
            Key::Hold => std::mem::replace(&mut self.hold, down),
            Key::Toggle => std::mem::replace(&mut self.toggle, down),
        };
        let stroke = match (key, was, down) {
            (Key::Hold, false, true) => Stroke::Press,
            (Key::Hold, true, false) => Stroke::Release,
            (Key::Toggle, false, true) => Stroke::Toggle,
            (Key::Toggle, _, false) | (_, true, true) | (Key::Hold, false, false) => return,
        };
        // Without a receiver the service is ending.
        let _ = self.strokes.send(stroke).await;
    }

    /// Both come up.
    pub(super) async fn let_go(&mut self) {
        self.set(Key::Hold, false).await;
        self.set(Key::Toggle, false).await;
    }

    /// Resolves when nobody takes strokes any more.
    pub(super) fn unwanted(&self) -> impl Future<Output = ()> + use<> {
        let strokes = self.strokes.clone();
        async move { strokes.closed().await }
    }
}
