//! Decoding by one thread and by two: the same dispatches, in memory, by the clock.

use std::{env, fs, hint::black_box, thread, time::Instant};

use ovenjs_types::{Dispatch, Origin, Version, json::Scratch};

use crate::floor::{each, scan};

pub fn run() {
    let file =
        fs::read(env::var("COURSE_FILE").expect("the course tells its file")).expect("it is there");
    let mut all = Vec::new();
    each(&file, |text| {
        if let Some((name, seq, payload)) = scan(text) {
            let version = Version { epoch: 1, seq };
            all.push(Dispatch::new(
                Origin::default(),
                version,
                name,
                payload.to_vec(),
            ));
        }
        all.len() < DISPATCHES
    });
    // The first pass warms up.
    decode(&all, 1);
    println!("{} {}", decode(&all, 1), decode(&all, 2));
}

/// Seconds that so many workers take for all.
fn decode(all: &[Dispatch], workers: usize) -> f64 {
    let begun = Instant::now();
    thread::scope(|scope| {
        for part in all.chunks(all.len().div_ceil(workers)) {
            scope.spawn(move || {
                let mut scratch = Scratch::new();
                for dispatch in part {
                    black_box(dispatch.decode(&mut scratch));
                }
            });
        }
    });
    begun.elapsed().as_secs_f64()
}

/// Enough for a steady time, few enough for memory.
const DISPATCHES: usize = 100_000;
