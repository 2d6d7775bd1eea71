//! Close codes: what each means for the session.

use crate::{Error, ErrorKind};

/// What to do after the connection was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// Connect again and resume: the session lives on.
    Resume,
    /// Connect again and identify: the session is over.
    Identify,
    /// Stop: the same thing would happen again.
    GiveUp,
}

/// A close code of Discord's gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCode {
    /// The number.
    pub code: u16,
    /// Discord's name for it.
    pub name: &'static str,
    /// What to do.
    pub reaction: Reaction,
    kind: ErrorKind,
    repair: &'static str,
}

macro_rules! close_codes {
    ($( $code:literal $name:literal => $reaction:ident $( ($kind:ident, $repair:literal) )?; )+) => {
        /// Every close code that Discord documents for its gateway.
        pub const CLOSE_CODES: &[CloseCode] = &[$(
            CloseCode {
                code: $code,
                name: $name,
                reaction: Reaction::$reaction,
                kind: close_codes!(@kind $($kind)?),
                repair: close_codes!(@repair $($repair)?),
            },
        )+];
    };
    (@kind $kind:ident) => { ErrorKind::$kind };
    (@kind) => { ErrorKind::Protocol };
    (@repair $repair:literal) => { $repair };
    (@repair) => { "" };
}

// 4003 also means an invalidated session; resuming finds that out at the price of one round trip.
close_codes! {
    4000 "unknown error" => Resume;
    4001 "unknown opcode" => Resume;
    4002 "decode error" => Resume;
    4003 "not authenticated" => Resume;
    4004 "authentication failed" => GiveUp(Token,
        "discord refused the token: reset it in the developer portal and set DISCORD_TOKEN");
    4005 "already authenticated" => Resume;
    4007 "invalid seq" => Identify;
    4008 "rate limited" => Resume;
    4009 "session timed out" => Identify;
    4010 "invalid shard" => GiveUp(Sharding,
        "discord refused the shard: its number must be below the total, and the total a multiple of what /gateway/bot assigns to very large bots");
    4011 "sharding required" => GiveUp(Sharding,
        "discord wants more shards, 2500 guilds each at most: take the number from /gateway/bot, and start with it or, while other shards run, give it to Fleet::reshard");
    4012 "invalid api version" => GiveUp(ApiVersion,
        "discord no longer speaks this version of its gateway: update ovenjs");
    4013 "invalid intents" => GiveUp(Intents,
        "discord does not know these intents: leave out the bits that are not documented");
    4014 "disallowed intents" => GiveUp(Intents,
        "discord disallows privileged intents: switch them on in the developer portal under Bot, or do not ask for them");
}

/// What to do after a close with `code`; `None` where the connection just ended.
///
/// Codes outside the table, 1000 and 1001 among them, are met with a resume: where the session is
/// over after all, Discord answers so, and the session identifies.
#[must_use]
pub fn reaction(code: Option<u16>) -> Reaction {
    lookup(code).map_or(Reaction::Resume, |row| row.reaction)
}

/// The error of a shard that gave up after `code`.
pub(crate) fn give_up(code: u16, intents: ovenjs_types::Intents) -> Error {
    let Some(row) = lookup(Some(code)) else {
        let text = "discord closed the connection for a reason unknown here: look the code up, and report it";
        return Error::new(ErrorKind::Protocol, text).with_close_code(code);
    };
    let text = if code == 4014 {
        let asked: Vec<&str> = ovenjs_types::Intents::KNOWN
            .iter()
            .filter(|(_, flag)| {
                ovenjs_types::Intents::PRIVILEGED.contains(*flag) && intents.contains(*flag)
            })
            .map(|(name, _)| *name)
            .collect();
        if asked.is_empty() {
            row.repair.to_owned()
        } else {
            format!("{} (asked for: {})", row.repair, asked.join(", "))
        }
    } else {
        row.repair.to_owned()
    };
    Error::new(row.kind, text).with_close_code(code)
}

fn lookup(code: Option<u16>) -> Option<&'static CloseCode> {
    CLOSE_CODES.iter().find(|row| Some(row.code) == code)
}

/// With this code we close when we mean to resume. Any code but 1000 and 1001 keeps the session;
/// one from the range for applications is no claim about the protocol.
pub const CLOSE_TO_RESUME: u16 = 4900;

#[cfg(test)]
mod tests {
    use ovenjs_types::Intents;

    use super::*;

    #[test]
    fn codes_that_no_reconnecting_can_mend_give_up_and_name_the_repair() {
        for row in CLOSE_CODES
            .iter()
            .filter(|row| row.reaction == Reaction::GiveUp)
        {
            let error = give_up(row.code, Intents::empty());
            assert_eq!(error.close_code(), Some(row.code));
            assert_ne!(error.kind(), ErrorKind::Protocol, "{}", row.code);
            assert!(error.to_string().contains(": "), "{error}");
        }
    }

    #[test]
    fn the_shared_vocabulary_says_the_same_of_every_code() {
        for row in CLOSE_CODES {
            let shared = ovenjs_types::GatewayCloseCode::from(row.code);
            assert!(ovenjs_types::GatewayCloseCode::KNOWN.contains(&shared));
            assert_eq!(shared.reconnects(), row.reaction != Reaction::GiveUp);
        }
        assert_eq!(
            CLOSE_CODES.len(),
            ovenjs_types::GatewayCloseCode::KNOWN.len()
        );
    }

    #[test]
    fn refused_intents_are_named() {
        let error = give_up(
            4014,
            Intents::GUILDS | Intents::GUILD_MEMBERS | Intents::MESSAGE_CONTENT,
        );
        let text = error.to_string();
        assert!(text.contains("GUILD_MEMBERS, MESSAGE_CONTENT"), "{text}");
        assert!(!text.contains("GUILD_PRESENCES"), "{text}");
    }

    #[test]
    fn an_end_without_a_code_and_unknown_codes_are_resumed() {
        for code in [None, Some(1000), Some(1001), Some(1006), Some(4999)] {
            assert_eq!(reaction(code), Reaction::Resume);
        }
        assert_eq!(reaction(Some(4009)), Reaction::Identify);
    }
}
