//! The forms in angle brackets that Discord renders in a message.

use std::fmt::{self, Display};

use crate::{
    Id, Timestamp,
    command::may_be_in_name,
    limits,
    marker::{ChannelMarker, CommandMarker, EmojiMarker, GuildMarker, RoleMarker, UserMarker},
};

/// Something that a message points to: a user, a role, a channel, a command, an emoji, a time.
///
/// [`Display`] writes the form that goes into a message; [`in_text`](Self::in_text) finds them in
/// one.
///
/// Source: Discord, "Message Formatting".
///
/// ```
/// use ovenjs_types::{Id, Mention, TimestampStyle};
///
/// assert_eq!(Mention::User(Id::new(80)).to_string(), "<@80>");
///
/// let text = "<@80> wrote in <#7> at <t:1618953630:R>, <:bread:9> <not one>";
/// let found: Vec<Mention<'_>> = Mention::in_text(text).map(|(_, mention)| mention).collect();
/// assert_eq!(found[1], Mention::Channel(Id::new(7)));
/// assert!(matches!(found[2], Mention::Time(time, Some(TimestampStyle::RelativeTime))
///     if time.unix_seconds() == 1_618_953_630));
/// assert!(matches!(found[3], Mention::Emoji { name: "bread", animated: false, .. }));
/// assert_eq!(found.len(), 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mention<'a> {
    /// `<@id>`; the old form `<@!id>` is read too.
    User(Id<UserMarker>),
    /// `<@&id>`
    Role(Id<RoleMarker>),
    /// `<#id>`
    Channel(Id<ChannelMarker>),
    /// `</name:id>`, with subcommands in the name: `</jobs list:7>`.
    Command {
        /// The name, and those of the subcommand and its group after it.
        name: &'a str,
        /// The command.
        id: Id<CommandMarker>,
    },
    /// `<:name:id>`, or `<a:name:id>` where it moves.
    Emoji {
        /// Its name.
        name: &'a str,
        /// Its id.
        id: Id<EmojiMarker>,
        /// Whether it moves.
        animated: bool,
    },
    /// `<t:seconds:style>`, shown to each reader in the time of the reader's place.
    Time(Timestamp, Option<TimestampStyle>),
    /// `<id:guide>` and the like: a page of the guild.
    GuildPage(GuildPage),
}

impl<'a> Mention<'a> {
    /// The mention that `text` is, from bracket to bracket.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let inner = text.strip_prefix('<')?.strip_suffix('>')?;
        if let Some(role) = inner.strip_prefix("@&") {
            return id(role).map(Self::Role);
        }
        if let Some(user) = inner.strip_prefix('@') {
            return id(user.strip_prefix('!').unwrap_or(user)).map(Self::User);
        }
        if let Some(channel) = inner.strip_prefix('#') {
            return id(channel).map(Self::Channel);
        }
        if let Some(command) = inner.strip_prefix('/') {
            let (name, number) = command.rsplit_once(':')?;
            let id = id(number)?;
            return is_command_name(name).then_some(Self::Command { name, id });
        }
        if let Some(page) = inner.strip_prefix("id:") {
            return GuildPage::from_name(page).map(Self::GuildPage);
        }
        if let Some(time) = inner.strip_prefix("t:") {
            return Self::time(time);
        }
        let (animated, emoji) = match inner.strip_prefix("a:") {
            Some(emoji) => (true, emoji),
            None => (false, inner.strip_prefix(':')?),
        };
        let (name, number) = emoji.split_once(':')?;
        let lawful =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let id = id(number)?;
        lawful.then_some(Self::Emoji { name, id, animated })
    }

    /// All mentions in a text, each with the place of its first byte. What stands in a code block
    /// is found as well, though Discord does not render it there.
    pub fn in_text(text: &'a str) -> impl Iterator<Item = (usize, Self)> {
        let mut start = None;
        let mut brackets = text.match_indices(['<', '>']);
        std::iter::from_fn(move || {
            loop {
                let (place, bracket) = brackets.next()?;
                if bracket == "<" {
                    // One that opens before the last one is closed begins anew.
                    start = Some(place);
                    continue;
                }
                let Some(start) = start.take() else { continue };
                if let Some(found) = text.get(start..=place).and_then(Self::parse) {
                    return Some((start, found));
                }
            }
        })
    }

    fn time(text: &str) -> Option<Self> {
        let (seconds, style) = match text.split_once(':') {
            Some((seconds, style)) => (seconds, Some(TimestampStyle::from_letter(style)?)),
            None => (text, None),
        };
        let digits = seconds.strip_prefix('-').unwrap_or(seconds);
        let lawful = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = seconds.parse().ok().filter(|_| lawful)?;
        let time = Timestamp::from_unix_seconds(seconds);
        (time.unix_seconds() == seconds).then_some(Self::Time(time, style))
    }
}

impl Display for Mention<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "<@{id}>"),
            Self::Role(id) => write!(f, "<@&{id}>"),
            Self::Channel(id) => write!(f, "<#{id}>"),
            Self::Command { name, id } => write!(f, "</{name}:{id}>"),
            Self::Emoji { name, id, animated } => {
                write!(f, "<{}:{name}:{id}>", if *animated { "a" } else { "" })
            }
            Self::Time(time, None) => write!(f, "<t:{}>", time.unix_seconds()),
            Self::Time(time, Some(style)) => {
                write!(f, "<t:{}:{}>", time.unix_seconds(), style.letter())
            }
            Self::GuildPage(page) => write!(f, "<id:{}>", page.name()),
        }
    }
}

impl From<Id<UserMarker>> for Mention<'_> {
    fn from(id: Id<UserMarker>) -> Self {
        Self::User(id)
    }
}

impl From<Id<RoleMarker>> for Mention<'_> {
    fn from(id: Id<RoleMarker>) -> Self {
        Self::Role(id)
    }
}

impl From<Id<ChannelMarker>> for Mention<'_> {
    fn from(id: Id<ChannelMarker>) -> Self {
        Self::Channel(id)
    }
}

impl From<Timestamp> for Mention<'_> {
    fn from(time: Timestamp) -> Self {
        Self::Time(time, None)
    }
}

/// A closed list of names that stand in a mention.
macro_rules! names {
    (
        $(#[$meta:meta])* pub enum $name:ident, $read:ident, $write:ident {
            $( $(#[$vmeta:meta])* $variant:ident = $text:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $( $(#[$vmeta])* $variant, )+ }

        impl $name {
            const fn $write(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            fn $read(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

names! {
    /// How a time is shown. Without a style it is as [`ShortDateTime`](Self::ShortDateTime).
    pub enum TimestampStyle, from_letter, letter {
        /// Hours and minutes.
        ShortTime = "t",
        /// Hours, minutes and seconds.
        LongTime = "T",
        /// The date in figures.
        ShortDate = "d",
        /// The date with the month's name.
        LongDate = "D",
        /// Date and time.
        ShortDateTime = "f",
        /// Date and time with the day of the week.
        LongDateTime = "F",
        /// Date in figures and short time.
        CompactDateTime = "s",
        /// Date in figures and long time.
        CompactLongDateTime = "S",
        /// How long ago, or how long until then.
        RelativeTime = "R",
    }
}

names! {
    /// A page of the guild that a message can lead to.
    pub enum GuildPage, from_name, name {
        /// Where members choose channels and roles.
        Customize = "customize",
        /// The list of all channels.
        Browse = "browse",
        /// The guide for new members.
        Guide = "guide",
        /// The roles that come with linked accounts.
        LinkedRoles = "linked-roles",
    }
}

/// The address of a guild, a channel or a message, as "copy link" gives it.
///
/// ```
/// use ovenjs_types::{Id, message_link};
/// assert_eq!(
///     message_link(Some(Id::new(1)), Id::new(2), Id::new(3)),
///     "https://discord.com/channels/1/2/3"
/// );
/// ```
#[must_use]
pub fn message_link(
    guild: Option<Id<GuildMarker>>,
    channel: Id<ChannelMarker>,
    message: Id<crate::marker::MessageMarker>,
) -> String {
    match guild {
        Some(guild) => format!("https://discord.com/channels/{guild}/{channel}/{message}"),
        None => format!("https://discord.com/channels/@me/{channel}/{message}"),
    }
}

/// Digits alone, so that `+7` is nobody's id.
fn id<T>(text: &str) -> Option<Id<T>> {
    let lawful = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|_| lawful)
        .and_then(Id::new_checked)
}

fn is_command_name(name: &str) -> bool {
    let words = name.split(' ').count();
    words <= 3
        && name.split(' ').all(|word| {
            !word.is_empty()
                && word.chars().count() <= limits::COMMAND_NAME
                && word.chars().all(may_be_in_name)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in [
            "<@80>",
            "<@&80>",
            "<#80>",
            "</jobs list all:80>",
            "<:bread:80>",
            "<a:bread:80>",
            "<t:1618953630>",
            "<t:-5:R>",
            "<t:0:S>",
            "<id:linked-roles>",
            "</คำสั่ง:80>",
            "</हिन्दी:80>",
            "<t:-62167219200>",
            "<t:253402300799:R>",
            "<@18446744073709551615>",
        ] {
            let mention = Mention::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(mention.to_string(), text);
        }
        assert_eq!(Mention::parse("<@!80>"), Some(Mention::User(Id::new(80))));
    }

    #[test]
    fn what_only_looks_like_a_mention_is_none() {
        for text in [
            "",
            "<",
            "<>",
            "<@>",
            "<@0>",
            "<@+8>",
            "<@8",
            "@8>",
            "<#x>",
            "<t:>",
            "<t:+1>",
            "<t:1:x>",
            "<t:99999999999999999>",
            "<:b d:1>",
            "<::1>",
            "</ x:1>",
            "</a b c d:1>",
            "<@18446744073709551616>",
            "<id:home>",
            "<t:--5>",
            "<t:1618953630:R:R>",
            "<t:-9223372036854775809>",
            "<t:٣>",
            "<@٣>",
            "<@ 8>",
            "<:é:1>",
            "<a::1>",
            "<a:x:>",
            "</:1>",
            "</a  b:1>",
            "</a:b:1>",
            "<@8>>",
            "<@8\0>",
        ] {
            assert_eq!(Mention::parse(text), None, "{text}");
        }
    }

    #[test]
    fn mentions_are_found_wherever_brackets_stand() {
        let places = |text| {
            Mention::in_text(text)
                .map(|(place, _)| place)
                .collect::<Vec<_>>()
        };
        assert_eq!(places("é <@1><#2>"), [3, 7]);
        assert_eq!(places("1 < 2 <@3> > <"), [6]);
        assert_eq!(places("<<@1>>"), [1]);
        assert!(places("<@1").is_empty());
        assert_eq!(places("><@1>"), [1]);
        // A wall of brackets is gone through once.
        let wall = format!("{}<@1>", "<".repeat(2_000_000));
        assert_eq!(places(&wall), [2_000_000]);
        assert!(places(&"<@1".repeat(500_000)).is_empty());
    }
}
