//! A new form of a custom id has to be told from the old one.

use ovenjs_commands::CustomId;

#[derive(CustomId)]
#[custom_id(name = "vote")]
struct OldVote {
    voter: u64,
}

#[derive(CustomId)]
#[custom_id(name = "vote", was = OldVote)]
struct Vote {
    voter: u64,
    up: bool,
}

impl From<OldVote> for Vote {
    fn from(old: OldVote) -> Self {
        Self { voter: old.voter, up: true }
    }
}

fn main() {}
