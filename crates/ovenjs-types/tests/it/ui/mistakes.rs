//! Compiles what must not compile, and holds what the compiler says against the file beside it.
//!
//! The compiler is called itself, with the libraries that these tests were built with: a build of
//! its own for each crate would compile them, and all below, once more.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Compiles each `tests/ui/*.rs` with this library. None may compile, and the compiler has to say
/// what stands in the `.stderr` of the same name.
pub(crate) fn are_told(library: &str) {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let libraries = env::current_exe().unwrap().parent().unwrap().to_owned();
    let library = format!("{library}={}", newest(&libraries, library).display());
    let mut cases: Vec<PathBuf> = fs::read_dir(package.join("tests/ui"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "tests/ui has no cases");
    let mut others = Vec::new();
    for case in cases {
        let name = case.file_name().unwrap();
        let compiled = Command::new(Path::new(env!("CARGO")).with_file_name("rustc"))
            .current_dir(package)
            .env("CARGO_PKG_NAME", env!("CARGO_PKG_NAME"))
            .args(["--edition=2024", "--emit=metadata", "--cap-lints=allow"])
            .args([
                "--color=never",
                "--diagnostic-width=140",
                "--extern",
                &library,
            ])
            .arg(format!("-Ldependency={}", libraries.display()))
            .args(["--out-dir", env!("CARGO_TARGET_TMPDIR")])
            .arg(Path::new("tests/ui").join(name))
            .output()
            .unwrap();
        assert!(!compiled.status.success(), "{} compiles", case.display());
        let told = plain(&String::from_utf8(compiled.stderr).unwrap());
        let known = fs::read_to_string(case.with_extension("stderr"));
        if known.is_ok_and(|known| known == told) {
            continue;
        }
        let now = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(name)
            .with_extension("stderr");
        fs::write(&now, &told).unwrap();
        others.push(format!(
            "{}, kept in {}:\n{told}",
            case.display(),
            now.display()
        ));
    }
    assert!(
        others.is_empty(),
        "the compiler says something else; where it is right, copy it:\n{}",
        others.join("\n")
    );
}

/// The library among the builds with different features: each is up to date when it is made, and
/// that of these tests was seen to before they ran.
fn newest(libraries: &Path, name: &str) -> PathBuf {
    let begin = format!("lib{name}-");
    let files = fs::read_dir(libraries).unwrap();
    files
        .map(|entry| entry.unwrap().path())
        .filter(|file| {
            let name = file.file_name().unwrap().to_string_lossy();
            name.starts_with(&begin) && name.ends_with(".rlib")
        })
        .max_by_key(|file| file.metadata().unwrap().modified().unwrap())
        .unwrap()
}

/// Without what changes while the meaning does not: indentation, which follows the greatest line
/// number; code outside the case, which moves; how many more there are; the closing words.
fn plain(told: &str) -> String {
    let mut lines = Vec::new();
    let mut elsewhere = false;
    for line in told.lines().map(str::trim_start) {
        let closing = [
            "error: aborting due to",
            "For more information",
            "Some errors have",
        ];
        if closing.iter().any(|words| line.starts_with(words)) {
            continue;
        }
        let place = ["--> ", "::: "]
            .iter()
            .find_map(|mark| line.strip_prefix(mark));
        if let Some(place) = place {
            elsewhere = !place.starts_with("tests/ui/");
            if elsewhere {
                let file = place.split(':').next().unwrap();
                lines.push(format!(
                    "--> …{}",
                    &file[file.rfind("/src/").unwrap_or(0)..]
                ));
                continue;
            }
        }
        let gutter = line.split_once('|').map(|(number, _)| number.trim());
        let is_code = gutter.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        if elsewhere && is_code {
            continue;
        }
        let is_list_end = line.starts_with("and ") && line.ends_with(" others");
        lines.push(if is_list_end { "and others" } else { line }.to_owned());
    }
    lines.join("\n").trim_end().to_owned() + "\n"
}
