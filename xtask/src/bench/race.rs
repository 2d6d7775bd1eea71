//! What the races beside other libraries share: a workspace of their own under `benches/peers/`, built
//! into a folder of its own.

use crate::interop;
use crate::shell::{self, Workspace};
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// The workspace of the races, and who is wanted.
pub(super) struct Race<'a> {
    source: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) programs: PathBuf,
    pub(super) only: Option<&'a str>,
}

impl<'a> Race<'a> {
    pub(super) fn new(workspace: &Workspace, only: Option<&'a str>) -> Self {
        let folder = workspace.target.join("peers");
        Self {
            source: workspace.root.join("benches").join("peers"),
            programs: folder.join("release"),
            folder,
            only,
        }
    }

    /// Builds these packages, without the beginning that their names share.
    pub(super) fn build<'p>(
        &self,
        workspace: &Workspace,
        packages: impl IntoIterator<Item = &'p str>,
    ) -> Result<()> {
        let mut build = self.cargo(workspace);
        for package in packages {
            build.args(["--package", &format!("ovenjs-peers-{package}")]);
        }
        shell::run(&mut build)
    }

    /// The target folder is one of its own: nothing is shared with the project's own builds.
    pub(super) fn cargo(&self, workspace: &Workspace) -> Command {
        let mut command = workspace.cargo(["build", "--quiet", "--release", "--locked"]);
        command.current_dir(&self.source);
        command.env("CARGO_TARGET_DIR", &self.folder);
        command
    }

    /// Tells a course where its bots on discord.js lie, if it wants them, with what they need.
    pub(super) fn tell_node(&self, course: &mut Command) -> Result<()> {
        if self.wants("discord.js") {
            let folder = self.folder.join("discord-js");
            let bots = ["bot.js", "rest.js"];
            interop::fill_node(&self.source.join("discord-js"), &folder, &bots)?;
            course.arg("--node").arg(folder);
        }
        Ok(())
    }

    pub(super) fn wants(&self, program: &str) -> bool {
        wants(self.only, program)
    }
}

/// Whether a part may name this program: parts are words, and one of them is the program.
fn wants(only: Option<&str>, program: &str) -> bool {
    only.is_none_or(|only| {
        let named = |part: &str| part.split(' ').any(|word| word == program);
        only.split(',').any(named)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn parts_name_the_programs_that_are_built() {
        assert!(wants(None, "twilight"));
        assert!(wants(Some("ours,twilight decode"), "twilight"));
        assert!(wants(Some("events ours"), "ours"));
        assert!(!wants(Some("ours"), "serenity"));
    }

    #[test]
    fn the_races_have_a_lock_file_of_their_own_and_the_project_none_of_its_peers() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let theirs = std::fs::read_to_string(root.join("benches/peers/Cargo.lock")).unwrap();
        let ours = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
        for peer in ["twilight-cache-inmemory", "ovenjs-peers-course"] {
            let line = format!("name = \"{peer}\"");
            assert!(theirs.contains(&line) && !ours.contains(&line), "{peer}");
        }
    }
}
