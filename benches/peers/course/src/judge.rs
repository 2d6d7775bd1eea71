//! Runs the contestants in turns, and prints the medians beside the goals.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use nix::sys::resource::{UsageWho, getrusage};

use crate::{
    stream::{Body, Form, Stream},
    world::World,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What is asked for.
#[derive(Debug)]
pub struct Plan {
    events: u64,
    rounds: usize,
    /// Where the streams are kept.
    streams: PathBuf,
    /// Where the contestants' programs lie.
    programs: PathBuf,
    /// Where the bot on discord.js lies with what it needs, if it runs.
    node: Option<PathBuf>,
    /// Names, or parts of names, of those that run; all where there are none.
    only: Vec<String>,
}

impl Plan {
    pub fn read(words: &[String]) -> Result<Self> {
        let word = |flag: &str| {
            let place = words.iter().position(|word| word == flag)?;
            words.get(place + 1)
        };
        let needed = |flag: &str| word(flag).ok_or_else(|| format!("{flag} is missing"));
        let number = |flag: &str, default: u64| match word(flag) {
            Some(word) => word
                .parse()
                .map_err(|_| format!("{flag} wants a number, not {word}")),
            None => Ok(default),
        };
        Ok(Self {
            events: number("--events", 200_000)?.max(1),
            rounds: usize::try_from(number("--rounds", 5)?.max(1))?,
            streams: needed("--streams")?.into(),
            programs: needed("--programs")?.into(),
            node: word("--node").map(PathBuf::from),
            only: word("--only").map_or_else(Vec::new, |only| {
                only.split(',').map(str::to_owned).collect()
            }),
        })
    }

    fn wants(&self, runner: &Runner) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| runner.name().contains(&**part))
    }
}

/// One program at one kind of work on one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Runner {
    program: &'static str,
    work: &'static str,
    stream: &'static str,
}

const fn runner(program: &'static str, work: &'static str, stream: &'static str) -> Runner {
    Runner {
        program,
        work,
        stream,
    }
}

impl Runner {
    fn name(&self) -> String {
        format!("{} {} {}", self.stream, self.program, self.work)
    }
}

/// All of them, in the order in which they take turns.
const RUNNERS: &[Runner] = &[
    runner("twilight", "decode", "events"),
    runner("ours", "decode", "events"),
    runner("twilight", "messages", "events"),
    runner("ours", "messages", "events"),
    runner("twilight", "interactions", "events"),
    runner("ours", "interactions", "events"),
    runner("ours", "floor", "events"),
    runner("ours", "raw", "events"),
    runner("twilight", "cache", "events"),
    runner("ours", "cache", "events"),
    runner("serenity", "decode", "events"),
    runner("serenity-cache", "cache", "events"),
    runner("discord.js", "decode", "events"),
    runner("discord.js", "cache", "events"),
    runner("twilight", "decode", "start"),
    runner("ours", "decode", "start"),
    runner("twilight", "cache", "start"),
    runner("ours", "cache", "start"),
];

/// What was promised: this runner takes at most so many times what that one takes.
const GOALS: &[(Runner, f64, Runner)] = &[
    (
        runner("ours", "decode", "events"),
        0.6,
        runner("twilight", "decode", "events"),
    ),
    (
        runner("ours", "messages", "events"),
        0.4,
        runner("twilight", "messages", "events"),
    ),
    (
        runner("ours", "interactions", "events"),
        0.23,
        runner("twilight", "decode", "events"),
    ),
    (
        runner("ours", "raw", "events"),
        1.35,
        runner("ours", "floor", "events"),
    ),
    (
        runner("ours", "cache", "events"),
        0.3,
        runner("twilight", "cache", "events"),
    ),
    (
        runner("ours", "cache", "events"),
        1.0 / 15.0,
        runner("discord.js", "cache", "events"),
    ),
    (
        runner("ours", "decode", "start"),
        0.33,
        runner("twilight", "decode", "start"),
    ),
    (
        runner("ours", "cache", "start"),
        0.33,
        runner("twilight", "cache", "start"),
    ),
];

/// Two workers get so many times as much done as one.
const GOAL_WORKERS: f64 = 1.6;

/// A bot of middling size, and one that starts.
const BUSY: World = World {
    guilds: 300,
    members: 40,
    channels: 30,
    roles: 20,
};
const LARGE: World = World {
    guilds: 200,
    members: 1000,
    channels: 50,
    roles: 40,
};

pub fn run(plan: Plan) -> Result<()> {
    let events = Stream::written(&plan.streams, "events", BUSY, Body::Events(plan.events))?;
    let start = Stream::written(&plan.streams, "start", LARGE, Body::Guilds)?;
    println!(
        "stream: {} events of {} bytes of JSON on average, {} compressed by zstd; start: {} members in {} \
         guilds, {} MB of JSON",
        events.facts.events,
        events.facts.json_bytes / events.facts.events,
        (events.ends(Form::Zstd)[2] - events.ends(Form::Zstd)[1]) / events.facts.events,
        LARGE.guilds * LARGE.members,
        LARGE.guilds,
        start.facts.json_bytes / 1_000_000,
    );
    let server = Server::start(&[&events, &start])?;
    let runners: Vec<Runner> = RUNNERS
        .iter()
        .copied()
        .filter(|runner| plan.wants(runner) && plan.is_there(runner))
        .collect();
    let mut times: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for round in 1..=plan.rounds {
        for runner in &runners {
            let (stream, ports) = match runner.stream {
                "start" => (&start, [server.ports[2], server.ports[3]]),
                _ => (&events, [server.ports[0], server.ports[1]]),
            };
            let before = plan.once(runner, stream, ports[0], 0)?;
            let all = plan.once(runner, stream, ports[1], 1)?;
            let took = (all - before).max(0.0);
            eprintln!(
                "round {round}: {:<32} {took:.3} s (start {before:.3} s)",
                runner.name()
            );
            times.entry(runner.name()).or_default().push(took);
        }
    }
    let medians: BTreeMap<String, f64> = times
        .into_iter()
        .map(|(name, mut times)| {
            times.sort_by(f64::total_cmp);
            (name, times[times.len() / 2])
        })
        .collect();
    report(&plan, &runners, &medians);
    workers(&plan, &events)
}

impl Plan {
    fn is_there(&self, runner: &Runner) -> bool {
        match runner.program {
            "discord.js" => self.node.is_some(),
            program => self.programs.join(program).exists(),
        }
    }

    /// CPU seconds of one run up to that mark.
    fn once(&self, runner: &Runner, stream: &Stream, port: u16, mark: usize) -> Result<f64> {
        let mut command = match (runner.program, &self.node) {
            ("discord.js", Some(folder)) => {
                let mut node = Command::new("node");
                node.current_dir(folder).arg("bot.js");
                node
            }
            (program, _) => Command::new(self.programs.join(program)),
        };
        let mut child = command
            .arg(runner.work)
            .env("COURSE_HTTP", format!("http://127.0.0.1:{port}"))
            .env("COURSE_WS", format!("ws://127.0.0.1:{port}"))
            .env("COURSE_MARK", (mark + 1).to_string())
            .env("COURSE_LAST", stream.facts.marks[mark].to_string())
            .env("COURSE_FILE", stream.file(Form::Zstd))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} cannot start: {error}", runner.name()))?;
        let before = children()?;
        wait(&mut child, &runner.name())?;
        let took = children()? - before;
        let mut told = String::new();
        if let Some(mut out) = child.stdout.take() {
            out.read_to_string(&mut told)?;
        }
        self.check(runner, stream, mark, &told)?;
        Ok(took)
    }

    /// A contestant that read less than it should has won nothing.
    fn check(&self, runner: &Runner, stream: &Stream, mark: usize, told: &str) -> Result<()> {
        let mut numbers = told.split_whitespace().map(|word| word.parse::<u64>());
        let (Some(Ok(seen)), Some(Ok(failed))) = (numbers.next(), numbers.next()) else {
            return Err(format!(
                "{} said {told:?}, not how many events it saw",
                runner.name()
            )
            .into());
        };
        let all = match runner.work {
            // Our mirror asks for what it keeps, and for no more.
            "cache" => runner.program != "ours",
            work => matches!(work, "decode" | "raw" | "floor"),
        };
        let expected = stream.facts.marks[mark];
        if mark == 1 && (failed > 0 || (all && seen != expected)) {
            eprintln!(
                "{}: {seen} events of {expected} were seen, {failed} were not understood",
                runner.name()
            );
        }
        Ok(())
    }
}

fn report(plan: &Plan, runners: &[Runner], medians: &BTreeMap<String, f64>) {
    let base = |stream: &str| {
        medians.get(
            &runner(
                "twilight",
                "decode",
                if stream == "start" { "start" } else { "events" },
            )
            .name(),
        )
    };
    println!(
        "\n{:<32} {:>16} {:>18} {:>10}   median of {} interleaved rounds",
        "stream, program, work", "CPU s", "CPU s / M events", "ratio", plan.rounds
    );
    for runner in runners {
        let Some(took) = medians.get(&runner.name()) else {
            continue;
        };
        let per_million = if runner.stream == "start" {
            "-".to_owned()
        } else {
            format!("{:.2}", took * 1e6 / plan.events as f64)
        };
        let ratio = base(runner.stream)
            .map_or_else(|| "-".to_owned(), |base| format!("{:.2}", took / base));
        println!(
            "{:<32} {took:>16.3} {per_million:>18} {ratio:>10}",
            runner.name()
        );
    }
    println!(
        "\n{:<24} {:<34} {:>8} {:>8} {:>16}",
        "ours", "beside", "ratio", "goal", "above the floor"
    );
    let floor = runner("ours", "floor", "events");
    for (ours, goal, theirs) in GOALS {
        let (Some(one), Some(other)) = (medians.get(&ours.name()), medians.get(&theirs.name()))
        else {
            continue;
        };
        let ratio = one / other;
        let verdict = if ratio <= *goal { "goal met" } else { "missed" };
        // What each does beyond inflating and finding payloads, which nobody can do without.
        let above = match medians.get(&floor.name()) {
            Some(floor) if ours.stream == "events" && other > floor => {
                format!("{:.3}", (one - floor) / (other - floor))
            }
            _ => "-".to_owned(),
        };
        println!(
            "{:<24} {:<34} {ratio:>8.3} {goal:>8.3} {above:>16}   {verdict}",
            ours.name(),
            theirs.name()
        );
    }
}

/// One worker that decodes, and two, on the same dispatches; by the clock.
fn workers(plan: &Plan, stream: &Stream) -> Result<()> {
    let name = runner("ours", "workers", "events");
    if !plan.wants(&name) {
        return Ok(());
    }
    let mut ratios = Vec::new();
    for _ in 0..plan.rounds {
        let out = Command::new(plan.programs.join("ours"))
            .arg("workers")
            .env("COURSE_FILE", stream.file(Form::Zstd))
            .stderr(Stdio::inherit())
            .output()?;
        let told = String::from_utf8_lossy(&out.stdout).into_owned();
        let seconds: Vec<f64> = told
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        let [one, two] = *seconds else {
            return Err(format!("the workers said {told:?}, not two times").into());
        };
        ratios.push(one / two);
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ratios.len() / 2];
    let verdict = if ratio >= GOAL_WORKERS {
        "goal met"
    } else {
        "missed"
    };
    println!(
        "two decode workers: {ratio:.2} × the throughput of one, goal {GOAL_WORKERS}   {verdict} (by the clock: \
         it needs two idle cores)"
    );
    Ok(())
}

/// CPU seconds of all children that have been waited for.
fn children() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

fn wait(child: &mut Child, name: &str) -> Result<()> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return match status.success() {
                true => Ok(()),
                false => Err(format!("{name} ended with {status}").into()),
            };
        }
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Err(format!("{name} did not end within {PATIENCE:?}").into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The slowest takes a minute or two for a million events.
const PATIENCE: Duration = Duration::from_secs(600);

struct Server {
    child: Child,
    ports: Vec<u16>,
}

impl Server {
    fn start(streams: &[&Stream]) -> Result<Self> {
        let folders = streams.iter().map(|stream| stream.folder());
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .args(folders.collect::<Vec<&Path>>())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let ports = line
            .split_whitespace()
            .map(str::parse)
            .collect::<std::result::Result<_, _>>()?;
        Ok(Self { child, ports })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
