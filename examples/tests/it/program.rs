//! An example started as a program of its own.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
};

use ovenjs_mock::Discord;
use tokio::{
    io::AsyncReadExt as _,
    process::{Child, Command},
};

/// A bot that runs as a child process, with all that it prints.
pub(crate) struct Program {
    child: Child,
}

/// What a program printed, and how it ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
}

/// `ping` against `discord`.
pub(crate) fn ping(discord: &Discord) -> Command {
    command(env!("CARGO_BIN_EXE_ping"), discord)
}

/// `feedback` against `discord`.
pub(crate) fn feedback(discord: &Discord) -> Command {
    command(env!("CARGO_BIN_EXE_feedback"), discord)
}

/// Any of the others against `discord`, in a folder for what it leaves behind.
pub(crate) fn in_folder(path: &str, discord: &Discord, folder: &Path) -> Command {
    let mut command = command(path, discord);
    command.current_dir(folder);
    command
}

fn command(path: &str, discord: &Discord) -> Command {
    let mut command = Command::new(path);
    command
        .env_clear()
        .env("DISCORD_TOKEN", discord.token())
        .env("OVENJS_BASE_URL", discord.base_url())
        .env("OVENJS_LOG", "trace")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Program {
    pub(crate) fn start(mut command: Command) -> Self {
        Self {
            child: command.spawn().unwrap(),
        }
    }

    /// Asks it to stop as an operating system does, and waits.
    pub(crate) async fn stop(self) -> Ended {
        let pid = self.child.id().unwrap().to_string();
        let asked = Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .await
            .unwrap();
        assert!(asked.success());
        self.ended().await
    }

    /// Ends it as `kill -9` does.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(mut self) -> Ended {
        let (mut out, mut err) = (
            self.child.stdout.take().unwrap(),
            self.child.stderr.take().unwrap(),
        );
        let (mut output, mut errors) = (String::new(), String::new());
        let (status, ..) = tokio::join!(
            self.child.wait(),
            out.read_to_string(&mut output),
            err.read_to_string(&mut errors),
        );
        output.push_str(&errors);
        Ended {
            status: status.unwrap(),
            output,
        }
    }
}

impl Ended {
    /// The line with which it gave up. There is exactly one, it is no panic, and no secret is in it
    /// or in anything else that was printed.
    pub(crate) fn error(&self, discord: &Discord) -> &str {
        self.holds_no_secret(discord);
        assert!(!self.status.success(), "{}", self.output);
        assert!(!self.output.contains("panicked"), "{}", self.output);
        let mut errors = self
            .output
            .lines()
            .filter(|line| line.starts_with("Error: "));
        let error = errors
            .next()
            .unwrap_or_else(|| panic!("no error in: {}", self.output));
        assert!(errors.next().is_none(), "{}", self.output);
        error
    }

    /// No form of the token was printed: plain, its first part, reversed in base64 or URL-encoded.
    pub(crate) fn holds_no_secret(&self, discord: &Discord) {
        let token = discord.token();
        let encoded: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let start: String = token.chars().take(20).collect();
        for form in [token.as_str(), start.as_str(), encoded.as_str()] {
            assert!(
                !self.output.contains(form),
                "a secret was printed:\n{}",
                self.output
            );
        }
    }
}
