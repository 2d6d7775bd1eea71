//! What a bot and the gateway say to each other, apart from the events.

mod close;
mod command;
mod opcode;
mod ready;

pub use close::{GatewayCloseCode, VoiceCloseCode};
pub use command::{
    ChannelInfoField, GatewayCommand, Heartbeat, Identify, IdentifyProperties, RequestChannelInfo,
    RequestGuildMembers, RequestSoundboardSounds, Resume, UpdatePresence, UpdateVoiceState,
};
pub use opcode::{GatewayOpcode, VoiceOpcode};
pub use ready::{
    BotGateway, GatewayAddress, Hello, InvalidSession, Ready, Reconnect, SessionStartLimit,
};
