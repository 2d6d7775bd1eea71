//! What to do about Discord's error codes, where more is known than Discord's own words.

use ovenjs_types::Permissions;

use super::ErrorKind;
use crate::{Auth, request::Operation};

pub(crate) const UNKNOWN_WEBHOOK: u32 = 10_015;
pub(crate) const UNKNOWN_INTERACTION: u32 = 10_062;
pub(crate) const MISSING_ACCESS: u32 = 50_001;
pub(crate) const MISSING_PERMISSIONS: u32 = 50_013;
pub(crate) const WRONG_TOKEN: u32 = 50_027;
pub(super) const INDEX_NOT_READY: u32 = 110_000;

pub(super) const TOKEN_REFUSED: &str = "the token was refused: set DISCORD_TOKEN to the token of the bot's page in the developer portal";

/// The permission that a refusal is about, where it is known.
pub(super) fn missing(code: Option<u32>, operation: Operation) -> Option<Permissions> {
    match code {
        Some(MISSING_PERMISSIONS) if !operation.needs.is_empty() => Some(operation.needs),
        Some(MISSING_ACCESS) if operation.route.contains(" /channels/") => {
            Some(Permissions::VIEW_CHANNEL)
        }
        _ => None,
    }
}

/// What to do, where more is known than Discord's own words.
pub(super) fn repair(kind: ErrorKind, code: Option<u32>, operation: Operation) -> Option<String> {
    let text = match (kind, code, missing(code, operation)) {
        (ErrorKind::Unauthorized, None, _) => refused(operation.auth),
        (_, Some(MISSING_ACCESS), Some(missing)) => {
            return Some(format!(
                "the bot lacks {missing} there, or is not in that server: grant it to its role"
            ));
        }
        (_, Some(MISSING_PERMISSIONS), Some(missing)) => {
            let above = if missing.intersects(of_hierarchy()) {
                "; if it has that, its highest role is not above what it wants to change: move it up \
                 in the server's list"
            } else {
                ""
            };
            return Some(format!(
                "the bot lacks {missing}: grant it to its role, and look for a channel overwrite \
                 that denies it{above}"
            ));
        }
        (_, Some(50_014), _) => refused(operation.auth),
        (_, Some(code), _) => match by_code(code) {
            Some(text) => text,
            None if is_full(code) => "there is no room for another: remove some first",
            None => by_kind(kind, operation.auth)?,
        },
        (_, None, _) => by_kind(kind, operation.auth)?,
    };
    Some(text.to_owned())
}

/// What to do about the credential of whoever asked.
const fn refused(auth: Auth) -> &'static str {
    match auth {
        Auth::Bot => TOKEN_REFUSED,
        Auth::User => {
            "the user's token was refused: it has expired or was revoked; refresh it, or let the user \
             authorize the bot again"
        }
        Auth::Application => {
            "the client id or secret was refused: copy both from the OAuth2 page of the application \
             in the developer portal"
        }
        Auth::Webhook => {
            "the webhook's token was refused: copy the webhook's address anew, or create another"
        }
        Auth::Interaction => {
            "the interaction's token was refused: it works for 15 minutes, so answer sooner, or by a \
             message to the channel"
        }
        Auth::Nobody => {
            "Discord wants to know who asks: send this with the bot's or a user's token"
        }
    }
}

/// Permissions that reach only as far as the bot's highest role.
fn of_hierarchy() -> Permissions {
    Permissions::KICK_MEMBERS
        | Permissions::BAN_MEMBERS
        | Permissions::MODERATE_MEMBERS
        | Permissions::MANAGE_ROLES
        | Permissions::MANAGE_NICKNAMES
}

const fn by_kind(kind: ErrorKind, auth: Auth) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::Unauthorized => refused(auth),
        ErrorKind::Server => "Discord failed: try again later, and see discordstatus.com",
        ErrorKind::Limited => "Discord limits this call, and repeating did not help",
        _ => return None,
    })
}

/// Codes by which Discord says that a number is reached; its message has the number.
const fn is_full(code: u32) -> bool {
    matches!(code, 30_001..=30_034 | 30_038 | 30_039 | 30_045 | 30_047 | 30_048 | 30_056..=30_061)
}

const fn by_code(code: u32) -> Option<&'static str> {
    Some(match code {
        10_003 => "there is no such channel: check the id, and whether it was deleted",
        10_004 => "the bot is in no such server: check the id, or invite the bot",
        10_007 => "that user is not in the server, or has left it",
        10_008 => "there is no such message: it was deleted, or is in another channel",
        10_011 => "there is no such role in that server: check the id, and whether it was deleted",
        10_013 => "there is no such user: check the id",
        10_014 => "there is no such emoji: it was deleted, or the bot is not in its server",
        UNKNOWN_WEBHOOK => "the webhook was deleted: forget it and create another",
        10_026 => "that user is not banned there",
        UNKNOWN_INTERACTION => "the interaction has expired: answer within 3 s, or defer first",
        10_063 => "there is no such command: register it anew, and use the id that Discord answers",
        20_001 => "only users can do that, and this is a bot",
        20_012 => "the token is another application's: use the id of the application it belongs to",
        20_016 => "the channel has slow mode: wait, or give the bot MANAGE_MESSAGES",
        20_018 => "only the server's owner can do that",
        20_022 | 20_028 | 20_029 => "too much is written there at once: spread it out",
        30_013 => "the server has all the channels it may have: delete some first",
        30_034 => {
            "the server has made all the commands of today: update commands instead of creating \
             them anew at each start"
        }
        30_035 | 30_037 | 30_040 | 30_042 => "Discord allows this a few times a day only: wait",
        30_046 => "messages older than an hour are changed rarely: post a new one",
        30_052 => "the bitrate is beyond what the server's boosts allow: lower it",
        40_003 => "direct messages were opened too fast: wait, and open fewer",
        40_005 => "the request is too large: send smaller or fewer files",
        40_006 => "Discord has switched this feature off for a while: try again later",
        40_007 => "that user is banned from the server: unban them first",
        40_032 => "that member is in no voice channel",
        40_033 => "the message was crossposted already",
        40_041 => "there is a command of that name already: update it",
        40_060 => "the interaction is answered already: edit the answer or send a follow-up",
        40_061 => "two tags have the same name: rename one",
        40_067 => "the forum wants a tag on each post: set `applied_tags`",
        40_094 => "there were all the follow-ups that an interaction has: edit one of them",
        40_333 => {
            "Cloudflare refused the request before Discord saw it: check the user agent and the \
             address it comes from"
        }
        MISSING_ACCESS => {
            "the bot has no access: invite it to that server with the scopes bot and \
             applications.commands"
        }
        50_003 => "that cannot be done in a direct message",
        50_005 => "the message is another user's: only its author can change it",
        50_006 => "the message is empty: give it content, an embed, a file, a sticker or a poll",
        50_007 => "that user takes no direct messages from the bot; only they can change it",
        50_008 => "messages cannot be sent to a channel of that type",
        50_009 => "the server's verification level keeps the bot from that channel",
        MISSING_PERMISSIONS => {
            "the bot lacks a permission, or its highest role is not above what it wants to change"
        }
        50_016 => "2 to 100 messages are deleted at once: split them, or delete a single one",
        50_019 => "the message is in another channel",
        50_021 => "Discord's own messages cannot be changed so",
        50_024 => "that cannot be done in a channel of that type",
        50_025 => "the OAuth2 token was refused: it has expired or was revoked; ask for another",
        50_026 => "the OAuth2 token lacks a scope: let the user authorize the bot again with it",
        WRONG_TOKEN => {
            "the token of the webhook or interaction is wrong or has expired: use a newer one"
        }
        50_028 => "that role cannot be used so: it is another server's, @everyone or managed",
        50_034 => {
            "messages older than two weeks cannot be deleted together: delete them one by one"
        }
        50_035 => "the body does not fit: mend these fields",
        50_041 => "that API version is no more: set `version` to 10",
        50_045 => "the file is too large for that server: send a smaller one, or a link",
        50_055 => "the id is no server's, or the bot is not in it",
        50_068 => "that cannot be done with a message of that type",
        50_074 => {
            "the channel is needed by the server's community features: choose another one first"
        }
        50_081 => "the sticker is from another server, or is no more",
        50_083 => "the thread is archived: unarchive it first",
        50_101 => "the server has too few boosts for that",
        50_109 => "the body is not JSON; please report it unless a layer changed it",
        60_003 => "the server wants two-factor authentication: the bot's owner must turn it on",
        90_001 => "whoever wrote that message has blocked the bot",
        INDEX_NOT_READY => "Discord is still indexing: ask again in a while",
        130_000 => "Discord is overloaded there: try again a little later",
        150_006 => "the stage is open already: change it instead",
        160_002 => "a reply needs READ_MESSAGE_HISTORY: grant it to the bot's role",
        160_004 => "the message has a thread already: use that one",
        160_005 => "the thread is locked: unlock it, or give the bot MANAGE_THREADS",
        160_006 => "the server has all the open threads it may have: archive some first",
        200_000 => {
            "the server's auto moderation blocked the message: change its words, or exempt the bot's role"
        }
        200_001 => {
            "the server's auto moderation blocked the title: change its words, or exempt the bot's role"
        }
        220_001 => "a webhook in a forum needs a thread: set `thread_name` or `thread_id`",
        220_002 => {
            "a webhook names a thread or makes one, not both: drop `thread_name` or `thread_id`"
        }
        240_000 => "Discord blocks that link as harmful: take it out",
        520_001 => "the poll has ended",
        _ => return None,
    })
}
