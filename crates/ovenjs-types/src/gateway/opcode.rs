//! The numbers that say what a frame is.

open_int! {
    /// What a frame of the gateway is.
    ///
    /// Source: Discord, "Gateway Opcodes".
    pub enum GatewayOpcode: u8 {
        /// An event; from Discord.
        Dispatch = 0,
        /// A sign of life; from both.
        Heartbeat = 1,
        /// Begins a session; from the bot.
        Identify = 2,
        /// Changes the bot's presence; from the bot.
        PresenceUpdate = 3,
        /// Joins, moves between or leaves voice channels; from the bot.
        VoiceStateUpdate = 4,
        /// Goes on with a session; from the bot.
        Resume = 6,
        /// Asks the bot to connect again and resume; from Discord.
        Reconnect = 7,
        /// Asks for members; from the bot.
        RequestGuildMembers = 8,
        /// Says that the session is over, or cannot begin yet; from Discord.
        InvalidSession = 9,
        /// The first frame of a connection; from Discord.
        Hello = 10,
        /// Answers a sign of life; from Discord.
        HeartbeatAck = 11,
        /// Asks for soundboard sounds; from the bot.
        RequestSoundboardSounds = 31,
        /// Asks for details of channels; from the bot.
        RequestChannelInfo = 43,
    }
}

open_int! {
    /// What a frame of a voice gateway is.
    ///
    /// Source: Discord, "Voice Opcodes".
    pub enum VoiceOpcode: u8 {
        Identify = 0,
        SelectProtocol = 1,
        Ready = 2,
        Heartbeat = 3,
        SessionDescription = 4,
        Speaking = 5,
        HeartbeatAck = 6,
        Resume = 7,
        Hello = 8,
        Resumed = 9,
        ClientsConnect = 11,
        ClientDisconnect = 13,
        DavePrepareTransition = 21,
        DaveExecuteTransition = 22,
        DaveTransitionReady = 23,
        DavePrepareEpoch = 24,
        DaveMlsExternalSender = 25,
        DaveMlsKeyPackage = 26,
        DaveMlsProposals = 27,
        DaveMlsCommitWelcome = 28,
        DaveMlsAnnounceCommitTransition = 29,
        DaveMlsWelcome = 30,
        DaveMlsInvalidCommitWelcome = 31,
    }
}

impl VoiceOpcode {
    /// Whether its frames are bytes and no JSON.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        matches!(
            self,
            Self::DaveMlsExternalSender
                | Self::DaveMlsKeyPackage
                | Self::DaveMlsProposals
                | Self::DaveMlsCommitWelcome
                | Self::DaveMlsAnnounceCommitTransition
                | Self::DaveMlsWelcome
        )
    }
}
