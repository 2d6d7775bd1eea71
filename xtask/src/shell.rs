//! Where the workspace lies, and running other programs in it.

use anyhow::{Context as _, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// The checkout that this task works on.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, where everything that is made may be kept.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Finds the checkout that this program was started from.
    pub(crate) fn find() -> Result<Self> {
        // `cargo run` sets the variable; the compiled-in path serves a binary started by hand.
        let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest_dir
            .parent()
            .context("xtask's folder has a parent, the workspace")?
            .to_path_buf();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// Cargo, at the root of the workspace.
    pub(crate) fn cargo<I, S>(&self, arguments: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = Command::new(cargo_program());
        command.current_dir(&self.root).args(arguments);
        forget_the_calling_cargo(&mut command);
        command
    }

    /// The folder for tools which the tasks install, so that nothing outside the tree changes.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// The folder for what one task leaves for another.
    pub(crate) fn notes(&self) -> Result<PathBuf> {
        let folder = self.target.join("xtask");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("failed to create {}", folder.display()))?;
        Ok(folder)
    }
}

fn cargo_program() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Removes the variables that `cargo run` sets for its child: build scripts and tests of the
/// workspace would otherwise see xtask's package as their own and rebuild.
fn forget_the_calling_cargo(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_")
            || name_text.starts_with("CARGO_MANIFEST_")
            || name_text == "CARGO_BIN_NAME"
            || name_text == "CARGO_CRATE_NAME"
            || name_text == "CARGO_PRIMARY_PACKAGE"
            || name_text == "LD_LIBRARY_PATH"
        {
            command.env_remove(&name);
        }
    }
}

/// Builds the programs of [`FOR_TESTS`] and gives the folder they lie in.
///
/// With the features of the whole workspace and its tests, though they need less: that is what
/// `cargo xtask test` has built them with, so that after it nothing is left to build.
pub(crate) fn built_as_for_tests(workspace: &Workspace) -> Result<PathBuf> {
    let mut build = workspace.cargo(["build", "--quiet", "--workspace", "--all-features"]);
    run(build.args(FOR_TESTS))?;
    Ok(workspace.target.join("debug"))
}

/// The example is built in any case: cargo counts in the features of tests where one is wanted.
const FOR_TESTS: [&str; 6] = [
    "--bin",
    "ovenjs-interop",
    "--bin",
    "oven",
    "--example",
    "autobahn",
];

/// Prints the command, runs it with our own streams, and fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", shown(command));
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("failed to start {}", shown(command)))?;
    if status.success() {
        Ok(())
    } else {
        bail!("`{}` ended with {status}", shown(command))
    }
}

/// Runs the command and returns what it printed to standard output.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let (status, printed) = printed(command)?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(printed)
}

/// Runs the command and returns how it ended, and what it printed to standard output.
pub(crate) fn printed(command: &mut Command) -> Result<(ExitStatus, String)> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("failed to start {}", shown(command)))?;
    let printed = String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` printed something other than UTF-8", shown(command)))?;
    Ok((output.status, printed))
}

/// Runs the command, shows what it prints, and returns how it ended and all of that.
pub(crate) fn printed_anywhere(command: &mut Command) -> Result<(ExitStatus, String)> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("failed to start {}", shown(command)))?;
    let mut printed = String::new();
    for bytes in [output.stdout, output.stderr] {
        printed.push_str(&String::from_utf8_lossy(&bytes));
    }
    println!("{printed}");
    Ok((output.status, printed))
}

/// Whether the command can be started and succeeds, with all of its output thrown away.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The program's place on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| is_program(file))
}

/// Whether the file is there and may be executed.
pub(crate) fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// The command as a person would type it. Environment variables are left out: they can hold
/// addresses with passwords.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_else(|| command.get_program())
        .to_string_lossy()
        .into_owned();
    std::iter::once(program)
        .chain(command.get_args().map(|argument| {
            let text = argument.to_string_lossy();
            if text.is_empty() || text.contains([' ', '(', ')', '|', '*', '$']) {
                format!("'{text}'")
            } else {
                text.into_owned()
            }
        }))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_an_error_that_shows_it() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c 'exit 3'` ended with exit status: 3"
        );
    }

    #[test]
    fn a_missing_program_is_an_error_that_names_it() {
        let error = capture(&mut Command::new("ovenjs-no-such-program")).unwrap_err();
        assert!(
            error.to_string().contains("ovenjs-no-such-program"),
            "{error}"
        );
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(on_path("sh").is_some());
        assert!(on_path("ovenjs-no-such-program").is_none());
    }
}
