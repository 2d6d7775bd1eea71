//! Discord's clock, as far as answers tell it, and when a request sent now arrives by it.

mod least;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use self::least::Least;

/// A moment of ours: microseconds since the limiter's first reading of time.
pub(crate) type Local = i64;

/// A moment of Discord's: microseconds since 1970 by its clock.
pub(crate) type Server = i64;

/// From instants to numbers and back, so that a moment takes eight bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Epoch(Option<Instant>);

/// The offset of arrival.
///
/// Every answer tells the server's time `S` at which its request was counted: `Reset − Reset-After`.
/// With the moments of sending and receipt that gives two numbers:
///
/// * `S − sent` holds the clocks' difference and the time a request travels. Its least value of the
///   last minute says when a request sent now arrives at the earliest. Neither part has to be known.
/// * `S − received` is at most the clocks' difference. Its largest value is proof: no request can
///   arrive before it is sent.
///
/// A request leaves for a window that begins at `Reset` when the first of the two, less a guard, or
/// the second has reached it: one round trip before one that waits for `Reset-After`. The first
/// supposes that no request travels faster than all of the last minute by more than the guard; the
/// second supposes nothing, and is all there is while samples are few.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Oldest first; at most [`SAMPLES_MAX`], none of them [`SPAN`] older than the newest.
    samples: VecDeque<Sample>,
    /// The least `S − sent` of all samples, as it would be if the clocks had not drifted apart by
    /// `rate` since our beginning.
    fastest: i64,
    /// What [`fastest`](Self::fastest) and [`proven`](Self::proven) are taken from, by the samples' serial
    /// numbers; the latter with their signs turned.
    there: Least,
    back: Least,
    /// The serial number of the next sample.
    next: u64,
    /// How fast the server's clock runs ahead of ours, in thousand-millionths, and by how much that may be
    /// off.
    rate: i64,
    rate_doubt: i64,
    /// The fastest samples of each stretch of [`STRETCH`], oldest first, and of the one under way.
    stretches: VecDeque<Stretch>,
    /// The largest `S − received` of all samples, as if clocks had drifted apart since.
    proven: i64,
    /// How much later than the fastest requests arrive, on average of the last [`EXCESS_OF`].
    excess: i64,
    /// What early arrivals added to the guard.
    caution: i64,
    /// [`guard`](Self::guard), which is asked for several times a request and changes with answers only.
    guard: i64,
    /// What the last samples that contradict all of this have in common.
    strays: Option<Strays>,
    /// Grows when the server's clock is found to have jumped: moments before it mean nothing.
    pub(crate) era: u16,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    received: Local,
    /// `S − sent`.
    latest: i64,
    /// `S − received`, as it would be if the server's clock lost [`DRIFT_PPM`] from our beginning on.
    proven: i64,
}

/// The fastest of some samples, there and back, and when they were.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    began: Local,
    samples: u32,
    /// The least `S − sent`.
    there: (Local, i64),
    /// The largest `S − received`. It drifts as the other does, and what chance does to the two has
    /// nothing in common.
    back: (Local, i64),
}

/// The clock differences that a row of stray samples allows.
#[derive(Clone, Copy, Debug)]
struct Strays {
    least: i64,
    most: i64,
    count: u32,
}

/// More samples than requests of a second, several times over.
const SAMPLES_MAX: usize = 512;

/// How long the fastest way is believed in.
const SPAN: i64 = 60_000_000;

/// Below this many samples the fastest of them says little.
const SAMPLES_MIN: usize = 8;

/// The guard with endless samples: rounding of both numbers, and a way a little faster than any seen.
const GUARD: i64 = 3_000;

/// What the guard is more with few samples: with n of them, 50 ms · 8 / (8 + n), and the same part of
/// twice how much later than the fastest requests arrive on average.
const GUARD_FEW: i64 = 50_000;

/// Where ways differ more, one may be faster by more: this part of how much later than the fastest
/// requests arrive is added to the guard. Of what is more than [`EXCESS_LITTLE`] it is less: where ways
/// differ much, the fastest of many comes near to the fastest possible.
const EXCESS_PART: i64 = 8;
const EXCESS_LITTLE: i64 = 16_000;
const EXCESS_REST: i64 = 16;
const EXCESS_OF: i64 = 64;

/// Ways are compared that drift may have put apart by so much.
const COMPARABLE: i64 = 2_000;

/// What one early arrival adds to the guard, and the most they add.
const CAUTION_STEP: i64 = 5_000;
const CAUTION_MAX: i64 = 200_000;

/// A sample takes this part of the added guard back.
const CAUTION_DECAY: i64 = 1_024;

/// How fast two clocks can drift apart, in millionths; cheap crystals keep within 100.
const DRIFT_PPM: i64 = 250;

/// The drift is found over some minutes, from the fastest sample of every ten seconds.
const STRETCH: i64 = 10_000_000;
const STRETCHES_MAX: usize = 24;
const STRETCHES_MIN: usize = 4;

/// A stretch with fewer samples than this says little about the fastest way.
const STRETCH_SAMPLES: u32 = 16;

/// Both numbers are rounded to milliseconds.
const ROUNDING: i64 = 2_000;

/// How far the clocks of Discord's nodes, and the drift of a minute, may put samples apart.
const DISCORD: i64 = 25_000;

/// So many strays that agree are a clock that jumped, not broken numbers.
const STRAYS_BELIEVED: u32 = 4;

impl Sample {
    /// `S − sent`, as it would be if the clocks had not drifted apart by `rate` since our beginning.
    const fn latest_by(&self, rate: i64) -> i64 {
        self.latest - ahead(rate, self.received)
    }
}

impl Epoch {
    pub(crate) fn local(&mut self, now: Instant) -> Local {
        let epoch = *self.0.get_or_insert(now);
        match now.checked_duration_since(epoch) {
            Some(since) => micros(since),
            None => -micros(epoch.saturating_duration_since(now)),
        }
    }

    /// The instant of a moment; the far future where there is none.
    pub(crate) fn instant(&self, at: Local, now: Instant) -> Instant {
        let epoch = self.0.unwrap_or(now);
        let distance = Duration::from_micros(at.unsigned_abs()).min(FAR);
        if at >= 0 {
            epoch + distance
        } else {
            epoch.checked_sub(distance).unwrap_or(epoch)
        }
    }
}

/// No wait is longer than a year.
const FAR: Duration = Duration::from_secs(366 * 86_400);

/// A duration in microseconds; one without end is one of some thousand years.
pub(crate) fn micros(duration: Duration) -> i64 {
    let (seconds, part) = (duration.as_secs(), duration.subsec_micros());
    let micros = seconds
        .saturating_mul(1_000_000)
        .saturating_add(u64::from(part));
    i64::try_from(micros).unwrap_or(i64::MAX).min(MICROS_MAX)
}

/// Sums of a few such numbers do not overflow.
const MICROS_MAX: i64 = i64::MAX / 16;

impl Clock {
    /// Learns from an answer. Whether its `Reset` can be believed: else only its `Reset-After`.
    pub(crate) fn learn(&mut self, sent: Local, received: Local, told: Server) -> bool {
        let sample = Sample {
            received,
            latest: told.saturating_sub(sent),
            proven: told
                .saturating_sub(received)
                .saturating_add(drift(received)),
        };
        if !self.agrees(received, &sample) {
            return self.stray(&sample);
        }
        self.strays = None;
        self.caution -= self.caution / CAUTION_DECAY;
        self.push(sample);
        let slower = sample.latest - self.fastest_at(received);
        let of = i64::try_from(self.samples.len()).unwrap_or(EXCESS_OF);
        self.excess += (slower - self.excess) / of.clamp(1, EXCESS_OF);
        self.guard = self.guard();
        true
    }

    /// By Discord's clock, the earliest arrival of a request sent at `now`; our own clock stands in
    /// while nothing is known.
    pub(crate) fn arrival(&self, now: Local) -> Server {
        now.saturating_add(self.lead(now))
    }

    /// From when on a request arrives at `at` or later.
    pub(crate) fn departure(&self, at: Server, now: Local) -> Local {
        at.saturating_sub(self.lead(now))
    }

    /// By Discord's clock, the latest arrival of a request that was answered at `received`, whatever
    /// way its answer took.
    pub(crate) fn latest_arrival(&self, received: Local) -> Server {
        if self.is_known() {
            received.saturating_add(self.fastest_at(received))
        } else {
            received
        }
    }

    /// What Discord's clock shows at least: no request can have been counted later than its answer was
    /// received.
    pub(crate) fn shown_least(&self, now: Local) -> Server {
        if self.samples.is_empty() {
            now
        } else {
            now.saturating_add(self.proven - drift(now) - ROUNDING)
        }
    }

    /// By Discord's clock, the span in which a request arrived that was sent and answered then, if
    /// neither way was faster than those of the last minute.
    pub(crate) fn arrived(&self, sent: Local, received: Local) -> (Server, Server) {
        let earliest = sent.saturating_add(self.fastest_at(sent));
        let rate = self.rate + self.rate_doubt;
        // The largest `S − received`, as far as the clocks have drifted apart by then. It is asked for
        // so seldom that looking at all is cheaper than keeping it.
        let back = self.samples.iter().map(|sample| {
            let told = sample.proven - drift(sample.received);
            told - ahead(rate, sample.received)
        });
        let back = back.max().unwrap_or_default() + ahead(rate, received);
        let latest = received.saturating_add(back);
        let earliest = earliest.saturating_sub(self.caution + ROUNDING);
        let latest = latest.saturating_add(ROUNDING);
        (earliest.min(latest), latest)
    }

    /// A request arrived earlier than was believed possible.
    pub(crate) fn early(&mut self) {
        self.caution = (self.caution + CAUTION_STEP).min(CAUTION_MAX);
        self.guard = self.guard();
    }

    /// Whether the fastest way is known well.
    pub(crate) fn is_settled(&self) -> bool {
        self.samples.len() >= 8 * SAMPLES_MIN
    }

    pub(crate) fn is_known(&self) -> bool {
        !self.samples.is_empty()
    }

    /// How much earlier than the fastest a request may yet arrive.
    pub(crate) fn guard(&self) -> i64 {
        let n = self.comparable();
        let eight = 8_i64;
        let few = self.excess.saturating_mul(2).saturating_add(GUARD_FEW);
        let few = few.saturating_mul(eight) / (eight + n);
        let little = self.excess.min(EXCESS_LITTLE);
        let differ = little / EXCESS_PART + (self.excess - little) / EXCESS_REST;
        GUARD + few + differ + self.caution
    }

    /// How many samples tell how fast ways are now: those since when clocks have not drifted apart by more
    /// than nobody knows of.
    fn comparable(&self) -> i64 {
        let all = i64::try_from(self.samples.len()).unwrap_or(i64::MAX / 2);
        let (Some(oldest), Some(newest)) = (self.samples.front(), self.samples.back()) else {
            return all;
        };
        let span = newest.received.saturating_sub(oldest.received).max(1);
        let known = COMPARABLE.saturating_mul(1_000_000_000) / self.rate_doubt.max(1);
        all.saturating_mul(known.min(span)) / span
    }

    /// What is to be added to a moment of ours for the earliest arrival at Discord.
    fn lead(&self, now: Local) -> i64 {
        let Some(newest) = self.samples.back() else {
            return 0;
        };
        let proven = self.proven_at(now) - ROUNDING - self.caution;
        if self.samples.len() < SAMPLES_MIN || now.saturating_sub(newest.received) > SPAN {
            return proven;
        }
        proven.max(self.fastest_at(now) - self.guard)
    }

    /// The least `S − sent`, as far as the clocks have drifted apart by then.
    const fn fastest_at(&self, at: Local) -> i64 {
        self.fastest + ahead(self.rate, at)
    }

    /// The largest `S − received`, however far the clocks have drifted apart by then.
    const fn proven_at(&self, at: Local) -> i64 {
        self.proven - drift(at)
    }

    fn agrees(&self, now: Local, sample: &Sample) -> bool {
        if !self.is_known() {
            return true;
        }
        sample.latest.saturating_add(DISCORD) >= self.proven_at(now)
            && sample.proven.saturating_sub(drift(now))
                <= self.fastest_at(now).saturating_add(DISCORD)
    }

    fn stray(&mut self, sample: &Sample) -> bool {
        let (least, most) = (
            sample.proven.saturating_sub(drift(sample.received)),
            sample.latest,
        );
        let strays = match self.strays {
            Some(strays)
                if least <= strays.most.saturating_add(DISCORD)
                    && most.saturating_add(DISCORD) >= strays.least =>
            {
                Strays {
                    least: strays.least.max(least),
                    most: strays.most.min(most),
                    count: strays.count + 1,
                }
            }
            _ => Strays {
                least,
                most,
                count: 1,
            },
        };
        if strays.count < STRAYS_BELIEVED {
            self.strays = Some(strays);
            return false;
        }
        self.strays = None;
        self.samples.clear();
        self.stretches.clear();
        (self.rate, self.rate_doubt) = (0, 0);
        self.excess = 0;
        self.era = self.era.wrapping_add(1);
        self.push(*sample);
        self.guard = self.guard();
        true
    }

    fn push(&mut self, sample: Sample) {
        while self.samples.len() >= SAMPLES_MAX
            || self
                .samples
                .front()
                .is_some_and(|old| sample.received.saturating_sub(old.received) > SPAN)
        {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
        let serial = self.next;
        self.next += 1;
        let older = u64::try_from(self.samples.len() - 1).unwrap_or(u64::MAX);
        let oldest = serial.saturating_sub(older);
        self.there.forget(oldest);
        self.back.forget(oldest);
        self.back.add(serial, -sample.proven);
        if self.follow(&sample) || older == 0 {
            // Measured by another rate, all are other numbers.
            self.there.clear();
            for (serial, sample) in (oldest..).zip(&self.samples) {
                self.there.add(serial, sample.latest_by(self.rate));
            }
        } else {
            self.there.add(serial, sample.latest_by(self.rate));
        }
        self.fastest = self.there.get().unwrap_or_default();
        self.proven = -self.back.get().unwrap_or_default();
    }

    /// Follows how the clocks drift apart. Whether what is known about it changed.
    fn follow(&mut self, sample: &Sample) -> bool {
        let now = sample.received;
        let there = (now, sample.latest);
        let back = (now, sample.proven.saturating_sub(drift(now)));
        match self.stretches.back_mut() {
            Some(last) if now < last.began.saturating_add(STRETCH) => {
                last.samples += 1;
                if there.1 < last.there.1 {
                    last.there = there;
                }
                if back.1 > last.back.1 {
                    last.back = back;
                }
                return false;
            }
            Some(last) if last.samples < STRETCH_SAMPLES => {
                self.stretches.pop_back();
            }
            _ => {}
        }
        if self.stretches.len() >= STRETCHES_MAX {
            self.stretches.pop_front();
        }
        let before = self.rate;
        self.rate_doubt = rate_doubt(self.stretches.len());
        if self.stretches.len() >= STRETCHES_MIN {
            self.rate =
                (self.slope(|stretch| stretch.there) + self.slope(|stretch| stretch.back)) / 2;
        }
        self.stretches.push_back(Stretch {
            began: now,
            samples: 1,
            there,
            back,
        });
        self.rate != before
    }

    /// From the middle of the first third of the stretches to that of the last.
    fn slope(&self, way: impl Fn(&Stretch) -> (Local, i64)) -> i64 {
        let third = (self.stretches.len() / 3).max(1);
        let middle = |stretches: &mut dyn Iterator<Item = &Stretch>| {
            let (mut at, mut latest, mut count) = (0_i64, 0_i64, 0_i64);
            for stretch in stretches.take(third) {
                let (when, what) = way(stretch);
                (at, latest) = (at + when, latest + what);
                count += 1;
            }
            (at / count.max(1), latest / count.max(1))
        };
        let (from, low) = middle(&mut self.stretches.iter());
        let (to, high) = middle(&mut self.stretches.iter().rev());
        let parts = (to - from) / 1_000;
        let rate = (high - low).saturating_mul(1_000_000);
        let most = DRIFT_PPM * 1_000;
        rate.checked_div(parts).unwrap_or(0).clamp(-most, most)
    }
}

/// By how much the rate may be off that was found in so many stretches, in thousand-millionths: a slope
/// between fastest ways is off by less the longer the time between them is, and the more there are.
fn rate_doubt(stretches: usize) -> i64 {
    let count = i64::try_from(stretches.max(STRETCHES_MIN)).unwrap_or(i64::MAX);
    let least = i64::try_from(STRETCHES_MIN).unwrap_or(1);
    DRIFT_PPM * 1_000 * least * least / count.saturating_mul(count)
}

/// How far a clock of that rate has run ahead by then.
const fn ahead(rate: i64, at: Local) -> i64 {
    at / 1_000 * rate / 1_000_000
}

/// How far apart two clocks can have drifted by then.
const fn drift(at: Local) -> i64 {
    at / 1_000_000 * DRIFT_PPM
}

#[cfg(test)]
mod tests;
