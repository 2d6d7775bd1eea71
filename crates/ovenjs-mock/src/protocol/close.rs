//! The close codes that the box sends.

/// What a close frame says.
pub(crate) type Reason = (u16, &'static str);

pub(crate) const UNKNOWN: u16 = 4000;
pub(crate) const UNKNOWN_OPCODE: Reason = (4001, "Unknown opcode.");
pub(crate) const DECODE: Reason = (4002, "Error while decoding payload.");
pub(crate) const TOO_LARGE: Reason = (4002, "Payload is larger than 4096 bytes.");
/// Discord speaks ETF too; the box does not, and says so by the code for what it cannot read.
pub(crate) const FOREIGN: Reason = (
    4002,
    "The mock speaks json, with zlib-stream, zstd-stream or nothing.",
);
pub(crate) const NOT_AUTHENTICATED: Reason = (4003, "Not authenticated.");
pub(crate) const AUTHENTICATION_FAILED: Reason = (4004, "Authentication failed.");
pub(crate) const ALREADY_AUTHENTICATED: Reason = (4005, "Already authenticated.");
pub(crate) const INVALID_SEQ: Reason = (4007, "Invalid seq.");
pub(crate) const RATE_LIMITED: Reason = (4008, "You are being rate limited.");
pub(crate) const SESSION_TIMED_OUT: Reason = (4009, "Session timed out.");
pub(crate) const INVALID_SHARD: Reason = (4010, "Invalid shard.");
pub(crate) const SHARDING_REQUIRED: Reason = (4011, "Sharding required.");
pub(crate) const INVALID_VERSION: Reason = (4012, "Invalid API version.");
pub(crate) const INVALID_INTENTS: Reason = (4013, "Invalid intent(s).");
pub(crate) const DISALLOWED_INTENTS: Reason = (4014, "Disallowed intent(s).");

pub(crate) const TOO_SLOW: Reason = (UNKNOWN, "The client reads too slowly.");
pub(crate) const SUPERSEDED: Reason = (UNKNOWN, "The session was resumed elsewhere.");
pub(crate) const TOLD_TO: &str = "The mock was told to.";
