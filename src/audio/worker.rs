use std::sync::mpsc;

use super::cards;
use super::device::Wish;
use super::place::Fitted;
use super::report::{Done, Report};
use super::server::{self, Server};
use super::stream::{Lookout, Stream, Word};
use super::watch::Opened;
use super::{AudioError, DeviceInfo, SharedState, Side};
use crate::base::{Clock, Rate};

/// Orders to a worker. When they end, so does the worker.
pub(super) enum Order {
    /// Start the found device with this edge.
    Start(Fitted),
    /// Rest, or resume.
    Rest(bool),
    /// List the devices.
    Survey,
}

/// Talks to the sound server for one device, from finding it to its end. May hang with the server;
/// it is then abandoned.
pub(super) struct Worker {
    pub(super) wish: Wish,
    /// Whether the wanted device was ever present, so that another one may replace it.
    pub(super) seen: bool,
    pub(super) run: u64,
    pub(super) shared: SharedState,
    pub(super) clock: Clock,
    pub(super) reports: mpsc::Sender<Report>,
}

impl Worker {
    /// Works until the orders end.
    pub(super) fn run(self, orders: &mpsc::Receiver<Order>) {
        if let Err(why) = self.work(orders) {
            self.report(Done::Failed(why));
        }
        let _ = self.reports.send(Report::Left(self.wish.side));
    }

    fn work(&self, orders: &mpsc::Receiver<Order>) -> Result<(), AudioError> {
        // The cards are used only if no server has a socket: behind a server they are busy.
        if server::present() {
            let mut server = Server::connect()?;
            let Some((device, stand_in)) = self.look(orders, &mut server)? else { return Ok(()) };
            let rate = Stream::rate(self.wish.side);
            let Some(fitted) = self.fit(orders, 1, rate) else { return Ok(()) };
            let (report, shared) = (self.reporter(), self.shared.clone());
            let tell = move |word| match word {
                Word::Changed => report(Done::Changed),
                Word::Broke(why) => report(Done::Broke(why)),
            };
            let stream = match fitted {
                Fitted::Capture(edge) => Stream::capture(&device, *edge, shared, self.clock, tell)?,
                Fitted::Playback(edge) => {
                    Stream::playback(&device, *edge, shared, self.clock, tell)?
                }
            };
            self.opened(&device, rate, stand_in, true);
            let survey = || self.report(Done::Devices(server.devices()));
            serve(orders, survey, |on| stream.rest(on));
        } else if cards::present() {
            let devices = cards::devices()?;
            let (device, stand_in) = self.wish.find_or_stand_in(self.seen, &devices)?;
            let found = cards::prepare(device)?;
            let (channels, rate) = (found.channels(), found.rate());
            let Some(fitted) = self.fit(orders, channels, rate) else { return Ok(()) };
            let (report, shared) = (self.reporter(), self.shared.clone());
            let broke = move |why| report(Done::Broke(why));
            let stream = match fitted {
                Fitted::Capture(edge) => found.capture(*edge, shared, self.clock, broke)?,
                Fitted::Playback(edge) => found.playback(*edge, shared, self.clock, broke)?,
            };
            self.opened(device, rate, stand_in, false);
            // A paused microphone hears nothing, and a card has no other way to rest.
            let rests = self.wish.side == Side::Output;
            serve(
                orders,
                || {},
                |on| {
                    if rests {
                        stream.rest(on);
                    }
                },
            );
        } else {
            return Err(AudioError::no_sound_system());
        }
        Ok(())
    }

    /// The wanted device, and whether it is a stand-in. If the server has none, reports every
    /// change until the orders end, and then returns `None`.
    fn look(
        &self,
        orders: &mpsc::Receiver<Order>,
        server: &mut Server,
    ) -> Result<Option<(DeviceInfo, bool)>, AudioError> {
        if let Ok((device, stand_in)) = self.wish.find_or_stand_in(self.seen, &server.devices()?) {
            return Ok(Some((device.clone(), stand_in)));
        }
        let report = self.reporter();
        let lookout = Lookout::new(move || report(Done::Changed))?;
        // Nobody was told of changes from before the lookout.
        match self.wish.find_or_stand_in(self.seen, &server.devices()?) {
            Ok((device, stand_in)) => Ok(Some((device.clone(), stand_in))),
            Err(why) => {
                self.report(Done::Missing(why));
                while orders.recv().is_ok() {}
                drop(lookout);
                Ok(None)
            }
        }
    }

    /// Requests the edge; `None` if the device is no longer wanted.
    fn fit(&self, orders: &mpsc::Receiver<Order>, channels: u16, rate: Rate) -> Option<Fitted> {
        self.report(Done::Found(channels, rate));
        loop {
            match orders.recv() {
                Ok(Order::Start(fitted)) => return Some(fitted),
                // What is not open yet is ordered again once it is.
                Ok(Order::Survey | Order::Rest(_)) => {}
                Err(_) => return None,
            }
        }
    }

    fn opened(&self, device: &DeviceInfo, rate: Rate, stand_in: bool, survey: bool) {
        let device = device.clone();
        self.report(Done::Opened(Opened { device, rate, stand_in, survey }));
    }

    fn reporter(&self) -> impl Fn(Done) + Send + 'static {
        let (reports, side, run) = (self.reports.clone(), self.wish.side, self.run);
        move |what| {
            let _ = reports.send(Report::Done { side, run, what });
        }
    }

    fn report(&self, what: Done) {
        let _ = self.reports.send(Report::Done { side: self.wish.side, run: self.run, what });
    }
}

/// Serves an open device until the supervisor drops its end of the orders, then drops the device.
fn serve(orders: &mpsc::Receiver<Order>, mut survey: impl FnMut(), rest: impl Fn(bool)) {
    while let Ok(order) = orders.recv() {
        match order {
            Order::Survey => survey(),
            Order::Rest(on) => rest(on),
            Order::Start(_) => {}
        }
    }
}
