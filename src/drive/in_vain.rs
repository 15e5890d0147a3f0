use std::time::Duration;

use serde::Serialize;

use crate::base::Moment;
use crate::engine::Meter;

/// What was prepared in pauses after which the user went on, since start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct InVain {
    /// Pauses.
    pub times: u64,
    /// Seconds that engines worked in them, here or at a provider.
    pub seconds: f64,
    /// Requests to providers, as far as they were accepted.
    pub requests: u64,
    /// What these cost; absent unless a price is known for one of them. A reply that was cut short
    /// reports no tokens, so it may have cost more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

/// Counts what is prepared in vain.
#[derive(Debug)]
pub(super) struct Preparing {
    meter: Meter,
    sum: InVain,
    work: Option<Work>,
}

/// What is prepared in a pause.
#[derive(Debug)]
struct Work {
    /// Since when an engine works, and for how long it did before.
    since: Option<Moment>,
    worked: Duration,
    /// The use of providers before it.
    requests: u64,
    cost: Option<f64>,
    /// Whether the user went on.
    in_vain: bool,
}

impl Preparing {
    pub(super) fn new(meter: Meter) -> Self {
        Self { meter, sum: InVain::default(), work: None }
    }

    /// An engine works from now on.
    pub(super) fn start(&mut self, now: Moment) {
        self.sum();
        let so_far = self.meter.so_far();
        let work = self.work.get_or_insert(Work {
            since: None,
            worked: Duration::ZERO,
            requests: so_far.usage.requests,
            cost: so_far.cost,
            in_vain: false,
        });
        work.since.get_or_insert(now);
    }

    /// It has finished.
    pub(super) fn rest(&mut self, now: Moment) {
        if let Some(work) = &mut self.work
            && let Some(since) = work.since.take()
        {
            work.worked += now.since(since);
        }
    }

    /// The user went on.
    pub(super) fn lose(&mut self, now: Moment) {
        self.rest(now);
        if let Some(work) = &mut self.work {
            work.in_vain = true;
        }
    }

    /// The pause was the end: it was not in vain.
    pub(super) fn keep(&mut self) {
        self.work = None;
    }

    /// The sum. What a request used is known once it was given up, so it is asked for after that.
    pub(super) fn sum(&mut self) -> InVain {
        if let Some(work) = self.work.take_if(|work| work.in_vain) {
            let so_far = self.meter.so_far();
            self.sum.times += 1;
            self.sum.seconds += work.worked.as_secs_f64();
            self.sum.requests += so_far.usage.requests - work.requests;
            if let Some(cost) = so_far.cost
                && so_far.cost != work.cost
            {
                let more = cost - work.cost.unwrap_or(0.0);
                *self.sum.cost.get_or_insert(0.0) += more;
            }
        }
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Usage;

    #[test]
    fn what_was_dropped_is_counted_and_what_was_used_is_not() {
        let meter = Meter::default()
            .priced(|model, usage| (model == "shop/mind").then(|| usage.text_in as f64 / 1_000.0));
        let mut preparing = Preparing::new(meter.clone());
        let at = Moment::from_millis;
        preparing.start(at(1_000));
        meter.count("shop/mind", Usage { text_in: 50, ..Usage::request() });
        preparing.rest(at(1_200));
        preparing.keep();
        assert_eq!(preparing.sum(), InVain::default());
        preparing.start(at(2_000));
        meter.count("other/ear", Usage::request());
        preparing.rest(at(2_100));
        preparing.start(at(2_300));
        preparing.lose(at(2_700));
        // Given up, and only then counted.
        meter.count("shop/mind", Usage { text_in: 30, ..Usage::request() });
        let InVain { times, seconds, requests, cost } = preparing.sum();
        assert_eq!((times, requests), (1, 2));
        assert!((seconds - 0.5).abs() < 1e-9 && (cost.unwrap() - 0.03).abs() < 1e-9);
        // A pause without any work costs nothing.
        preparing.lose(at(3_000));
        assert_eq!(preparing.sum().times, 1);
    }
}
