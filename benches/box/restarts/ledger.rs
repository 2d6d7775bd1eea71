//! The account of what was handled.

use std::collections::BTreeMap;

use ovenjs_box_benches::Result;

/// Of each shard, the numbers that were handled: they begin at 1 and have no holes.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    last: BTreeMap<u64, u64>,
    again: u64,
}

impl Ledger {
    /// An event was handled, which must be the next of its shard.
    pub(crate) fn once(&mut self, line: &str) -> Result<()> {
        let (place, number) = parsed(line)?;
        let last = self.last.entry(place).or_default();
        if number != *last + 1 {
            return Err(format!("event {number} of shard {place} was handled after {last}").into());
        }
        *last = number;
        Ok(())
    }

    /// An event was handled, which must be the next of its shard or one of those before.
    pub(crate) fn at_least_once(&mut self, line: &str) -> Result<()> {
        let (place, number) = parsed(line)?;
        let last = self.last.entry(place).or_default();
        if number > *last + 1 {
            return Err(format!("event {number} of shard {place} was handled after {last}").into());
        }
        self.again += u64::from(number <= *last);
        *last = number.max(*last);
        Ok(())
    }

    /// How many different events were handled.
    pub(crate) fn handled(&self) -> u64 {
        self.last.values().sum()
    }

    /// How many were handled more than once, counted each time.
    pub(crate) const fn again(&self) -> u64 {
        self.again
    }
}

/// `<shard> <number>`.
fn parsed(line: &str) -> Result<(u64, u64)> {
    let (place, number) = line
        .split_once(' ')
        .ok_or_else(|| format!("the bot said {line:?}"))?;
    Ok((place.parse()?, number.parse()?))
}
