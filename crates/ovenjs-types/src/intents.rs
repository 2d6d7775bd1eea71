//! Gateway intents.

flags! {
    /// Which groups of events Discord sends.
    ///
    /// Source: Discord, "Gateway Intents". The three [`PRIVILEGED`](Self::PRIVILEGED) ones must be
    /// switched on for the application in Discord's developer portal.
    ///
    /// ```
    /// use ovenjs_types::Intents;
    /// let intents = Intents::GUILDS | Intents::GUILD_MESSAGES;
    /// assert_eq!(intents.bits(), 513);
    /// assert!(!intents.intersects(Intents::PRIVILEGED));
    /// ```
    pub struct Intents as number {
        GUILDS = 0,
        GUILD_MEMBERS = 1,
        GUILD_MODERATION = 2,
        GUILD_EXPRESSIONS = 3,
        GUILD_INTEGRATIONS = 4,
        GUILD_WEBHOOKS = 5,
        GUILD_INVITES = 6,
        GUILD_VOICE_STATES = 7,
        GUILD_PRESENCES = 8,
        GUILD_MESSAGES = 9,
        GUILD_MESSAGE_REACTIONS = 10,
        GUILD_MESSAGE_TYPING = 11,
        DIRECT_MESSAGES = 12,
        DIRECT_MESSAGE_REACTIONS = 13,
        DIRECT_MESSAGE_TYPING = 14,
        /// Not a group of events: gates the content, embeds, attachments, components and polls of
        /// messages which the bot did not write, is not mentioned in and did not get as a DM.
        MESSAGE_CONTENT = 15,
        GUILD_SCHEDULED_EVENTS = 16,
        AUTO_MODERATION_CONFIGURATION = 20,
        AUTO_MODERATION_EXECUTION = 21,
        GUILD_MESSAGE_POLLS = 24,
        DIRECT_MESSAGE_POLLS = 25,
    }
}

impl Intents {
    /// The intents that Discord grants only on request.
    pub const PRIVILEGED: Self = Self::GUILD_MEMBERS
        .union(Self::GUILD_PRESENCES)
        .union(Self::MESSAGE_CONTENT);
}
