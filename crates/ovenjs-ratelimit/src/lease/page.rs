//! What is written down in the store, and read again.

use super::{
    board::{Board, Cell, Seat},
    pot::Stake,
};

/// The first byte of each; another one is of another version's.
const VERSION: u8 = 1;

/// A later time, thousands of years from now, is a broken number. Sums of a few such do not overflow.
pub(super) const TIME_MAX_MS: u64 = 1 << 50;

/// More than any limit of one route, and few enough to be divided one by one.
pub(super) const LIMIT_MAX: u32 = 10_000;

/// No limit that is told of takes longer than a day.
pub(super) const PERIOD_MAX_MS: u64 = 86_400_000;

/// What cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is nothing of ours, or damaged: as good as lost.
    Damaged,
    /// Processes of another version write it: it is left alone.
    OfAnotherVersion,
}

impl Board {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut page = vec![VERSION];
        for number in [self.born_ms, self.turns, self.settles_ms] {
            put(&mut page, number);
        }
        put_len(&mut page, self.seats.len());
        for seat in &self.seats {
            put(&mut page, seat.ends_ms);
            put(&mut page, u64::from(seat.floor));
            put(&mut page, u64::from(seat.invalid));
            put(&mut page, u64::from(seat.is_ready));
            put_stake(&mut page, &seat.stake);
        }
        put_len(&mut page, self.wants.len());
        for (cell, member) in &self.wants {
            put(&mut page, *cell);
            put(&mut page, *member);
        }
        put_len(&mut page, self.awaited.len());
        for member in &self.awaited {
            put(&mut page, *member);
        }
        page
    }

    pub(super) fn read(page: &[u8]) -> Result<Self, Unreadable> {
        let mut page = begin(page)?;
        let read = || -> Option<Self> {
            let mut board = Self {
                born_ms: take_time(&mut page)?,
                turns: take(&mut page)?,
                settles_ms: take_time(&mut page)?,
                ..Self::default()
            };
            for _ in 0..take(&mut page)? {
                board.seats.push(Seat {
                    ends_ms: take_time(&mut page)?,
                    floor: take_small(&mut page)?,
                    invalid: take_small(&mut page)?,
                    is_ready: take(&mut page)? == 1,
                    stake: take_stake(&mut page)?,
                });
            }
            for _ in 0..take(&mut page)? {
                board.wants.push((take(&mut page)?, take(&mut page)?));
            }
            for _ in 0..take(&mut page)? {
                board.awaited.push(take(&mut page)?);
            }
            Some(board)
        };
        read_whole(read)
    }
}

impl Cell {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut page = vec![VERSION];
        let limit = u64::from(self.limit);
        for number in [self.born_ms, limit, self.period_ms, self.refill_ms] {
            put(&mut page, number);
        }
        put_len(&mut page, self.stakes.len());
        for stake in &self.stakes {
            put_stake(&mut page, stake);
        }
        page
    }

    pub(super) fn read(page: &[u8]) -> Result<Self, Unreadable> {
        let mut page = begin(page)?;
        let read = || -> Option<Self> {
            let mut cell = Self {
                born_ms: take_time(&mut page)?,
                limit: take_small(&mut page)?.min(LIMIT_MAX),
                period_ms: take(&mut page)?.min(PERIOD_MAX_MS),
                refill_ms: take(&mut page)?.min(PERIOD_MAX_MS),
                stakes: Vec::new(),
            };
            for _ in 0..take(&mut page)? {
                cell.stakes.push(take_stake(&mut page)?);
            }
            Some(cell)
        };
        read_whole(read)
    }
}

fn begin(page: &[u8]) -> Result<&[u8], Unreadable> {
    match page.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        Some(_) => Err(Unreadable::OfAnotherVersion),
        None => Err(Unreadable::Damaged),
    }
}

fn read_whole<T>(read: impl FnOnce() -> Option<T>) -> Result<T, Unreadable> {
    read().ok_or(Unreadable::Damaged)
}

fn put(page: &mut Vec<u8>, number: u64) {
    page.extend_from_slice(&number.to_le_bytes());
}

fn put_len(page: &mut Vec<u8>, len: usize) {
    put(page, u64::try_from(len).unwrap_or(0));
}

fn put_stake(page: &mut Vec<u8>, stake: &Stake) {
    put(page, stake.member);
    put(page, u64::from(stake.reserve));
    put(page, u64::from(stake.held));
    put(page, u64::from(stake.want));
}

fn take(page: &mut &[u8]) -> Option<u64> {
    let (number, rest) = page.split_first_chunk()?;
    *page = rest;
    Some(u64::from_le_bytes(*number))
}

fn take_small(page: &mut &[u8]) -> Option<u32> {
    u32::try_from(take(page)?).ok()
}

fn take_time(page: &mut &[u8]) -> Option<u64> {
    Some(take(page)?.min(TIME_MAX_MS))
}

fn take_stake(page: &mut &[u8]) -> Option<Stake> {
    Some(Stake {
        member: take(page)?,
        reserve: take_small(page)?,
        held: take_small(page)?,
        want: take_small(page)?,
        is_alive: false,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_what_is_cut_is_damaged() {
        let stake = Stake {
            member: 7,
            reserve: 5,
            held: 3,
            want: 4,
            is_alive: false,
        };
        let board = Board {
            born_ms: 1,
            turns: 2,
            settles_ms: 3,
            seats: vec![Seat {
                ends_ms: 4,
                floor: 2,
                invalid: 6,
                is_ready: true,
                stake,
            }],
            wants: vec![(8, 9)],
            awaited: vec![11],
        };
        let page = board.write();
        assert_eq!(Board::read(&page), Ok(board));
        let cut = Board::read(&page[..page.len() - 1]);
        assert_eq!(cut, Err(Unreadable::Damaged));
        assert_eq!(Board::read(b"\x02"), Err(Unreadable::OfAnotherVersion));
        let cell = Cell {
            born_ms: 1,
            limit: 5,
            period_ms: 5_000,
            refill_ms: 6_000,
            stakes: vec![stake],
        };
        assert_eq!(Cell::read(&cell.write()), Ok(cell));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(mut page in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (Board::read(&page), Cell::read(&page));
            page.insert(0, VERSION);
            let _ = (Board::read(&page), Cell::read(&page));
        }
    }
}
