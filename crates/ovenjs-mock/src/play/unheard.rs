//! Why a bot may not have done what a test waits for: it was never told.

use crate::{backend::Backend, json::Fields as _, oracle::Oracle, protocol::Seen};

/// What the bot does not hear of the newest message of a person, since no connection asks for it.
pub(crate) fn unheard(backend: &Backend) -> Option<String> {
    let world = &backend.world;
    let messages = world
        .channels
        .values()
        .flat_map(|room| room.messages.iter().map(move |message| (room, message)));
    let (room, (_, message)) = messages
        .filter(|(_, (_, message))| {
            let author = message.author().and_then(|id| world.users.get(&id));
            author.is_some_and(|author| author.flag("bot") != Some(true))
        })
        .max_by_key(|(_, (id, _))| **id)?;
    let sessions: Vec<Seen> = backend.gateway.seen();
    let sessions = || sessions.iter().filter(|seen| seen.session.is_some());
    let bit = |name: &str| {
        let known = Oracle::embedded().intent(name);
        known.map_or(0, |intent| 1_u64 << intent.bit)
    };
    let asks = |seen: &Seen, name: &str| seen.intents & bit(name) != 0;
    let is_in_guild = room.guild.is_some();
    let needed = match is_in_guild {
        true => "GUILD_MESSAGES",
        false => "DIRECT_MESSAGES",
    };
    let text = message.object.text("content").unwrap_or_default();
    if sessions().next().is_none() || text.is_empty() {
        return None;
    }
    if !sessions().any(|seen| asks(seen, needed)) {
        return Some(format!(
            "the bot is not told of {text:?}, since it connected without the intent {needed}"
        ));
    }
    let names_bot = text.contains(&format!("<@{}>", world.bot));
    let is_uncovered = sessions().any(|seen| asks(seen, needed) && asks(seen, TEXT));
    (is_in_guild && !names_bot && !is_uncovered).then(|| {
        format!(
            "the bot is told of {text:?} without its text, since it connected without the intent \
             {TEXT}"
        )
    })
}

/// The intent that uncovers what messages say.
const TEXT: &str = "MESSAGE_CONTENT";
