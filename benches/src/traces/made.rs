//! Reads as a bot might make them, for where no real trace is at hand.

/// Half a million commands in guilds of which few are busy: each reads the guild's settings, the member, the
/// member's balance and a page of something, and some read nothing but one page once.
pub(super) fn reads() -> Vec<u32> {
    let mut dice = Dice::new();
    let mut reads = Vec::new();
    for _ in 0..COMMANDS {
        let guild = dice.skewed(GUILDS);
        let member = guild * MEMBERS + dice.skewed(MEMBERS);
        reads.push(guild as u32);
        reads.push((1 << 24) + member as u32);
        reads.push((2 << 24) + member as u32);
        if dice.below(4) == 0 {
            reads.push((3 << 24) + dice.below(1 << 20) as u32);
        }
    }
    reads
}

/// The same numbers each time.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new() -> Self {
        Self(88_172_645_463_325_252)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// Low numbers far more often than high ones.
    pub(super) fn skewed(&mut self, bound: u64) -> u64 {
        let fraction = self.below(1 << 32) as f64 / (1_u64 << 32) as f64;
        (bound as f64 * fraction.powi(4)) as u64
    }
}

const COMMANDS: usize = 500_000;
const GUILDS: u64 = 2_000;
const MEMBERS: u64 = 200;
