//! `cargo xtask interop`: bots that others wrote run against the mock.
//!
//! This prepares one private folder per library under the target folder and starts the package
//! `ovenjs-interop`, which plays the user and judges. It is a package of its own so that the other
//! tasks need not be built with a server in them.

use crate::packages::{self, Need};
use crate::shell::{self, Workspace};
use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::process::Command;

/// The oldest Node.js that discord.js and what it depends on run on.
const NODE: (u32, u32) = (18, 17);

/// The oldest Python that discord.py, hikari and what they depend on run on.
const PYTHON: (u32, u32) = (3, 10);

/// The file that says for which runtime and manifest a folder was filled.
const FILLED: &str = "filled-for.txt";

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    install_missing()?;
    let node = checked_version("node", NODE)?;
    let python = checked_version("python3", PYTHON)?;
    let folder = workspace.target.join("interop");
    let source = workspace.root.join("interop").join("discord-js");
    fill_discord_js(
        &source,
        &folder.join("discord-js"),
        &node,
        &["bot.js", "feast.js"],
    )?;
    for bot in ["discord-py", "hikari"] {
        fill_python(workspace, bot, &folder.join(bot), &python)?;
    }
    let judge = shell::built_as_for_tests(workspace)?.join("ovenjs-interop");
    shell::run(
        Command::new(judge)
            .current_dir(&workspace.root)
            .arg(&folder),
    )
}

/// Installs Node.js and Python where they are missing.
pub(crate) fn install_missing() -> Result<()> {
    install_node()?;
    let mut needs = Vec::new();
    // Some systems ship Python without the part that makes environments.
    if !shell::succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"])) {
        needs.push(Need::Python);
    }
    packages::install(&needs).context("bots in other languages need their runtimes")
}

fn install_node() -> Result<()> {
    let is_missing = |program: &&str| shell::on_path(program).is_none();
    if ["node", "npm"].iter().any(is_missing) {
        packages::install(&[Need::Node]).context("bots on discord.js need Node.js")?;
    }
    Ok(())
}

/// What the program calls itself, if it is new enough.
fn checked_version(program: &str, least: (u32, u32)) -> Result<String> {
    let told = shell::capture(Command::new(program).arg("--version"))?;
    match version(&told) {
        Some(found) if found >= least => Ok(told),
        _ => bail!(
            "{program} says it is {}, and {}.{} is needed; put a newer one on PATH",
            told.trim(),
            least.0,
            least.1
        ),
    }
}

/// `v20.20.2` or `Python 3.11.7` into the first two numbers.
fn version(told: &str) -> Option<(u32, u32)> {
    let numbers = told.trim().rsplit(' ').next()?.trim_start_matches('v');
    let mut parts = numbers.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Fills a folder with a bot on discord.js and what it needs; installs Node.js where that is missing.
pub(crate) fn fill_node(source: &Path, folder: &Path, files: &[&str]) -> Result<()> {
    install_node()?;
    fill_discord_js(source, folder, &checked_version("node", NODE)?, files)
}

/// Node looks for modules beside the file that imports them, so the bot's files are copied there as well.
fn fill_discord_js(source: &Path, folder: &Path, node: &str, files: &[&str]) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("failed to create {}", folder.display()))?;
    for name in ["package.json", "package-lock.json"].iter().chain(files) {
        std::fs::copy(source.join(name), folder.join(name))
            .with_context(|| format!("failed to copy {name} of the discord.js bot"))?;
    }
    let lock = read(&source.join("package-lock.json"))?;
    unless_filled(folder, &format!("{node}{lock}"), || {
        let mut npm = Command::new("npm");
        npm.args([
            "ci",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel=error",
        ]);
        shell::run(npm.current_dir(folder))
    })
}

fn fill_python(workspace: &Workspace, bot: &str, folder: &Path, python: &str) -> Result<()> {
    let source = workspace.root.join("interop").join(bot);
    let requirements = source.join("requirements.txt");
    // An environment points to the Python that made it, and knows its own place.
    let wanted = format!("{python}{}\n{}", folder.display(), read(&requirements)?);
    unless_filled(folder, &wanted, || {
        shell::run(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(folder),
        )?;
        let mut pip = Command::new(folder.join("bin").join("python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        shell::run(pip.arg("--no-deps").arg("--requirement").arg(&requirements))
    })?;
    for name in ["bot.py", "feast.py"] {
        std::fs::copy(source.join(name), folder.join(name))
            .with_context(|| format!("failed to copy {name} of the {bot} bot"))?;
    }
    Ok(())
}

/// Fills the folder, unless a run that ended well has filled it for the same.
fn unless_filled(folder: &Path, wanted: &str, fill: impl FnOnce() -> Result<()>) -> Result<()> {
    let note = folder.join(FILLED);
    if std::fs::read_to_string(&note).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    fill()?;
    std::fs::write(&note, wanted).with_context(|| format!("failed to write {}", note.display()))
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_tell_them() {
        assert_eq!(version("v20.20.2\n"), Some((20, 20)));
        assert_eq!(version("Python 3.11.7\n"), Some((3, 11)));
        assert_eq!(version("no idea"), None);
    }

    #[test]
    fn a_folder_is_filled_once_per_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let mut filled = 0;
        for wanted in ["a", "a", "b"] {
            unless_filled(folder.path(), wanted, || {
                filled += 1;
                Ok(())
            })
            .unwrap();
        }
        assert_eq!(filled, 2);
    }

    #[test]
    fn a_folder_that_could_not_be_filled_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        unless_filled(folder.path(), "a", || bail!("no network")).unwrap_err();
        let mut filled = false;
        unless_filled(folder.path(), "a", || {
            filled = true;
            Ok(())
        })
        .unwrap();
        assert!(filled);
    }
}
