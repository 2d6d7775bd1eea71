//! Discord's nouns, and the small vocabulary which the OvenJS crates share.
//!
//! What is here: ids, objects, events, flags and limits under Discord's own names; [`Dispatch`],
//! the form in which an event travels between crates; [`json`], the one way from bytes to types;
//! [`Secret`], [`Fault`] and [`Hook`], which every other crate speaks.
//!
//! What is not here: sockets, clocks, tasks and caches. Nothing in this crate does IO.
//!
//! Unknown enum values, flag bits, event names and components are data, not errors: they are kept
//! and written back as they came.
//!
//! ```
//! use ovenjs_types::{Dispatch, Event, Origin, Version, json::Scratch};
//!
//! let raw = br#"{"id":"2","channel_id":"3","content":"hi","author":{"id":"4","username":"ann"}}"#;
//! let dispatch = Dispatch::new(Origin::default(), Version::default(), "MESSAGE_CREATE", raw.to_vec());
//! let Event::MessageCreate(message) = dispatch.decode(&mut Scratch::new()) else { panic!() };
//! assert_eq!(message.content, "hi");
//!
//! // Tomorrow's events are delivered too.
//! let dispatch = Dispatch::new(Origin::default(), Version::default(), "MOON_RISE", &b"{}"[..]);
//! assert!(matches!(dispatch.decode(&mut Scratch::new()), Event::Unknown(raw) if raw.name() == "MOON_RISE"));
//! ```

// The macros of the forms name this crate as others do.
extern crate self as ovenjs_types;

#[macro_use]
mod open;
#[macro_use]
pub mod form;

mod activity_instance;
mod application;
mod attachment;
mod audit_log;
mod auto_moderation;
mod ban;
pub mod cdn;
mod channel;
mod color;
mod command;
mod command_permission;
mod component;
mod connection;
mod dispatch;
mod draft;
mod drift;
mod embed;
mod emoji;
mod entitlement;
mod event;
mod fault;
mod forum;
mod gateway;
mod generated;
mod guild;
mod hook;
mod incidents;
mod install_context;
mod integration;
mod intents;
mod interaction;
mod interest;
mod invite;
pub mod json;
mod json_value;
mod lobby;
mod locale;
mod member;
mod mention;
mod message;
mod null;
mod oauth2;
mod onboarding;
mod partial_guild;
mod patch;
mod permissions;
mod poll;
mod presence;
mod pressure;
mod response;
mod role;
mod role_connection;
mod scheduled_event;
mod secret;
mod sku;
mod snowflake;
mod soundboard;
mod source;
mod stage;
mod sticker;
mod subscription;
mod team;
mod template;
mod text;
mod thread;
mod timestamp;
#[cfg(feature = "twilight")]
pub mod twilight;
mod user;
mod valid;
mod voice;
mod webhook;
mod webhook_event;
mod widget;

pub use activity_instance::{
    ActivityAttachment, ActivityInstance, ActivityLocation, ActivityLocationKind,
};
pub use application::{
    Application, ApplicationContentFilter, ApplicationFlags, ApplicationType, EventWebhooksStatus,
    InstallParams, IntegrationTypeConfig,
};
pub use attachment::{Attachment, AttachmentFlags, KeptAttachment, Upload};
pub use audit_log::{
    AuditLog, AuditLogChange, AuditLogEntry, AuditLogOptions, AuditLogRole, Change,
};
pub use auto_moderation::{
    AutoModerationAction, AutoModerationActionMetadata, AutoModerationActionType,
    AutoModerationEventType, AutoModerationKeywordPreset, AutoModerationRule,
    AutoModerationRuleDraft, AutoModerationTriggerMetadata, AutoModerationTriggerType,
};
pub use ban::*;
pub use channel::*;
pub use color::{Color, ColorError};
pub use command::{
    Choice, ChoiceValue, Command, CommandDraft, CommandHandler, CommandOption, CommandOptionType,
    CommandType, InstallContext, InteractionContext, Localizations,
};
pub use command_permission::{CommandPermission, CommandPermissionType, GuildCommandPermissions};
pub use component::{
    ActionRow, Button, ButtonStyle, Checkbox, CheckboxGroup, Component, ComponentType, Container,
    File, FileUpload, GroupOption, InContainer, InLabel, InMessage, InModal, InSection, Kind,
    Label, MediaGallery, MediaGalleryItem, Opaque, RadioGroup, Section, Select, SelectDefaultValue,
    SelectDefaultValueType, SelectOption, Separator, SeparatorSpacing, TextDisplay, TextInput,
    TextInputStyle, Thumbnail, UnfurledMedia, UnfurledMediaFlags,
};
pub use connection::*;
pub use dispatch::{Dispatch, Origin, ShardId, Version};
pub use draft::*;
pub use drift::{Drift, DriftKind, DriftPlace};
pub use embed::*;
pub use emoji::*;
pub use entitlement::{
    Entitlement, EntitlementOwnerType, EntitlementType, FulfillmentStatus, TestEntitlement,
};
pub use event::*;
pub use fault::Fault;
pub use form::{Field, Given, Listed};
pub use forum::*;
pub use gateway::*;
pub use generated::{AuditLogEvent, ErrorCode, limits};
pub use guild::*;
pub use hook::*;
pub use incidents::*;
pub use install_context::ByInstallContext;
pub use integration::*;
pub use intents::Intents;
pub use interaction::*;
pub use interest::Interest;
pub use invite::*;
pub use json_value::JsonValue;
pub use lobby::{
    Lobby, LobbyInvite, LobbyMember, LobbyMemberDraft, LobbyMemberFlags, LobbyMessage,
    LobbyMetadata,
};
pub use locale::*;
pub use member::*;
pub use mention::{GuildPage, Mention, TimestampStyle, message_link};
pub use message::*;
pub use oauth2::{
    AccessToken, AuthorizationInformation, ExternalAuthType, OAuth2Key, OAuth2Keys, OAuth2Scope,
    OpenIdUser,
};
pub use onboarding::*;
pub use partial_guild::*;
pub use patch::Patch;
pub use permissions::{
    Explanation, Granted, PermissionCalculator, PermissionPlace, Permissions, Rule,
};
pub use poll::*;
pub use presence::{
    Activity, ActivityAssets, ActivityButton, ActivityFlags, ActivityParty, ActivitySecrets,
    ActivityTimestamps, ActivityType, ClientStatus, Presence, Status, StatusDisplayType,
};
pub use pressure::{MemoryGauge, Pressure};
pub use response::{
    InteractionResponse, InteractionResponseType, Modal, SkuIneligibilityReason,
    SkuPurchaseEligibility,
};
pub use role::*;
pub use role_connection::{RoleConnection, RoleConnectionMetadata, RoleConnectionMetadataType};
pub use scheduled_event::*;
pub use secret::Secret;
pub use sku::{Sku, SkuFlags, SkuType};
pub use snowflake::Snowflake;
pub use soundboard::*;
pub use source::{Pieces, Progress, Source};
pub use stage::*;
pub use sticker::*;
pub use subscription::{Subscription, SubscriptionStatus};
pub use team::{MembershipState, Team, TeamMember, TeamRole};
pub use template::*;
pub use text::Text;
pub use thread::*;
pub use timestamp::{Timestamp, TimestampError};
pub use twilight_model::id::{Id, marker};
pub use user::*;
pub use valid::{Invalid, Measure, Report, VIOLATIONS_MAX, Valid, Validate, Violation};
pub use voice::*;
pub use webhook::*;
pub use webhook_event::*;
pub use widget::*;
