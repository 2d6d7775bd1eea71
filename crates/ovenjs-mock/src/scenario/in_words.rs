//! A step in the words of a person who watches, as whoever plays a scenario reads them.

use std::fmt;

use crate::spelled;

use super::ScenarioStep;

/// In the words of a person who watches: `ann types /ping`.
impl fmt::Display for ScenarioStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Say { user, text, .. } => write!(f, "{user} says {text:?}"),
            Self::Type { user, .. } => write!(f, "{user} begins to type"),
            Self::Edit { user, text, .. } => write!(f, "{user} changes a message to {text:?}"),
            Self::Delete { user, .. } => write!(f, "{user} deletes a message"),
            Self::React { user, emoji, .. } => write!(f, "{user} reacts with {emoji}"),
            Self::Unreact { user, emoji, .. } => write!(f, "{user} takes {emoji} back"),
            Self::Vote { user, answer, .. } => write!(f, "{user} votes, answer {answer}"),
            Self::Pin {
                user,
                taken_back: false,
                ..
            } => write!(f, "{user} pins a message"),
            Self::Pin { user, .. } => write!(f, "{user} takes the pin from a message"),
            Self::OpenThread { user, name, .. } => write!(f, "{user} opens the thread {name:?}"),
            Self::Post { user, title, .. } => write!(f, "{user} posts {title:?}"),
            Self::Slash { user, text, .. } => write!(f, "{user} types {text}"),
            Self::Complete { user, text, .. } => write!(f, "{user} has typed {text} so far"),
            Self::Menu { user, command, .. } => write!(f, "{user} uses {command:?}"),
            Self::Click { user, button, .. } => write!(f, "{user} presses {button:?}"),
            Self::Choose {
                user,
                select,
                values,
                ..
            } => write!(f, "{user} chooses {} in {select:?}", values.join(", ")),
            Self::Fill { user, .. } => write!(f, "{user} fills the modal"),
            Self::Join { user, .. } => write!(f, "{user} joins"),
            Self::Leave { user, .. } => write!(f, "{user} leaves"),
            Self::GoBy { user, nick, .. } => {
                let nick = nick.as_deref().unwrap_or("its own name");
                write!(f, "{user} goes by {nick}")
            }
            Self::Buy { user, sku, .. } => write!(f, "{user} buys {sku:?}"),
            Self::Cancel { user, sku } => write!(f, "{user} cancels {sku:?}"),
            Self::Refund { user, sku } => write!(f, "{user} gets its money back for {sku:?}"),
            Self::PutFile { name, .. } => write!(f, "the file {name:?} is put at hand"),
            Self::EnterVoice { user, channel } => write!(f, "{user} enters {channel:?}"),
            Self::LeaveVoice { user } => write!(f, "{user} hangs up"),
            Self::Emit { event, .. } => write!(f, "the event {event}"),
            Self::Fault(trouble) => write!(f, "the fault {}", trouble.name()),
            Self::Faults(_) => f.write_str("faults by chance"),
            Self::BotSays(text) => write!(f, "the bot says {text:?}"),
            Self::Requested { operation, times } => {
                write!(f, "the bot has asked for {operation} × {times}")
            }
            Self::Ready(shards) => write!(f, "the bot is there with {shards} connections"),
            Self::Wait(span) => write!(f, "{} pass", spelled::written(*span)),
        }
    }
}
