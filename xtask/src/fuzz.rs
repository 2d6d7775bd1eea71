//! `cargo xtask fuzz`: the fuzz targets under libFuzzer.
//!
//! The targets lie in `fuzz/`, a workspace of its own. They need no nightly toolchain: what guides
//! the fuzzer is a pass of LLVM's that the stable compiler takes as a flag. What it lacks is the
//! address sanitizer, which has little to find in code without `unsafe`.
//!
//! What a run learns goes to `fuzz/grown/`, which nobody commits; a seed worth keeping is copied to
//! `fuzz/corpus/` by hand, and so is each finding once it is mended.

use crate::shell::{self, Workspace};
use anyhow::{Context as _, Result, bail};
use std::path::Path;

/// What makes the compiler count which edges of the code are run, and tell what is compared.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
    --cfg fuzzing -Ccodegen-units=1";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The target; all of them where none is given.
    target: Option<String>,
    /// How many seconds each target runs.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let fuzz = workspace.root.join("fuzz");
    let all = targets(&fuzz)?;
    let chosen: Vec<&String> = match &options.target {
        Some(name) => all.iter().filter(|target| *target == name).collect(),
        None => all.iter().collect(),
    };
    if chosen.is_empty() {
        bail!("there is no such target; there are {}", all.join(", "));
    }
    // The same versions as everywhere; cargo adds the fuzzer to the copy.
    std::fs::copy(workspace.root.join("Cargo.lock"), fuzz.join("Cargo.lock"))
        .context("failed to copy Cargo.lock")?;
    let host = host()?;
    let built = workspace.target.join("fuzz");
    let mut build = workspace.cargo(["build", "--quiet", "--release", "--target", &host]);
    build
        .arg("--manifest-path")
        .arg(fuzz.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", &built)
        .env("RUSTFLAGS", COVERAGE);
    shell::run(&mut build)?;

    let mut failed = Vec::new();
    for target in chosen {
        let grown = fuzz.join("grown").join(target);
        let findings = fuzz.join("artifacts").join(target);
        for folder in [&grown, &findings] {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("failed to create {}", folder.display()))?;
        }
        let program = built.join(&host).join("release").join(target);
        let mut command = std::process::Command::new(program);
        command
            .arg(&grown)
            .arg(fuzz.join("corpus").join(target))
            .arg(format!("-max_total_time={}", options.seconds))
            .arg(format!("-artifact_prefix={}/", findings.display()))
            .args(["-max_len=8192", "-timeout=10", "-rss_limit_mb=1024"])
            .args(["-print_final_stats=1", "-verbosity=0"]);
        if let Err(error) = shell::run(&mut command) {
            println!(
                "fuzz: {target}: {error:#}; what broke it is in {}",
                findings.display()
            );
            failed.push(target.as_str());
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("fuzz: broken: {}", failed.join(", "))
    }
}

fn targets(fuzz: &Path) -> Result<Vec<String>> {
    let folder = fuzz.join("fuzz_targets");
    let mut names = Vec::new();
    for file in std::fs::read_dir(&folder)
        .with_context(|| format!("failed to read {}", folder.display()))?
    {
        let file = file?.path();
        if let Some(stem) = file.file_stem() {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The machine's own target: named, so that build scripts and macros are built without coverage.
fn host() -> Result<String> {
    let told = shell::capture(std::process::Command::new("rustc").arg("-vV"))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("rustc does not tell its host")
}
