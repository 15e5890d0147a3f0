use std::sync::mpsc;

use super::cards;
use super::device::Wish;
use super::place::Fitted;
use super::report::{Done, Report};
use super::server::{self, Server};
use super::stream::{Lookout, Stream, Word};
use super::watch::Opened;
use super::{AudioError, DeviceInfo, Gauge, Side};
use crate::base::{Clock, Rate};

/// What a worker is told. The end of the orders is the end of the worker.
pub(super) enum Order {
    /// Start the device that was found with this edge.
    Start(Fitted),
    /// Rest, or go on.
    Rest(bool),
    /// List the devices.
    Survey,
}

/// Talks to the sound server for one device, from the search for it to its end. May hang with the
/// server; it is then left alone.
pub(super) struct Worker {
    pub(super) wish: Wish,
    /// Whether the wanted device was ever there, so that another one may stand in for it.
    pub(super) seen: bool,
    pub(super) run: u64,
    pub(super) gauge: Gauge,
    pub(super) clock: Clock,
    pub(super) reports: mpsc::Sender<Report>,
}

impl Worker {
    /// Works until the orders end.
    pub(super) fn run(self, orders: &mpsc::Receiver<Order>) {
        if let Err(why) = self.work(orders) {
            self.report(Done::Failed(why));
        }
        let _ = self.reports.send(Report::Left);
    }

    fn work(&self, orders: &mpsc::Receiver<Order>) -> Result<(), AudioError> {
        // The cards are asked only where no server has a socket: behind a server they are in use.
        if server::present() {
            let mut server = Server::connect()?;
            let Some((device, stand_in)) = self.look(orders, &mut server)? else { return Ok(()) };
            let rate = Stream::rate(self.wish.side);
            let Some(fitted) = self.fit(orders, 1, rate) else { return Ok(()) };
            let (report, gauge) = (self.reporter(), self.gauge.clone());
            let tell = move |word| match word {
                Word::Changed => report(Done::Changed),
                Word::Broke(why) => report(Done::Broke(why)),
            };
            let stream = match fitted {
                Fitted::Capture(edge) => Stream::capture(&device, *edge, gauge, self.clock, tell)?,
                Fitted::Playback(edge) => {
                    Stream::playback(&device, *edge, gauge, self.clock, tell)?
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
            let (report, gauge) = (self.reporter(), self.gauge.clone());
            let broke = move |why| report(Done::Broke(why));
            let stream = match fitted {
                Fitted::Capture(edge) => found.capture(*edge, gauge, self.clock, broke)?,
                Fitted::Playback(edge) => found.playback(*edge, gauge, self.clock, broke)?,
            };
            self.opened(device, rate, stand_in, false);
            // A microphone that is paused hears nothing; at a card it has no other rest.
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

    /// The wanted device, and whether it is a stand-in. Where the server has none, waits for the end
    /// of the orders, which is then `None`, and meanwhile tells of every change.
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
        // What came before it looked out has been told to nobody.
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

    /// Asks for the edge; `None` when the device is no longer wanted.
    fn fit(&self, orders: &mpsc::Receiver<Order>, channels: u16, rate: Rate) -> Option<Fitted> {
        self.report(Done::Found(channels, rate));
        loop {
            match orders.recv() {
                Ok(Order::Start(fitted)) => return Some(fitted),
                // What is not open yet is told once more when it is.
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

/// Serves an open device until the supervisor drops its end of the orders; then it is dropped.
fn serve(orders: &mpsc::Receiver<Order>, mut survey: impl FnMut(), rest: impl Fn(bool)) {
    while let Ok(order) = orders.recv() {
        match order {
            Order::Survey => survey(),
            Order::Rest(on) => rest(on),
            Order::Start(_) => {}
        }
    }
}
