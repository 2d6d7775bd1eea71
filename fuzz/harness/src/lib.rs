//! What the fuzz targets do with their bytes.
//!
//! Each target is one function here, which panics where a promise is broken. The targets under
//! `fuzz/fuzz_targets` call it under libFuzzer (`cargo xtask fuzz`), and a test beside it feeds it
//! the files under `fuzz/corpus`, so that what was found once is looked at ever after.

mod gateway;
mod websocket;

pub use gateway::{envelope, inflate};
pub use websocket::websocket;

/// A target's name, which is its corpus' folder, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("websocket", websocket),
    ("inflate", inflate),
    ("envelope", envelope),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_corpus_runs_and_has_a_target() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for (name, target) in TARGETS {
            let mut seeds = 0;
            for seed in std::fs::read_dir(fuzz.join("corpus").join(name)).unwrap() {
                let seed = seed.unwrap().path();
                println!("{}", seed.display());
                target(&std::fs::read(&seed).unwrap());
                seeds += 1;
            }
            assert!(seeds >= 5, "{name} has {seeds} seeds");
            let binary = fuzz.join("fuzz_targets").join(format!("{name}.rs"));
            assert!(binary.exists(), "{}", binary.display());
        }
        let corpora = std::fs::read_dir(fuzz.join("corpus")).unwrap().count();
        assert_eq!(corpora, TARGETS.len(), "a corpus without a target");
    }
}
