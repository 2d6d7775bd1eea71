//! The numbers with which Discord closes a connection.

open_int! {
    /// Why Discord closed the connection to its gateway.
    ///
    /// Source: Discord, "Gateway Close Event Codes".
    ///
    /// ```
    /// use ovenjs_types::GatewayCloseCode;
    /// assert!(GatewayCloseCode::from(4000).reconnects());
    /// assert!(!GatewayCloseCode::DisallowedIntents.reconnects());
    /// assert!(GatewayCloseCode::from(1006).reconnects());
    /// ```
    pub enum GatewayCloseCode: u16 {
        UnknownError = 4000,
        UnknownOpcode = 4001,
        DecodeError = 4002,
        NotAuthenticated = 4003,
        AuthenticationFailed = 4004,
        AlreadyAuthenticated = 4005,
        InvalidSeq = 4007,
        RateLimited = 4008,
        SessionTimedOut = 4009,
        InvalidShard = 4010,
        ShardingRequired = 4011,
        InvalidApiVersion = 4012,
        InvalidIntents = 4013,
        DisallowedIntents = 4014,
    }
}

impl GatewayCloseCode {
    /// Whether it is of use to connect again. Codes without a name here are met with a new try.
    #[must_use]
    pub const fn reconnects(self) -> bool {
        !matches!(
            self,
            Self::AuthenticationFailed
                | Self::InvalidShard
                | Self::ShardingRequired
                | Self::InvalidApiVersion
                | Self::InvalidIntents
                | Self::DisallowedIntents
        )
    }
}

open_int! {
    /// Why Discord closed the connection to a voice gateway.
    ///
    /// Source: Discord, "Voice Close Event Codes".
    pub enum VoiceCloseCode: u16 {
        UnknownOpcode = 4001,
        FailedToDecodePayload = 4002,
        NotAuthenticated = 4003,
        AuthenticationFailed = 4004,
        AlreadyAuthenticated = 4005,
        SessionNoLongerValid = 4006,
        SessionTimeout = 4009,
        ServerNotFound = 4011,
        UnknownProtocol = 4012,
        /// The bot was kicked, moved, or its gateway session ended.
        Disconnected = 4014,
        /// The one code after which Discord says to resume.
        VoiceServerCrashed = 4015,
        UnknownEncryptionMode = 4016,
        /// The call is end-to-end encrypted, which the client did not offer.
        DaveProtocolRequired = 4017,
        BadRequest = 4020,
        DisconnectedRateLimited = 4021,
        /// The channel is gone or the call has moved to another server.
        DisconnectedCallTerminated = 4022,
    }
}

impl VoiceCloseCode {
    /// Whether it is of use to connect again. Discord asks not to after three codes; what the
    /// client itself did wrong would go wrong again.
    #[must_use]
    pub const fn reconnects(self) -> bool {
        !matches!(
            self,
            Self::AuthenticationFailed
                | Self::UnknownProtocol
                | Self::Disconnected
                | Self::UnknownEncryptionMode
                | Self::DaveProtocolRequired
                | Self::DisconnectedRateLimited
                | Self::DisconnectedCallTerminated
        )
    }
}
