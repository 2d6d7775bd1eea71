//! The processes of a private Postgres, to be frozen and killed.

use std::fs::read_to_string;

use rustix::process::{Pid, Signal, kill_process};

/// A server's first process and all that come from it.
pub(crate) struct Processes {
    first: u32,
}

impl Processes {
    /// Those of the Postgres that was started for this run; nothing, where it is somebody else's or the system does not
    /// tell of processes.
    pub(crate) fn of_postgres() -> Option<Self> {
        let told = std::env::var("OVENJS_TEST_POSTGRES_PROCESS").ok()?;
        let mut first = told.parse().ok()?;
        // Who changed the user for it may stand before it.
        while name(first)? != "postgres" {
            first = *children(first).first()?;
        }
        Some(Self { first })
    }

    /// SIGSTOP: connections stay, and nothing answers.
    pub(crate) fn freeze(&self) {
        // The first one first: it makes no others then.
        signal(self.first, Signal::STOP);
        for child in children(self.first) {
            signal(child, Signal::STOP);
        }
    }

    /// SIGKILL of all that serve. The first one finds out when it is thawed, and recovers.
    pub(crate) fn kill_all_but_the_first(&self) {
        signal(self.first, Signal::STOP);
        for child in children(self.first) {
            signal(child, Signal::KILL);
        }
    }

    /// SIGCONT.
    pub(crate) fn thaw(&self) {
        for child in children(self.first) {
            signal(child, Signal::CONT);
        }
        signal(self.first, Signal::CONT);
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        // Whatever goes wrong, nothing stays frozen.
        self.thaw();
    }
}

fn name(process: u32) -> Option<String> {
    let name = read_to_string(format!("/proc/{process}/comm")).ok()?;
    Some(name.trim().to_owned())
}

fn children(parent: u32) -> Vec<u32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let listed = read_to_string(path).unwrap_or_default();
    listed
        .split_whitespace()
        .filter_map(|id| id.parse().ok())
        .collect()
}

fn signal(process: u32, signal: Signal) {
    let id = Pid::from_raw(process.try_into().unwrap()).unwrap();
    // One that has ended meanwhile needs none.
    let _ended = kill_process(id, signal);
}
