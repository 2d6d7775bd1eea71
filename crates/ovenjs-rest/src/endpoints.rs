//! Discord's operations, one declaration each, by noun.

mod application;
mod channel;
mod command;
mod guild;
mod interaction;
mod message;
mod reaction;
mod user;

pub use application::{BotGatewayInfo, CurrentApplication};
pub use channel::{GetChannel, TriggerTyping};
pub use command::{
    BulkSetGlobalCommands, BulkSetGuildCommands, CreateGlobalCommand, CreateGuildCommand,
    DeleteGlobalCommand, DeleteGuildCommand, EditGlobalCommand, EditGuildCommand,
    ListGlobalCommands, ListGuildCommands,
};
pub use guild::{
    AddMemberRole, Ban, BanUser, EditMember, GetGuild, GetMember, ListGuildChannels, MemberEdit,
    RemoveMember, RemoveMemberRole, UnbanUser,
};
pub use interaction::{
    Callback, CallbackResource, CreateFollowUp, CreateInteractionResponse, DeleteFollowUp,
    DeleteOriginalResponse, EditFollowUp, EditOriginalResponse, GetFollowUp, GetOriginalResponse,
};
pub use message::{
    CreateMessage, DeleteMessage, EditMessage, GetMessage, ListMessages, ListPins, PinMessage,
    UnpinMessage,
};
pub use reaction::{AddReaction, RemoveAllReactions, RemoveOwnReaction, RemoveReaction};
pub use user::{CreateDm, GetCurrentUser, GetUser, Recipient};
