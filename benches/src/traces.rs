//! What is found in memory on traces of others' caches, by our policy and by others'.
//!
//! The traces are not in the tree: they are read from a folder, in the form in which cache2k published
//! them (numbers of 32 bits, big-endian, one for each read, compressed by xz). Without a folder a made trace
//! stands in, of which nothing is claimed.
//!
//! How warming fares is told of made days in `days.rs`, since no such trace says what time it is.
//!
//! The order is chronological, and what is learned is learned after it was foretold. The numbers in the
//! policy were chosen on `orm-night` alone; all else is a report.

mod days;
mod made;
mod peers;

use ovenjs_cache::tiers::{Eviction, Policy, Residents, ResidentsConfig};
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Prints both tables. Whether every goal holds.
pub(crate) fn tell(folder: Option<&Path>) -> Result<bool, String> {
    let holds = tell_of_memory(folder)?;
    Ok(days::tell() && holds)
}

/// Prints the table. Whether every goal holds that a trace at hand has.
fn tell_of_memory(folder: Option<&Path>) -> Result<bool, String> {
    println!(
        "{:<22}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>10}{:>10}{:>9}  goals",
        "trace, size",
        "LRU",
        "TinyLFU",
        "moka",
        "S3-FIFO",
        "OPT",
        "choice",
        "ours",
        "precision",
        "fetches",
        "residents"
    );
    let Some(folder) = folder else {
        let reads = made::reads();
        println!("a made trace of a bot's reads; set OVENJS_TRACES for real ones");
        let row = Row::of("made", &reads, 0.01);
        row.print(&[]);
        return Ok(true);
    };
    let mut holds = true;
    for case in CASES {
        let mut reads = read(folder, case.name)?;
        if case.is_shuffled {
            shuffle(&mut reads);
        }
        let row = Row::of(case.title, &reads, case.share);
        let missed = case.missed(&row);
        row.print(&missed);
        holds &= missed.is_empty();
    }
    println!(
        "percent of reads found; sizes in percent of the keys; OPT knows the future and fetches nothing ahead; \
         moka is its default, worked off every eight reads; fetches are for each read; residents are the most \
         ever held, of the size"
    );
    Ok(holds)
}

/// A trace at a size, and what ours has to reach on it.
struct Case {
    title: &'static str,
    name: &'static str,
    is_shuffled: bool,
    /// Of its keys, how many fit.
    share: f64,
    /// What ours has to find, in percent.
    found: Option<f64>,
    /// And how precise fetching ahead has to be.
    precision: Option<f64>,
}

const CASES: &[Case] = &[
    Case {
        title: "orm-night (tuned) 1 %",
        name: "orm-night",
        is_shuffled: false,
        share: 0.01,
        found: None,
        precision: None,
    },
    Case {
        title: "orm-busy 1 %",
        name: "orm-busy",
        is_shuffled: false,
        share: 0.01,
        found: Some(91.0),
        precision: Some(0.85),
    },
    Case {
        title: "orm-busy 5 %",
        name: "orm-busy",
        is_shuffled: false,
        share: 0.05,
        found: Some(93.5),
        precision: Some(0.85),
    },
    Case {
        title: "web07 5 %",
        name: "web07",
        is_shuffled: false,
        share: 0.05,
        found: None,
        precision: None,
    },
    Case {
        title: "web12 5 %",
        name: "web12",
        is_shuffled: false,
        share: 0.05,
        found: None,
        precision: None,
    },
    Case {
        title: "orm-busy shuffled 1 %",
        name: "orm-busy",
        is_shuffled: true,
        share: 0.01,
        found: None,
        precision: None,
    },
    Case {
        title: "web12 shuffled 5 %",
        name: "web12",
        is_shuffled: true,
        share: 0.05,
        found: None,
        precision: None,
    },
];

impl Case {
    fn missed(&self, row: &Row) -> Vec<String> {
        let better = row.lru.max(row.moka);
        let choices = row.lru.max(row.tiny_lfu);
        let mut goals = vec![
            (
                row.choice >= choices - 1.0,
                "choice within 1 of the better".to_owned(),
            ),
            (
                row.ours >= better - 0.1,
                "ours within 0.1 of LRU and moka".to_owned(),
            ),
            (row.residents <= 1.05, "residents at most 1.05".to_owned()),
        ];
        if let Some(found) = self.found {
            goals.push((row.ours >= found, format!("ours at least {found}")));
        } else {
            let few = row.ours >= better + 1.0 || row.fetches <= 0.02;
            goals.push((
                few,
                "at most 0.02 fetches where they do not help".to_owned(),
            ));
        }
        if let Some(precision) = self.precision {
            goals.push((
                row.precision >= precision,
                format!("precision at least {precision}"),
            ));
        }
        let missed = goals.into_iter().filter(|(holds, _)| !holds);
        missed.map(|(_, goal)| goal).collect()
    }
}

/// What each finds, in percent of the reads.
struct Row {
    title: String,
    lru: f64,
    tiny_lfu: f64,
    moka: f64,
    s3_fifo: f64,
    opt: f64,
    choice: f64,
    ours: f64,
    precision: f64,
    fetches: f64,
    residents: f64,
}

impl Row {
    fn of(title: &str, reads: &[u32], share: f64) -> Self {
        let keys = reads.iter().collect::<HashSet<_>>().len();
        let size = (keys as f64 * share) as usize;
        let percent = |found: usize| 100.0 * found as f64 / reads.len() as f64;
        let choice = ours(reads, size, Eviction::Chosen, 0);
        let ahead = ours(reads, size, Eviction::Chosen, SOURCES);
        Self {
            title: format!("{title}, {size}"),
            lru: percent(ours(reads, size, Eviction::Lru, 0).found),
            tiny_lfu: percent(ours(reads, size, Eviction::TinyLfu, 0).found),
            moka: percent(peers::moka(reads, size)),
            s3_fifo: percent(peers::s3_fifo(reads, size)),
            opt: percent(peers::opt(reads, size)),
            choice: percent(choice.found),
            ours: percent(ahead.found),
            precision: ahead.precision,
            fetches: ahead.fetched as f64 / reads.len() as f64,
            residents: choice.most.max(ahead.most) as f64 / size as f64,
        }
    }

    fn print(&self, missed: &[String]) {
        println!(
            "{:<22}{:>8.2}{:>8.2}{:>8.2}{:>8.2}{:>8.2}{:>8.2}{:>8.2}{:>10.3}{:>10.4}{:>9.3}  {}",
            self.title,
            self.lru,
            self.tiny_lfu,
            self.moka,
            self.s3_fifo,
            self.opt,
            self.choice,
            self.ours,
            self.precision,
            self.fetches,
            self.residents,
            if missed.is_empty() {
                "held".to_owned()
            } else {
                format!("MISSED: {}", missed.join(", "))
            }
        );
    }
}

struct Played {
    found: usize,
    precision: f64,
    fetched: u64,
    most: u64,
}

/// What is shipped, as it is shipped.
fn ours(reads: &[u32], size: usize, eviction: Eviction, sources: usize) -> Played {
    let config = ResidentsConfig::counted(size as u64)
        .eviction(eviction)
        .foretelling(sources);
    // Seeded, so that the table is the same each time.
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let residents = Residents::build_with_hasher(config, hasher);
    let (mut found, mut most, mut foretold) = (0, 0, Vec::new());
    for &key in reads {
        if residents.get(&key).is_some() {
            found += 1;
        } else {
            residents.put(key, (), 1);
        }
        residents.foretold(&key, &mut foretold);
        for next in foretold.drain(..) {
            residents.put_foretold(next.key, (), 1, next.source);
        }
        most = most.max(residents.weight());
    }
    let stats = residents.stats();
    assert!(matches!(stats.policy, Policy::Lru | Policy::TinyLfu));
    Played {
        found,
        precision: stats.foretelling.map_or(1.0, |model| model.precision()),
        fetched: stats.foretelling.map_or(0, |model| model.fetched),
        most,
    }
}

/// The trace of this name: its folder is the one named, or that of its first publisher in it.
fn read(folder: &Path, name: &str) -> Result<Vec<u32>, String> {
    let file = format!("{name}.trace.xz");
    let places = [folder.join(&file), folder.join("cache2k").join(&file)];
    let found: Option<&PathBuf> = places.iter().find(|place| place.is_file());
    let place = found.ok_or_else(|| format!("{} holds no {file}", folder.display()))?;
    let unpacked = Command::new("xz").arg("-dc").arg(place).output();
    let unpacked = unpacked.map_err(|error| format!("xz does not run, install it: {error}"))?;
    if !unpacked.status.success() {
        return Err(format!("{} cannot be unpacked by xz", place.display()));
    }
    let (numbers, _) = unpacked.stdout.as_chunks::<4>();
    Ok(numbers
        .iter()
        .map(|number| u32::from_be_bytes(*number))
        .collect())
}

/// The same reads in an order that means nothing.
fn shuffle(reads: &mut [u32]) {
    let mut dice = made::Dice::new();
    for last in (1..reads.len()).rev() {
        reads.swap(last, dice.below(last as u64 + 1) as usize);
    }
}

/// How many sources the model remembers: what is shipped as the usual number.
const SOURCES: usize = 65_536;
