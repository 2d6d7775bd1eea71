//! How long a request travels, and what follows for the best that anyone can do.

use std::fmt;

use fastrand::Rng;

use crate::clock::{MS, Nanos};

/// One way's delay: most of it fixed, the rest log-normal.
///
/// `rtt / 2 × (0.8 + 0.2 × exp(σ z))`, z normal: the median round trip is `rtt`, nothing is ever
/// faster than 80 % of that, and at σ 1 one way in a thousand takes five times its median. The law is an
/// assumption: Discord's own is not public.
#[derive(Clone)]
pub(crate) struct Law {
    half: f64,
    sigma: f64,
    /// At i / [`STEPS`]: between two of them the law is straight.
    quantiles: Vec<f64>,
}

impl Law {
    pub(crate) fn new(rtt: Nanos, sigma: f64) -> Self {
        let mut law = Self {
            half: rtt as f64 / 2.0,
            sigma,
            quantiles: Vec::new(),
        };
        law.quantiles = (0..=STEPS)
            .map(|step| law.quantile(step as f64 / STEPS as f64))
            .collect();
        law
    }

    /// One way's delay.
    pub(crate) fn draw(&self, rng: &mut Rng) -> Nanos {
        let u = rng.f64() * STEPS as f64;
        let step = u as usize;
        // The first and the last step are where the law bends.
        let delay = if step == 0 || step >= STEPS - 1 {
            self.quantile(u / STEPS as f64)
        } else {
            let (from, to) = (self.quantiles[step], self.quantiles[step + 1]);
            from + (to - from) * (u - step as f64)
        };
        delay as Nanos
    }

    /// The delay that a share `u` of all stays below.
    pub(crate) fn quantile(&self, u: f64) -> f64 {
        self.half * (FIXED + (1.0 - FIXED) * (self.sigma * normal_quantile(u)).exp())
    }

    /// δ of the bound: by how much a window begins too late where its `limit` requests are sent to
    /// arrive right after the former one ends, none of them early: the first of them takes longer
    /// than the fastest possible, and a guard is added.
    pub(crate) fn late(&self, limit: u32) -> f64 {
        let fastest = self.half * FIXED;
        let mean: f64 = (0..SLICES)
            .map(|slice| {
                let u = (f64::from(slice) + 0.5) / f64::from(SLICES);
                let weight = f64::from(limit) * (1.0 - u).powi(limit as i32 - 1);
                self.quantile(u) * weight / f64::from(SLICES)
            })
            .sum();
        mean - fastest + GUARD as f64
    }

    /// U* of a fixed window that begins with its first request.
    pub(crate) fn bound(&self, limit: u32, window: Nanos) -> f64 {
        let window = window as f64;
        window / (window + self.late(limit))
    }
}

impl fmt::Debug for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (half, sigma) = (self.half / 1e6, self.sigma);
        write!(f, "one way {half} ms, jitter {sigma}")
    }
}

/// The share of the way that never varies.
const FIXED: f64 = 0.8;

/// ε of the bound: what a careful client adds.
const GUARD: Nanos = 3 * MS;

const STEPS: usize = 4_096;

const SLICES: u32 = 20_000;

/// The inverse of the normal distribution function, by Acklam's rational approximation (relative
/// error below 1.2e-9).
fn normal_quantile(u: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] = [
        7.784_695_709_041_462e-3,
        3.224_671_290_700_398e-1,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
    ];
    const TAIL: f64 = 0.024_25;
    let horner = |list: &[f64], x: f64| list.iter().fold(0.0, |sum, c| sum * x + c);
    // Beyond these nothing is ever drawn: a double has 53 bits.
    let u = u.clamp(1e-16, 1.0 - 1e-16);
    let tail = |u: f64| {
        let q = (-2.0 * u.ln()).sqrt();
        horner(&C, q) / (horner(&D, q) * q + 1.0)
    };
    if u < TAIL {
        tail(u)
    } else if u > 1.0 - TAIL {
        -tail(1.0 - u)
    } else {
        let q = u - 0.5;
        let r = q * q;
        horner(&A, r) * q / (horner(&B, r) * r + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_the_normal_distribution_are_the_known_ones() {
        for (u, z) in [
            (0.5, 0.0),
            (0.841_344_746, 1.0),
            (0.025, -1.959_963_985),
            (0.999, 3.090_232_306),
            (0.000_01, -4.264_890_794),
        ] {
            assert!((normal_quantile(u) - z).abs() < 1e-6, "{u}");
        }
    }

    #[test]
    fn what_is_drawn_follows_the_law() {
        let law = Law::new(100 * MS, 0.5);
        let mut rng = Rng::with_seed(7);
        let mut drawn: Vec<Nanos> = (0..100_000).map(|_| law.draw(&mut rng)).collect();
        drawn.sort_unstable();
        assert!(drawn[0] >= 40 * MS);
        for u in [0.01, 0.1, 0.5, 0.9, 0.99] {
            let seen = drawn[(u * 100_000.0) as usize] as f64;
            assert!((seen / law.quantile(u) - 1.0).abs() < 0.01, "{u}: {seen}");
        }
    }

    #[test]
    fn the_bound_is_that_of_a_simple_experiment() {
        let law = Law::new(300 * MS, 0.5);
        let mut rng = Rng::with_seed(1);
        let rounds = 100_000;
        let mean: f64 = (0..rounds)
            .filter_map(|_| (0..5).map(|_| law.draw(&mut rng)).min())
            .map(|first| first as f64 / f64::from(rounds))
            .sum();
        let late = mean - 120.0 * MS as f64 + 3.0 * MS as f64;
        assert!((law.late(5) - late).abs() < 0.2 * MS as f64);
        let bound = 1e9 / (1e9 + late);
        assert!((law.bound(5, 1_000 * MS) - bound).abs() < 0.000_3);
    }
}
