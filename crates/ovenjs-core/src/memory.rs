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
    /// The process' control group (version 2) and those around it, by their folders.
    Groups(Vec<PathBuf>),
    /// What the configuration says, in bytes, for what the process itself has resident.
    Own { status: PathBuf, max: u64 },
}

impl Memory {
    /// What bounds this process: what the configuration says, else the control groups that it is in.
    /// Nothing where none of them has a limit. `root` is `/`.
    pub(crate) fn find(root: &Path, max: Option<u64>) -> Option<Self> {
        let status = root.join("proc/self/status");
        if let Some(max) = max {
            return Some(Self::Own { status, max });
        }
        let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
        let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let all = root.join("sys/fs/cgroup");
        let own = all.join(own);
        let groups = own.ancestors().take_while(|group| group.starts_with(&all));
        let groups: Vec<PathBuf> = groups.take(GROUPS_MAX).map(Path::to_owned).collect();
        let is_limited = groups
            .iter()
            .any(|group| matches!(limit(group), Ok(Some(_))));
        is_limited.then_some(Self::Groups(groups))
    }

    /// How many bytes are used, and how many may be: in the group that is closest to its limit, since that
    /// is where the system ends processes. Nothing where no group has a limit any more.
    pub(crate) fn read(&self) -> io::Result<Option<(u64, u64)>> {
        match self {
            Self::Groups(groups) => {
                let mut tightest = None;
                for group in groups {
                    if let Some(max) = limit(group)? {
                        let used = used(group)?;
                        tightest = tighter(tightest, (used, max));
                    }
                }
                Ok(tightest)
            }
            Self::Own { status, max } => {
                Ok(Some((line(status, "VmRSS:")?.saturating_mul(1024), *max)))
            }
        }
    }
}

/// The limit of a group, where it has one: the outermost has no such file, and others may say `max`.
fn limit(group: &Path) -> io::Result<Option<u64>> {
    match fs::read_to_string(group.join("memory.max")) {
        Ok(text) if text.trim() == "max" => Ok(None),
        Ok(text) => text.trim().parse().map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a group uses, without what was read from files and not looked at since: that goes by itself when it
/// is needed.
fn used(group: &Path) -> io::Result<u64> {
    let current = number(&group.join("memory.current"))?;
    let spare = line(&group.join("memory.stat"), "inactive_file ")?;
    Ok(current.saturating_sub(spare))
}

/// The reading of which less is left in proportion.
fn tighter(one: Option<(u64, u64)>, other: (u64, u64)) -> Option<(u64, u64)> {
    let full = |(used, max): (u64, u64)| u128::from(used) * 1000 / u128::from(max.max(1));
    Some(one.filter(|one| full(*one) >= full(other)).unwrap_or(other))
}

/// Tells the fleet, and others by `pressure`, how short memory is; for as long as it is polled.
pub(crate) async fn watch(memory: Memory, fleet: Fleet, pressure: watch::Sender<Pressure>) {
    let mut gauge = MemoryGauge::new();
    loop {
        let place = memory.clone();
        let read = spawn_blocking(move || place.read());
        match read.await.unwrap_or_else(|gone| Err(gone.into())) {
            Ok(read) => {
                // Without a limit there is always enough.
                let (used, max) = read.unwrap_or((0, u64::MAX));
                if let Some(level) = gauge.handle(used, max) {
                    tell(level, read);
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

fn tell(level: Pressure, read: Option<(u64, u64)>) {
    let Some((used, max)) = read else {
        return tracing::info!("memory has no limit any more");
    };
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

/// Containers in containers are a handful deep; each costs three reads a second.
const GROUPS_MAX: usize = 16;

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
    fn the_group_closest_to_its_limit_counts_without_what_can_go() {
        let root = system(&[
            ("proc/self/cgroup", "1:name=systemd:/x\n0::/bots/one/app\n"),
            ("sys/fs/cgroup/bots/one/app/memory.max", "max\n"),
            ("sys/fs/cgroup/bots/one/memory.max", "8000\n"),
            ("sys/fs/cgroup/bots/one/memory.current", "4500\n"),
            ("sys/fs/cgroup/bots/one/memory.stat", STAT),
            ("sys/fs/cgroup/bots/memory.max", "9000\n"),
            ("sys/fs/cgroup/bots/memory.current", "8600\n"),
            ("sys/fs/cgroup/bots/memory.stat", STAT),
        ]);
        let memory = Memory::find(root.path(), None).unwrap();
        let limits = |of: &str, max: &str| {
            let group = root.path().join("sys/fs/cgroup").join(of);
            fs::write(group.join("memory.max"), max).unwrap();
        };
        // Others in the slice use what there is.
        assert_eq!(memory.read().unwrap(), Some((8_100, 9_000)));
        limits("bots", "90000\n");
        assert_eq!(memory.read().unwrap(), Some((4_000, 8_000)));
        limits("bots/one", "16000\n");
        assert_eq!(memory.read().unwrap(), Some((4_000, 16_000)));
        // Limits that are lifted while the bot runs.
        limits("bots/one", "max\n");
        assert_eq!(memory.read().unwrap(), Some((8_100, 90_000)));
        limits("bots", "max\n");
        assert_eq!(memory.read().unwrap(), None);
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
        assert_eq!(memory.read().unwrap(), Some((0, 512)));
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
        assert_eq!(memory.read().unwrap(), Some((3_000 << 10, 4 << 20)));
        // This process has something resident as well.
        let here = Memory::find(Path::new("/"), Some(1)).unwrap();
        assert!(here.read().unwrap().unwrap().0 > 1 << 20);
    }
}
