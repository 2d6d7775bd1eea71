//! Fields that a mirror may leave out.

use crate::packed::{
    Unwanted,
    shapes::{CHANNEL, MEMBER, MESSAGE, PRESENCE, USER},
};

/// One line for each: its name, its word in files, and which fields of which tables it is.
macro_rules! fields {
    ($($(#[$doc:meta])+ $name:ident = $word:literal: $($table:ident $names:expr),+;)+) => {
        /// Something that takes memory and that a bot may do without: see [`Keep::without`](super::Keep::without).
        ///
        /// What is left out is not read from events at all. Reads then give what they give where Discord sends
        /// nothing: `None`, an empty text, an empty list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Field {
            $($(#[$doc])+ $name,)+
        }

        impl Field {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its word in configuration files.
            ///
            /// ```
            /// use ovenjs_cache::mirror::Field;
            /// assert_eq!(Field::MemberAvatars.word(), "member_avatars");
            /// ```
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            fn refuse(self, unwanted: &mut Unwanted) {
                match self {
                    $(Self::$name => { $(unwanted.add(&$table, &$names);)+ })+
                }
            }
        }
    };
}

fields! {
    /// Pictures of users: 18 bytes each.
    Avatars = "avatars": USER ["avatar"];
    /// What users adorn themselves with, everywhere or in one guild: decorations, collectibles, the tag of a guild.
    /// Some 20 to 80 bytes for each who does.
    Adornments = "adornments":
        USER ["avatar_decoration_data", "collectibles", "primary_guild"],
        MEMBER ["avatar_decoration_data", "collectibles"];
    /// Pictures that members have in one guild alone: 18 bytes each.
    MemberAvatars = "member_avatars": MEMBER ["avatar", "banner"];
    /// What users are doing: most of what presences take.
    Activities = "activities": PRESENCE ["activities"];
    /// On which kinds of devices users are online: 4 bytes each.
    ClientStatus = "client_status": PRESENCE ["client_status"];
    /// What channels are about.
    Topics = "topics": CHANNEL ["topic"];
    /// The text of messages: for a bot that wants to know who wrote, and not what.
    Content = "content": MESSAGE ["content"];
    /// Embeds of messages.
    Embeds = "embeds": MESSAGE ["embeds"];
    /// Files of messages: their names and addresses.
    Attachments = "attachments": MESSAGE ["attachments"];
    /// Buttons, menus and layouts of messages.
    Components = "components": MESSAGE ["components"];
    /// Whom and what messages mention: users are whole objects there.
    Mentions = "mentions": MESSAGE ["mentions", "mention_roles", "mention_channels"];
    /// What forwarded messages show.
    Snapshots = "snapshots": MESSAGE ["message_snapshots"];
    /// Stickers of messages.
    MessageStickers = "message_stickers": MESSAGE ["sticker_items"];
    /// Polls of messages.
    Polls = "polls": MESSAGE ["poll"];
    /// By which interactions messages were caused.
    Interactions = "interactions": MESSAGE ["interaction_metadata"];
}

/// Some of these fields.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Fields(u32);

impl Fields {
    /// None of them.
    #[must_use]
    pub const fn none() -> Self {
        Self(0)
    }

    /// These, and one more.
    ///
    /// ```
    /// use ovenjs_cache::mirror::{Field, Fields};
    /// let fields = Fields::none().with(Field::Embeds);
    /// assert!(fields.has(Field::Embeds) && !fields.has(Field::Content));
    /// ```
    #[must_use]
    pub const fn with(self, field: Field) -> Self {
        Self(self.0 | bit(field))
    }

    /// Whether a field is among them.
    #[must_use]
    pub const fn has(self, field: Field) -> bool {
        self.0 & bit(field) != 0
    }

    pub(super) fn refuse(self, unwanted: &mut Unwanted) {
        let fields = Field::ALL.iter().filter(|field| self.has(**field));
        fields.for_each(|field| field.refuse(unwanted));
    }
}

impl FromIterator<Field> for Fields {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        fields.into_iter().fold(Self::none(), Self::with)
    }
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields = Field::ALL.iter().filter(|field| self.has(**field));
        f.debug_set().entries(fields).finish()
    }
}

#[expect(clippy::as_conversions, reason = "there are fewer fields than bits")]
const fn bit(field: Field) -> u32 {
    1 << field as u32
}
