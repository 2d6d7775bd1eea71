//! How much memory the process uses, and how much it may: as Linux tells it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use ovenjs_gateway::Fleet;
use ovenjs_types::{MemoryGauge, Pressure};
use tokio::{sync::watch, task::spawn_blocking};

/// What bounds the process' memory, and where that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    /// A control group (version 2) with a limit, by its folder.
    Group(PathBuf),
    /// What the configuration says, in bytes, for what the process itself has resident.
    Own { status: PathBuf, max: u64 },
}

impl Memory {
    /// What bounds this process: what the configuration says, else the nearest control group with a
    /// limit. Nothing where nothing does. `root` is `/`.
    pub(crate) fn find(root: &Path, max: Option<u64>) -> Option<Self> {
        let status = root.join("proc/self/status");
        if let Some(max) = max {
            return Some(Self::Own { status, max });
        }
        let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
        let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let all = root.join("sys/fs/cgroup");
        let own = all.join(own);
        let limited = own
            .ancestors()
            .take_while(|group| group.starts_with(&all))
            .find(|group| number(&group.join("memory.max")).is_ok())?;
        Some(Self::Group(limited.to_owned()))
    }

    /// How many bytes are used, and how many may be.
    pub(crate) fn read(&self) -> io::Result<(u64, u64)> {
        match self {
            Self::Group(group) => {
                let max = number(&group.join("memory.max"))?;
                let current = number(&group.join("memory.current"))?;
                // What was read from files and not looked at since goes by itself when it is needed.
                let spare = line(&group.join("memory.stat"), "inactive_file ")?;
                Ok((current.saturating_sub(spare), max))
            }
            Self::Own { status, max } => Ok((line(status, "VmRSS:")?.saturating_mul(1024), *max)),
        }
    }
}

/// Tells the fleet, and others by `pressure`, how short memory is; for as long as it is polled.
pub(crate) async fn watch(memory: Memory, fleet: Fleet, pressure: watch::Sender<Pressure>) {
    let mut gauge = MemoryGauge::new();
    loop {
        let place = memory.clone();
        let read = spawn_blocking(move || place.read());
        match read.await.unwrap_or_else(|gone| Err(gone.into())) {
            Ok((used, max)) => {
                if let Some(level) = gauge.handle(used, max) {
                    tell(level, used, max);
                    fleet.pressure(level);
                    pressure.send_replace(level);
                }
            }
            // What was known last holds.
            Err(error) => tracing::debug!(?memory, "memory cannot be read: {error}"),
        }
        tokio::time::sleep(READ_EVERY).await;
    }
}

fn tell(level: Pressure, used: u64, max: u64) {
    let (used, max) = (used >> 20, max >> 20);
    match level {
        Pressure::Low => tracing::info!("there is memory again: {used} of {max} MiB are used"),
        level => tracing::warn!("memory pressure is {level}: {used} of {max} MiB are used"),
    }
}

fn number(file: &Path) -> io::Result<u64> {
    let text = fs::read_to_string(file)?;
    text.trim().parse().map_err(io::Error::other)
}

/// The number behind a word in a file of such lines.
fn line(file: &Path, word: &str) -> io::Result<u64> {
    let text = fs::read_to_string(file)?;
    let found = text.lines().find_map(|line| line.strip_prefix(word));
    let number = found.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| io::Error::other(format!("there is no {word}")))
}

/// A flood of 100 MB a second fills a small container in some seconds; reading costs some ten
/// microseconds.
const READ_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    /// A system whose files are these.
    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    const STAT: &str = "anon 4096\nfile 900\ninactive_file 500\nactive_file 400\n";

    #[test]
    fn the_nearest_group_with_a_limit_counts_without_what_can_go() {
        let root = system(&[
            ("proc/self/cgroup", "1:name=systemd:/x\n0::/bots/one/app\n"),
            ("sys/fs/cgroup/memory.max", "9000\n"),
            ("sys/fs/cgroup/bots/one/app/memory.max", "max\n"),
            ("sys/fs/cgroup/bots/one/memory.max", "8000\n"),
            ("sys/fs/cgroup/bots/one/memory.current", "6500\n"),
            ("sys/fs/cgroup/bots/one/memory.stat", STAT),
        ]);
        let memory = Memory::find(root.path(), None).unwrap();
        let group = root.path().join("sys/fs/cgroup/bots/one");
        assert_eq!(memory, Memory::Group(group.clone()));
        assert_eq!(memory.read().unwrap(), (6_000, 8_000));
        // A limit that is lifted, or raised, while the bot runs.
        fs::write(group.join("memory.max"), "max\n").unwrap();
        assert!(memory.read().is_err());
        fs::write(group.join("memory.max"), "16000\n").unwrap();
        assert_eq!(memory.read().unwrap(), (6_000, 16_000));
    }

    #[test]
    fn in_a_container_the_group_is_the_root() {
        let root = system(&[
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "512\n"),
            ("sys/fs/cgroup/memory.current", "100\n"),
            ("sys/fs/cgroup/memory.stat", STAT),
        ]);
        let memory = Memory::find(root.path(), None).unwrap();
        assert_eq!(memory.read().unwrap(), (0, 512));
    }

    #[test]
    fn where_nothing_bounds_it_nothing_is_watched() {
        let unlimited = [
            ("proc/self/cgroup", "0::/bots\n"),
            ("sys/fs/cgroup/bots/memory.max", "max\n"),
        ];
        assert_eq!(Memory::find(system(&unlimited).path(), None), None);
        let old = [("proc/self/cgroup", "4:memory:/bots\n")];
        assert_eq!(Memory::find(system(&old).path(), None), None);
        assert_eq!(Memory::find(system(&[]).path(), None), None);
    }

    #[test]
    fn what_the_configuration_says_counts_for_what_is_resident() {
        let status = "Name:\toven\nVmHWM:\t    9000 kB\nVmRSS:\t    3000 kB\n";
        let root = system(&[("proc/self/status", status)]);
        let memory = Memory::find(root.path(), Some(4 << 20)).unwrap();
        assert_eq!(memory.read().unwrap(), (3_000 << 10, 4 << 20));
        // This process has something resident as well.
        let here = Memory::find(Path::new("/"), Some(1)).unwrap();
        assert!(here.read().unwrap().0 > 1 << 20);
    }
}
