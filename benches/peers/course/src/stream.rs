//! A stream as files: each form holds the same messages as websocket frames, one behind the other.
//!
//! Hello, READY and perhaps guilds, a first mark; then what is measured, and a last mark. The marks are
//! interactions with the ids 1 and 2, at which a contestant ends: at the first, when only its start is
//! measured. A compressed stream carries its history, so all of it is one run from hello on.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{BufWriter, Error, ErrorKind, Result, Write as _},
    path::{Path, PathBuf},
};

use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer};

use crate::{
    chance::Chance,
    event,
    world::{self, World},
};

/// How the messages are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Plain,
    /// Each message by itself, by zlib, hello excepted: what `compress` in an identify asks for.
    Each,
    Zstd,
}

impl Form {
    pub const ALL: [Self; 3] = [Self::Plain, Self::Each, Self::Zstd];

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Each => "each",
            Self::Zstd => "zstd",
        }
    }
}

/// A stream on the disk.
#[derive(Clone, Debug)]
pub struct Stream {
    folder: PathBuf,
    pub facts: Facts,
}

/// What is known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Events between the marks.
    pub events: u64,
    /// Bytes of JSON between the marks.
    pub json_bytes: u64,
    /// The sequence numbers of both marks.
    pub marks: [u64; 2],
    /// For each form, where hello, the first mark and all end.
    pub ends: [[u64; 3]; 3],
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// So many events of a busy bot.
    Events(u64),
    /// The guilds of the world, which otherwise stand before the first mark.
    Guilds,
}

impl Stream {
    /// The stream of that name; written where it is not there already.
    pub fn written(folder: &Path, name: &str, world: World, body: Body) -> Result<Self> {
        let wanted = format!("{FORMAT} {world:?} {body:?}\n");
        let folder = folder.join(name);
        let note = folder.join("facts.txt");
        if let Ok(text) = fs::read_to_string(&note)
            && let Some(rest) = text.strip_prefix(&wanted)
            && let Some(facts) = Facts::read(rest)
        {
            return Ok(Self { folder, facts });
        }
        fs::create_dir_all(&folder)?;
        let _ = fs::remove_file(&note);
        let facts = write(&folder, world, body)?;
        fs::write(&note, wanted + &facts.shown())?;
        Ok(Self { folder, facts })
    }

    pub fn open(folder: &Path) -> Result<Self> {
        let text = fs::read_to_string(folder.join("facts.txt"))?;
        let facts = text
            .split_once('\n')
            .and_then(|(_, rest)| Facts::read(rest));
        let broken = || {
            Error::new(
                ErrorKind::InvalidData,
                "the facts of a stream cannot be read",
            )
        };
        Ok(Self {
            folder: folder.to_owned(),
            facts: facts.ok_or_else(broken)?,
        })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn file(&self, form: Form) -> PathBuf {
        self.folder.join(form.name())
    }

    /// Where hello, the first mark and all end.
    pub fn ends(&self, form: Form) -> [u64; 3] {
        let place = Form::ALL.iter().position(|other| *other == form);
        self.facts.ends[place.expect("a form is one of all")]
    }
}

impl Facts {
    fn shown(&self) -> String {
        let mut numbers = vec![self.events, self.json_bytes, self.marks[0], self.marks[1]];
        numbers.extend(self.ends.iter().flatten());
        let words: Vec<_> = numbers.iter().map(u64::to_string).collect();
        words.join(" ")
    }

    fn read(text: &str) -> Option<Self> {
        let numbers: Option<Vec<u64>> = text
            .split_whitespace()
            .map(|word| word.parse().ok())
            .collect();
        let [events, json_bytes, first, last, ends @ ..] = &*numbers? else {
            return None;
        };
        let mut facts = Self {
            events: *events,
            json_bytes: *json_bytes,
            marks: [*first, *last],
            ends: [[0; 3]; 3],
        };
        if ends.len() != 9 {
            return None;
        }
        for (place, end) in ends.iter().enumerate() {
            facts.ends[place / 3][place % 3] = *end;
        }
        Some(facts)
    }
}

/// Raised when what is written changes.
const FORMAT: u32 = 7;

/// How Discord's gateway compresses, by its own account ("How Discord Reduced Websocket Traffic by
/// 40%", 2024). The window decides what a reader's cache must hold: 256 KiB, where the library's own
/// choice would be 2 MiB.
const DISCORDS_ZSTD: [CParameter; 4] = [
    CParameter::CompressionLevel(6),
    CParameter::ChainLog(16),
    CParameter::HashLog(16),
    CParameter::WindowLog(18),
];

const SEED: u64 = 0x0BAD_0F_B4EAD;

fn write(folder: &Path, world: World, body: Body) -> Result<Facts> {
    let mut outs = Vec::new();
    for form in Form::ALL {
        outs.push(Out::create(&folder.join(form.name()), form)?);
    }
    let mut facts = Facts::default();
    let mut seq = 0;
    let mut text = String::new();
    let mut payload = String::new();
    let mut chance = Chance::new(SEED);

    let hello =
        r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":600000,"_trace":["oven"]}}"#;
    for (out, ends) in outs.iter_mut().zip(&mut facts.ends) {
        out.message(hello, true)?;
        ends[0] = out.written;
    }
    let mut dispatch = |outs: &mut Vec<Out>, name: &str, payload: &mut String| -> Result<u64> {
        seq += 1;
        text.clear();
        let _ = write!(text, r#"{{"t":"{name}","s":{seq},"op":0,"d":{payload}}}"#);
        for out in outs {
            out.message(&text, false)?;
        }
        payload.clear();
        Ok(text.len() as u64)
    };
    event::ready(&mut payload, world);
    dispatch(&mut outs, "READY", &mut payload)?;
    if let Body::Events(_) = body {
        for number in 0..world.guilds {
            world::guild(&mut payload, world, number);
            dispatch(&mut outs, "GUILD_CREATE", &mut payload)?;
        }
    }
    event::interaction(&mut payload, world, 0, 1, 1, &mut chance, 0);
    dispatch(&mut outs, "INTERACTION_CREATE", &mut payload)?;
    for (out, ends) in outs.iter().zip(&mut facts.ends) {
        ends[1] = out.written;
    }
    match body {
        Body::Events(events) => {
            for count in 1..=events {
                let name = event::event(&mut payload, world, &mut chance, count);
                facts.json_bytes += dispatch(&mut outs, name, &mut payload)?;
            }
            facts.events = events;
            facts.marks[0] = world.guilds + 2;
        }
        Body::Guilds => {
            for number in 0..world.guilds {
                world::guild(&mut payload, world, number);
                facts.json_bytes += dispatch(&mut outs, "GUILD_CREATE", &mut payload)?;
            }
            facts.events = world.guilds;
            facts.marks[0] = 2;
        }
    }
    event::interaction(&mut payload, world, 0, 1, 2, &mut chance, 0);
    dispatch(&mut outs, "INTERACTION_CREATE", &mut payload)?;
    facts.marks[1] = facts.marks[0] + facts.events + 1;
    for (out, ends) in outs.iter_mut().zip(&mut facts.ends) {
        ends[2] = out.written;
        out.file.flush()?;
    }
    Ok(facts)
}

struct Out {
    file: BufWriter<File>,
    written: u64,
    form: Form,
    zstd: CCtx<'static>,
    packed: Vec<u8>,
}

impl Out {
    fn create(file: &Path, form: Form) -> Result<Self> {
        let mut zstd = CCtx::create();
        for parameter in DISCORDS_ZSTD {
            zstd.set_parameter(parameter)
                .map_err(|code| Error::other(zstd_safe::get_error_name(code)))?;
        }
        Ok(Self {
            file: BufWriter::with_capacity(1 << 20, File::create(file)?),
            written: 0,
            form,
            zstd,
            packed: Vec::new(),
        })
    }

    fn message(&mut self, text: &str, hello: bool) -> Result<()> {
        self.packed.clear();
        match self.form {
            Form::Each if !hello => {
                let mut each = flate2::write::ZlibEncoder::new(
                    std::mem::take(&mut self.packed),
                    flate2::Compression::default(),
                );
                each.write_all(text.as_bytes())?;
                self.packed = each.finish()?;
            }
            Form::Plain | Form::Each => self.packed.extend_from_slice(text.as_bytes()),
            Form::Zstd => {
                self.packed.reserve(text.len() + 4096);
                let mut output = OutBuffer::around(&mut self.packed);
                let mut input = InBuffer::around(text.as_bytes());
                let failed = |code| Error::other(zstd_safe::get_error_name(code));
                while input.pos() < text.len() {
                    self.zstd
                        .compress_stream(&mut output, &mut input)
                        .map_err(failed)?;
                }
                if self.zstd.flush_stream(&mut output).map_err(failed)? != 0 {
                    return Err(Error::other("a message did not fit"));
                }
            }
        }
        let is_text = self.form == Form::Plain || (hello && self.form == Form::Each);
        let mut head = vec![if is_text { 0x81 } else { 0x82 }];
        match self.packed.len() {
            length @ ..126 => head.push(u8::try_from(length).expect("short")),
            length => match u16::try_from(length) {
                Ok(length) => {
                    head.push(126);
                    head.extend(length.to_be_bytes());
                }
                Err(_) => {
                    head.push(127);
                    head.extend((length as u64).to_be_bytes());
                }
            },
        }
        self.file.write_all(&head)?;
        self.file.write_all(&self.packed)?;
        self.written += (head.len() + self.packed.len()) as u64;
        Ok(())
    }
}
