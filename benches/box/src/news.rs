//! Numbered events, and the account of those that were handled.

use std::{collections::BTreeMap, fmt, str::FromStr};

use ovenjs_types::Dispatch;
use serde::{Deserialize, Serialize};

use crate::Result;

/// An event that no table names, which every session of its guild hears.
pub const NEWS: &str = "OVEN_NEWS";

/// What the box emits as [`NEWS`].
#[derive(Clone, Copy, Debug, Serialize)]
pub struct News<'a> {
    /// Which one it is.
    #[serde(flatten)]
    pub number: Numbered,
    /// The guild of its shard.
    pub guild_id: &'a str,
    /// What makes it weigh as much as Discord's events.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub filler: &'a str,
}

/// Which event it is; written `<place> <number>`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Numbered {
    /// The shard that hears it, as the place of its guild in the box.
    pub place: u64,
    /// Its number among those of the shard, from 1.
    pub number: u64,
}

impl Numbered {
    /// Which one a delivered event is.
    ///
    /// # Errors
    ///
    /// When it is none of [`NEWS`].
    pub fn of(dispatch: &Dispatch) -> Result<Self> {
        Ok(serde_json::from_slice(&dispatch.raw)?)
    }
}

impl fmt::Display for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.number)
    }
}

impl FromStr for Numbered {
    type Err = Box<dyn std::error::Error + Send + Sync>;

    fn from_str(line: &str) -> Result<Self> {
        let (place, number) = line
            .split_once(' ')
            .ok_or_else(|| format!("the bot said {line:?}"))?;
        Ok(Self {
            place: place.parse()?,
            number: number.parse()?,
        })
    }
}

/// Of each shard, the numbers that were handled: they begin at 1 and have no holes.
#[derive(Debug, Default)]
pub struct Ledger {
    last: BTreeMap<u64, u64>,
    again: u64,
}

impl Ledger {
    /// An event was handled, which must be the next of its shard.
    ///
    /// # Errors
    ///
    /// When it is another one.
    pub fn once(&mut self, event: Numbered) -> Result<()> {
        let again = self.again;
        self.at_least_once(event)?;
        match self.again == again {
            true => Ok(()),
            false => Err(format!("event {event} was handled again").into()),
        }
    }

    /// An event was handled, which must be the next of its shard or one of those before.
    ///
    /// # Errors
    ///
    /// When one before it is missing.
    pub fn at_least_once(&mut self, event: Numbered) -> Result<()> {
        let Numbered { place, number } = event;
        let last = self.last.entry(place).or_default();
        if number > *last + 1 {
            return Err(format!("event {number} of shard {place} was handled after {last}").into());
        }
        self.again += u64::from(number <= *last);
        *last = number.max(*last);
        Ok(())
    }

    /// How many different events were handled.
    #[must_use]
    pub fn handled(&self) -> u64 {
        self.last.values().sum()
    }

    /// How many were handled more than once, counted each time.
    #[must_use]
    pub const fn again(&self) -> u64 {
        self.again
    }
}
