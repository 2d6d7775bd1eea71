//! Runs the contestants in turns, and prints what they took beside the goals.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::sys::resource::{UsageWho, getrusage};

use crate::Result;

/// What is asked for.
#[derive(Debug)]
pub struct Plan {
    posts: usize,
    rounds: usize,
    /// Round trips in ms of the runs with limits.
    round_trips: Vec<u32>,
    programs: PathBuf,
    /// Where lists of channels are put.
    notes: PathBuf,
    node: Option<PathBuf>,
    /// Parts of names of those that run; all where there are none.
    only: Vec<String>,
}

impl Plan {
    pub fn read(words: &[String]) -> Result<Self> {
        let word = |flag: &str| {
            let place = words.iter().position(|word| word == flag)?;
            words.get(place + 1)
        };
        let needed = |flag: &str| word(flag).ok_or_else(|| format!("{flag} is missing"));
        let list = |flag: &str| {
            let words = word(flag).map(|list| list.split(',').filter(|part| !part.is_empty()));
            words.into_iter().flatten().map(str::to_owned)
        };
        Ok(Self {
            posts: needed("--posts")?.parse()?,
            rounds: needed("--rounds")?.parse()?,
            round_trips: list("--round-trips")
                .map(|ms| ms.parse())
                .collect::<std::result::Result<_, _>>()?,
            programs: needed("--programs")?.into(),
            notes: needed("--notes")?.into(),
            node: word("--node").map(PathBuf::from),
            only: list("--only").collect(),
        })
    }

    fn wants(&self, runner: &Runner) -> bool {
        let is_named = |part: &String| runner.name().contains(&**part);
        let is_there = match runner.program {
            DISCORD_JS => self.node.is_some(),
            program => self.programs.join(format!("rest-{program}")).exists(),
        };
        is_there && (self.only.is_empty() || self.only.iter().any(is_named))
    }

    fn runners(&self, all: &[Runner]) -> Vec<Runner> {
        all.iter().copied().filter(|one| self.wants(one)).collect()
    }
}

/// One program in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Runner {
    program: &'static str,
    way: &'static str,
}

const fn runner(program: &'static str, way: &'static str) -> Runner {
    Runner { program, way }
}

impl Runner {
    fn name(&self) -> String {
        format!("{} {}", self.program, self.way)
            .trim_end()
            .to_owned()
    }
}

const DISCORD_JS: &str = "discord.js";
const OURS: Runner = runner("ours", "");
const TWILIGHT: Runner = runner("twilight", "");

/// With limits off, in the order in which they take turns.
const FREE: &[Runner] = &[
    runner("ours", "floor"),
    OURS,
    TWILIGHT,
    runner("twilight", "bare"),
    runner("serenity", ""),
    runner(DISCORD_JS, ""),
];

/// With limits on. serenity is not among them: with its limiter it sends to Discord, wherever it is told to,
/// and without it keeps no limit.
const LIMITED: &[Runner] = &[OURS, TWILIGHT, runner(DISCORD_JS, "")];

/// What was promised: others take at least so many times the CPU that ours takes.
const GOALS: &[(Runner, f64)] = &[(TWILIGHT, 1.5), (runner(DISCORD_JS, ""), 10.0)];

/// With limits on ours takes at most so many times as long as the limits themselves.
const GOAL_WALL: f64 = 1.04;

/// Messages under way at once where no limit holds them up: as many as there are connections by
/// default in ours.
const AT_ONCE: usize = 64;
const FREE_CHANNELS: usize = 2_000;

const LIMITED_POSTS: usize = 600;
const LIMITED_CHANNELS: usize = 60;
const MODELS: [&str; 3] = ["anchored", "aligned", "leaky"];

pub fn run(plan: &Plan) -> Result<()> {
    if plan.rounds > 0 {
        free(plan)?;
    }
    for round_trip in &plan.round_trips {
        for model in MODELS {
            limited(plan, model, *round_trip)?;
        }
    }
    Ok(())
}

fn free(plan: &Plan) -> Result<()> {
    let runners = plan.runners(FREE);
    let mut took: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for round in 1..=plan.rounds {
        for runner in &runners {
            let few = Course::new("off", FREE_CHANNELS, 0).run(plan, runner, AT_ONCE)?;
            let all = Course::new("off", FREE_CHANNELS, 0).run(plan, runner, plan.posts)?;
            let posts = (plan.posts - AT_ONCE) as f64;
            let cpu = (all.cpu - few.cpu).max(0.0) * 1e6 / posts;
            let wall = (all.wall - few.wall).max(0.0) * 1e6 / posts;
            eprintln!(
                "round {round}: {:<16} {cpu:.1} µs CPU, {wall:.1} µs wall a message (start {:.3} s CPU)",
                runner.name(),
                few.cpu
            );
            took.entry(runner.name()).or_default().push((cpu, wall));
        }
    }
    let median = |name: &str, part: fn(&(f64, f64)) -> f64| {
        let mut all: Vec<f64> = took.get(name)?.iter().map(part).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    };
    let ours = median(&OURS.name(), |(cpu, _)| *cpu);
    println!(
        "\n{} messages over {FREE_CHANNELS} channels, {AT_ONCE} at once, limits off; median of {} interleaved rounds\n\
         {:<16} {:>18} {:>18} {:>12}",
        plan.posts, plan.rounds, "program", "CPU µs / message", "wall µs / message", "beside ours"
    );
    for runner in &runners {
        let name = runner.name();
        let (Some(cpu), Some(wall)) = (median(&name, |one| one.0), median(&name, |one| one.1))
        else {
            continue;
        };
        let beside = ours.map(|ours| cpu / ours);
        let goal = GOALS.iter().find(|(goal, _)| goal == runner);
        let verdict = match (goal, beside) {
            (Some((_, goal)), Some(beside)) if beside >= *goal => format!("goal {goal} met"),
            (Some((_, goal)), Some(_)) => format!("goal {goal} missed"),
            _ => String::new(),
        };
        let beside = beside.map_or_else(|| "-".to_owned(), |beside| format!("{beside:.2}"));
        println!("{name:<16} {cpu:>18.1} {wall:>18.1} {beside:>12}   {verdict}");
    }
    Ok(())
}

/// All contestants at the same time, each with a box of its own: hardly any CPU is used.
fn limited(plan: &Plan, model: &'static str, round_trip: u32) -> Result<()> {
    let runs: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = plan
            .runners(LIMITED)
            .into_iter()
            .map(|runner| {
                let course = Course::new(model, LIMITED_CHANNELS, round_trip);
                let run = scope.spawn(move || {
                    course
                        .run(plan, &runner, LIMITED_POSTS)
                        .map_err(|error| error.to_string())
                });
                (runner, run)
            })
            .collect();
        let end = |(runner, run): (_, thread::ScopedJoinHandle<'_, _>)| {
            (
                runner,
                run.join().unwrap_or_else(|_| Err("it panicked".to_owned())),
            )
        };
        runs.into_iter().map(end).collect()
    });
    println!(
        "\n{LIMITED_POSTS} messages over {LIMITED_CHANNELS} channels, 5/5 s each, 50/s of all ({model}), round trip {round_trip} ms\n\
         {:<16} {:>8} {:>8} {:>10} {:>14} {:>10}",
        "program", "wall s", "floor s", "delivered", "429 of channel", "of all"
    );
    for (runner, run) in runs {
        let run = run?;
        let floor = floor(model, run.first_ms);
        let wall = run.wall - f64::from(round_trip) / 1000.0;
        let is_met = wall <= GOAL_WALL * floor
            && run.delivered == LIMITED_POSTS
            && run.limited == 0
            && run.globally <= 1;
        let verdict = match (runner == OURS, is_met) {
            (false, _) => "",
            (true, true) => "goal met",
            (true, false) => "goal missed",
        };
        println!(
            "{:<16} {:>8.2} {floor:>8.2} {:>10} {:>14} {:>10}   {verdict}",
            runner.name(),
            run.wall,
            run.delivered,
            run.limited,
            run.globally
        );
    }
    Ok(())
}

/// The least that the limits themselves take after the first message has arrived: fifty at once, and
/// fifty each second.
fn floor(model: &str, first_ms: u64) -> f64 {
    let seconds = (LIMITED_POSTS / 50) as f64;
    match model {
        // What is left of the second in which the first message came counts as one.
        "aligned" => seconds - 2.0 + (1000 - first_ms % 1000) as f64 / 1000.0,
        _ => seconds - 1.0,
    }
}

/// A box with its limits.
struct Course {
    limits: &'static str,
    channels: usize,
    round_trip: u32,
}

/// What a run came to.
struct Run {
    cpu: f64,
    wall: f64,
    delivered: usize,
    limited: usize,
    globally: usize,
    first_ms: u64,
}

impl Course {
    const fn new(limits: &'static str, channels: usize, round_trip: u32) -> Self {
        Self {
            limits,
            channels,
            round_trip,
        }
    }

    fn run(&self, plan: &Plan, runner: &Runner, posts: usize) -> Result<Run> {
        let mut served = Served::start(self)?;
        let list = plan.notes.join(format!("channels-{}", served.child.id()));
        std::fs::write(&list, served.channels.replace(' ', "\n"))?;
        let is_limited = self.limits != "off";
        let at_once = if is_limited { posts } else { AT_ONCE };
        let mut command = match (runner.program, &plan.node) {
            (DISCORD_JS, Some(folder)) => {
                let mut node = Command::new("node");
                node.current_dir(folder).arg("rest.js");
                node
            }
            (program, _) => Command::new(plan.programs.join(format!("rest-{program}"))),
        };
        let mut child = command
            .arg(runner.way)
            .env("COURSE_HTTP", &served.address)
            .env("COURSE_TOKEN", &served.token)
            .env("COURSE_CHANNELS", &list)
            .env("COURSE_LIMITS", if is_limited { "on" } else { "off" })
            .env("COURSE_POSTS", posts.to_string())
            .env("COURSE_AT_ONCE", at_once.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} cannot start: {error}", runner.name()))?;
        let before = children()?;
        wait(&mut child, &runner.name())?;
        // With limits on others run at the same time, and nobody asks for this.
        let cpu = children()? - before;
        let mut told = String::new();
        if let Some(mut out) = child.stdout.take() {
            out.read_to_string(&mut told)?;
        }
        std::fs::remove_file(&list)?;
        let mut words = told.split_whitespace();
        let answered = words.next().and_then(|word| word.parse::<usize>().ok());
        let wall = words.next().and_then(|word| word.parse::<f64>().ok());
        let (Some(answered), Some(wall)) = (answered, wall) else {
            let name = runner.name();
            return Err(
                format!("{name} said {told:?}, not how many messages were answered").into(),
            );
        };
        let [delivered, limited, globally, other, first_ms] = served.end()?;
        if other > 0 || (!is_limited && answered != posts) {
            eprintln!(
                "{}: {answered} of {posts} messages were answered, {other} refused",
                runner.name()
            );
        }
        Ok(Run {
            cpu,
            wall,
            delivered: usize::try_from(delivered)?,
            limited: usize::try_from(limited)?,
            globally: usize::try_from(globally)?,
            first_ms,
        })
    }
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
        thread::sleep(Duration::from_millis(5));
    }
}

/// The slowest takes a minute.
const PATIENCE: Duration = Duration::from_secs(300);

/// The box's process.
struct Served {
    child: Child,
    out: BufReader<ChildStdout>,
    address: String,
    token: String,
    channels: String,
}

impl Served {
    fn start(course: &Course) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", course.limits])
            .arg(course.channels.to_string())
            .arg(course.round_trip.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().ok_or("the box has no output")?;
        let mut served = Self {
            child,
            out: BufReader::new(out),
            address: String::new(),
            token: String::new(),
            channels: String::new(),
        };
        let line = served.line()?;
        let (address, token) = line.split_once(' ').ok_or("the box told no address")?;
        (served.address, served.token) = (address.to_owned(), token.to_owned());
        served.channels = served.line()?;
        Ok(served)
    }

    /// Ends it, and says what it was asked for.
    fn end(&mut self) -> Result<[u64; 5]> {
        drop(self.child.stdin.take());
        let line = self.line()?;
        let numbers = line.split(' ').map(str::parse);
        let numbers: Vec<u64> = numbers.collect::<std::result::Result<_, _>>()?;
        numbers
            .try_into()
            .map_err(|_| format!("the box ended with {line:?}").into())
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.out.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
