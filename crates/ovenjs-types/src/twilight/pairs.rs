//! Which type of ours is which of twilight's: one line for each pair.
//!
//! Left is our type, right the path in `twilight_model`. In brackets stands a module of
//! [`mend`](super::mend), for pairs whose JSON differs. Long because a list of pairs is.

/// The pairs of objects. It hands them to the macro that it is given, so that the tests read the
/// same lines.
#[doc(hidden)]
#[macro_export]
macro_rules! twilight_objects {
    ($then:ident) => {
        $then! {
            // Messages.
            AllowedMentions <=> channel::message::AllowedMentions,
            Attachment <=> channel::Attachment,
            ChannelMention <=> channel::ChannelMention,
            Embed <=> channel::message::Embed [embed],
            EmbedAuthor <=> channel::message::embed::EmbedAuthor,
            EmbedField <=> channel::message::embed::EmbedField,
            EmbedFooter <=> channel::message::embed::EmbedFooter,
            EmbedMedia <=> channel::message::embed::EmbedImage,
            EmbedMedia <=> channel::message::embed::EmbedThumbnail,
            EmbedMedia <=> channel::message::embed::EmbedVideo,
            EmbedProvider <=> channel::message::embed::EmbedProvider,
            InteractionMetadata <=> application::interaction::InteractionMetadata,
            Message <=> channel::Message,
            MessageActivity <=> channel::message::MessageActivity,
            MessageCall <=> channel::message::MessageCall,
            MessageInteraction <=> channel::message::MessageInteraction,
            MessageReference <=> channel::message::MessageReference,
            MessageSnapshot <=> channel::message::MessageSnapshot,
            Pin <=> channel::message::MessagePin,
            Pins <=> channel::message::PinsListing,
            Poll <=> poll::Poll,
            PollAnswer <=> poll::PollAnswer,
            PollAnswerCount <=> poll::AnswerCount,
            PollMedia <=> poll::PollMedia,
            PollResults <=> poll::PollResults,
            Reaction <=> channel::message::Reaction,
            ReactionCountDetails <=> channel::message::ReactionCountDetails,
            ReactionEmoji <=> channel::message::EmojiReactionType,
            RoleSubscriptionData <=> channel::message::RoleSubscriptionData,
            Sticker <=> channel::message::Sticker,
            StickerItem <=> channel::message::MessageSticker,
            StickerPack <=> channel::message::sticker::StickerPack,
            // Components.
            Component <=> channel::message::Component,
            MediaGalleryItem <=> channel::message::component::MediaGalleryItem,
            SelectDefaultValue <=> channel::message::component::SelectDefaultValue,
            SelectOption <=> channel::message::component::SelectMenuOption,
            UnfurledMedia <=> channel::message::component::UnfurledMediaItem,
            // Channels and threads.
            Channel <=> channel::Channel,
            DefaultReaction <=> channel::forum::DefaultReaction,
            FollowedChannel <=> channel::FollowedChannel,
            ForumTag <=> channel::forum::ForumTag,
            Overwrite <=> channel::permission_overwrite::PermissionOverwrite,
            StageInstance <=> channel::StageInstance,
            ThreadList <=> channel::thread::ThreadsListing,
            ThreadMember <=> channel::thread::ThreadMember,
            ThreadMetadata <=> channel::thread::ThreadMetadata,
            VoiceRegion <=> voice::VoiceRegion,
            VoiceState <=> voice::VoiceState,
            Webhook <=> channel::webhook::Webhook,
            // Guilds and their people.
            AuditLog <=> guild::audit_log::AuditLog,
            AuditLogEntry <=> guild::audit_log::AuditLogEntry,
            AuditLogOptions <=> guild::audit_log::AuditLogOptionalEntryInfo,
            AutoModerationAction <=> guild::auto_moderation::AutoModerationAction,
            AutoModerationActionMetadata <=> guild::auto_moderation::AutoModerationActionMetadata,
            AutoModerationRule <=> guild::auto_moderation::AutoModerationRule,
            AutoModerationTriggerMetadata <=> guild::auto_moderation::AutoModerationTriggerMetadata,
            Ban <=> guild::Ban,
            Emoji <=> guild::Emoji,
            Guild <=> guild::Guild,
            GuildOnboarding <=> guild::onboarding::Onboarding,
            GuildPreview <=> guild::GuildPreview,
            GuildPrune <=> guild::GuildPrune,
            GuildScheduledEvent <=> guild::scheduled_event::GuildScheduledEvent,
            GuildTemplate <=> guild::template::Template [places],
            GuildWidget <=> guild::widget::GuildWidget,
            GuildWidgetSettings <=> guild::widget::GuildWidgetSettings,
            Integration <=> guild::GuildIntegration,
            IntegrationAccount <=> guild::IntegrationAccount,
            Invite <=> guild::invite::Invite,
            Member <=> guild::Member,
            OnboardingPrompt <=> guild::onboarding::OnboardingPrompt,
            OnboardingPromptOption <=> guild::onboarding::OnboardingPromptOption,
            RecurrenceNWeekday <=> guild::scheduled_event::recurrence_rule::RecurrenceRuleNWeekday,
            RecurrenceRule <=> guild::scheduled_event::recurrence_rule::RecurrenceRule,
            Role <=> guild::Role,
            RoleColors <=> guild::RoleColors,
            RoleTags <=> guild::RoleTags,
            ScheduledEventEntityMetadata <=> guild::scheduled_event::EntityMetadata,
            ScheduledEventUser <=> guild::scheduled_event::GuildScheduledEventUser,
            TemplateGuild <=> guild::template::TemplateGuild [places],
            TemplateRole <=> guild::template::TemplateRole [places],
            UnavailableGuild <=> guild::UnavailableGuild,
            VanityUrl <=> guild::VanityUrl,
            WelcomeScreen <=> guild::invite::WelcomeScreen,
            WelcomeScreenChannel <=> guild::invite::WelcomeScreenChannel,
            WidgetChannel <=> guild::widget::GuildWidgetChannel,
            WidgetMember <=> guild::widget::GuildWidgetMember,
            // Users and presences.
            Activity <=> gateway::presence::Activity,
            ActivityAssets <=> gateway::presence::ActivityAssets,
            ActivityParty <=> gateway::presence::ActivityParty,
            ActivitySecrets <=> gateway::presence::ActivitySecrets,
            ActivityTimestamps <=> gateway::presence::ActivityTimestamps,
            AvatarDecorationData <=> user::AvatarDecorationData,
            ClientStatus <=> gateway::presence::ClientStatus,
            Connection <=> user::Connection,
            CurrentUserGuild <=> user::CurrentUserGuild,
            User <=> user::User,
            UserPrimaryGuild <=> user::PrimaryGuild,
            // Applications, commands and interactions.
            Application <=> oauth::Application,
            ApplicationEmojis <=> application::EmojiList,
            AuthorizationInformation <=> oauth::CurrentAuthorizationInformation,
            Choice <=> application::command::CommandOptionChoice,
            Command <=> application::command::Command,
            CommandData <=> application::interaction::application_command::CommandData,
            CommandOption <=> application::command::CommandOption,
            CommandPermission <=> application::command::permissions::CommandPermission,
            ComponentData <=> application::interaction::message_component::MessageComponentInteractionData [no_null],
            DataOption <=> application::interaction::application_command::CommandDataOption,
            Entitlement <=> application::monetization::Entitlement,
            GuildCommandPermissions <=> application::command::permissions::GuildCommandPermissions,
            InstallParams <=> oauth::InstallParams,
            IntegrationTypeConfig <=> oauth::ApplicationIntegrationTypeConfig,
            Interaction <=> application::interaction::Interaction [no_null],
            ModalData <=> application::interaction::modal::ModalInteractionData,
            Resolved <=> application::interaction::InteractionDataResolved,
            Sku <=> application::monetization::Sku,
            Subscription <=> application::monetization::Subscription,
            Team <=> oauth::team::Team,
            TeamMember <=> oauth::team::TeamMember,
            // The gateway.
            BotGateway <=> gateway::connection_info::BotConnectionInfo,
            GatewayAddress <=> gateway::connection_info::ConnectionInfo,
            IdentifyProperties <=> gateway::payload::outgoing::identify::IdentifyProperties,
            SessionStartLimit <=> gateway::SessionStartLimit,
            // Parts, for which twilight has types of their own.
            ActivityButton <=> gateway::presence::ActivityButton,
            Application <=> channel::message::MessageApplication,
            Application <=> guild::IntegrationApplication,
            Application <=> oauth::PartialApplication,
            AuditLogChange <=> guild::audit_log::AuditLogChange,
            AuditLogRole <=> guild::audit_log::AffectedRole,
            Channel <=> application::interaction::InteractionChannel,
            Channel <=> guild::invite::InviteChannel,
            ChoiceValue <=> application::command::CommandOptionChoiceValue,
            CurrentUserGuild <=> guild::GuildInfo,
            GroupOption <=> channel::message::component::CheckboxGroupOption,
            Guild <=> guild::PartialGuild,
            Integration <=> guild::audit_log::AuditLogGuildIntegration,
            Member <=> application::interaction::InteractionMember,
            Member <=> guild::PartialMember,
            Overwrite <=> http::permission_overwrite::PermissionOverwrite,
            PartialGuild <=> application::interaction::InteractionPartialGuild [no_null],
            PartialGuild <=> channel::webhook::WebhookGuild,
            PartialGuild <=> guild::invite::InviteGuild,
            Presence <=> gateway::presence::Presence,
            ReactionEmoji <=> gateway::presence::ActivityEmoji,
            ReactionEmoji <=> guild::onboarding::OnboardingPromptEmoji,
            ReactionEmoji <=> poll::PartialPollMediaEmoji,
            User <=> channel::message::Mention,
            User <=> gateway::payload::incoming::invite_create::PartialUser,
            User <=> user::CurrentUser,
        }
    };
}

/// The pairs of what the gateway sends and is sent.
#[doc(hidden)]
#[macro_export]
macro_rules! twilight_payloads {
    ($then:ident) => {
        $then! {
            ApplicationCommandPermissionsUpdate <=> gateway::payload::incoming::CommandPermissionsUpdate,
            AutoModerationActionExecution <=> gateway::payload::incoming::AutoModerationActionExecution,
            AutoModerationRuleCreate <=> gateway::payload::incoming::AutoModerationRuleCreate,
            AutoModerationRuleDelete <=> gateway::payload::incoming::AutoModerationRuleDelete,
            AutoModerationRuleUpdate <=> gateway::payload::incoming::AutoModerationRuleUpdate,
            ChannelCreate <=> gateway::payload::incoming::ChannelCreate,
            ChannelDelete <=> gateway::payload::incoming::ChannelDelete,
            ChannelPinsUpdate <=> gateway::payload::incoming::ChannelPinsUpdate,
            ChannelUpdate <=> gateway::payload::incoming::ChannelUpdate,
            EntitlementCreate <=> gateway::payload::incoming::EntitlementCreate,
            EntitlementDelete <=> gateway::payload::incoming::EntitlementDelete,
            EntitlementUpdate <=> gateway::payload::incoming::EntitlementUpdate,
            GuildAuditLogEntryCreate <=> gateway::payload::incoming::GuildAuditLogEntryCreate,
            GuildBanAdd <=> gateway::payload::incoming::BanAdd,
            GuildBanRemove <=> gateway::payload::incoming::BanRemove,
            GuildCreate <=> gateway::payload::incoming::GuildCreate,
            GuildDelete <=> gateway::payload::incoming::GuildDelete,
            GuildEmojisUpdate <=> gateway::payload::incoming::GuildEmojisUpdate,
            GuildIntegrationsUpdate <=> gateway::payload::incoming::GuildIntegrationsUpdate,
            GuildMemberAdd <=> gateway::payload::incoming::MemberAdd,
            GuildMemberRemove <=> gateway::payload::incoming::MemberRemove,
            GuildMemberUpdate <=> gateway::payload::incoming::MemberUpdate,
            GuildMembersChunk <=> gateway::payload::incoming::MemberChunk,
            GuildRoleCreate <=> gateway::payload::incoming::RoleCreate,
            GuildRoleDelete <=> gateway::payload::incoming::RoleDelete,
            GuildRoleUpdate <=> gateway::payload::incoming::RoleUpdate,
            GuildScheduledEventCreate <=> gateway::payload::incoming::GuildScheduledEventCreate,
            GuildScheduledEventDelete <=> gateway::payload::incoming::GuildScheduledEventDelete,
            GuildScheduledEventUpdate <=> gateway::payload::incoming::GuildScheduledEventUpdate,
            GuildScheduledEventUserAdd <=> gateway::payload::incoming::GuildScheduledEventUserAdd,
            GuildScheduledEventUserRemove <=> gateway::payload::incoming::GuildScheduledEventUserRemove,
            GuildStickersUpdate <=> gateway::payload::incoming::GuildStickersUpdate,
            GuildUpdate <=> gateway::payload::incoming::GuildUpdate,
            IntegrationCreate <=> gateway::payload::incoming::IntegrationCreate,
            IntegrationDelete <=> gateway::payload::incoming::IntegrationDelete,
            IntegrationUpdate <=> gateway::payload::incoming::IntegrationUpdate,
            InteractionCreate <=> gateway::payload::incoming::InteractionCreate [no_null],
            InviteCreate <=> gateway::payload::incoming::InviteCreate,
            InviteDelete <=> gateway::payload::incoming::InviteDelete,
            MessageCreate <=> gateway::payload::incoming::MessageCreate,
            MessageDelete <=> gateway::payload::incoming::MessageDelete,
            MessageDeleteBulk <=> gateway::payload::incoming::MessageDeleteBulk,
            MessagePollVoteAdd <=> gateway::payload::incoming::MessagePollVoteAdd,
            MessagePollVoteRemove <=> gateway::payload::incoming::MessagePollVoteRemove,
            MessageReactionAdd <=> gateway::payload::incoming::ReactionAdd,
            MessageReactionRemove <=> gateway::payload::incoming::ReactionRemove,
            MessageReactionRemoveAll <=> gateway::payload::incoming::ReactionRemoveAll,
            MessageReactionRemoveEmoji <=> gateway::payload::incoming::ReactionRemoveEmoji,
            MessageUpdate <=> gateway::payload::incoming::MessageUpdate,
            PresenceUpdate <=> gateway::payload::incoming::PresenceUpdate,
            RateLimited <=> gateway::payload::incoming::RateLimited [limited],
            Ready <=> gateway::payload::incoming::Ready,
            StageInstanceCreate <=> gateway::payload::incoming::StageInstanceCreate,
            StageInstanceDelete <=> gateway::payload::incoming::StageInstanceDelete,
            StageInstanceUpdate <=> gateway::payload::incoming::StageInstanceUpdate,
            SubscriptionCreate <=> gateway::payload::incoming::SubscriptionCreate,
            SubscriptionDelete <=> gateway::payload::incoming::SubscriptionDelete,
            SubscriptionUpdate <=> gateway::payload::incoming::SubscriptionUpdate,
            ThreadCreate <=> gateway::payload::incoming::ThreadCreate,
            ThreadDelete <=> gateway::payload::incoming::ThreadDelete,
            ThreadListSync <=> gateway::payload::incoming::ThreadListSync,
            ThreadMemberUpdate <=> gateway::payload::incoming::ThreadMemberUpdate,
            ThreadMembersUpdate <=> gateway::payload::incoming::ThreadMembersUpdate,
            ThreadUpdate <=> gateway::payload::incoming::ThreadUpdate,
            TypingStart <=> gateway::payload::incoming::TypingStart,
            UserUpdate <=> gateway::payload::incoming::UserUpdate,
            VoiceServerUpdate <=> gateway::payload::incoming::VoiceServerUpdate,
            VoiceStateUpdate <=> gateway::payload::incoming::VoiceStateUpdate,
            WebhooksUpdate <=> gateway::payload::incoming::WebhooksUpdate,
            // What is no event, and what comes instead of one.
            Hello <=> gateway::payload::incoming::Hello,
            MessageReactionAdd <=> gateway::GatewayReaction,
            UnavailableGuild <=> gateway::payload::incoming::UnavailableGuild,
            // What a bot says, without its frame.
            Identify <=> gateway::payload::outgoing::identify::IdentifyInfo [identify],
            RequestGuildMembers <=> gateway::payload::outgoing::request_guild_members::RequestGuildMembersInfo,
            Resume <=> gateway::payload::outgoing::resume::ResumeInfo,
            UpdatePresence <=> gateway::payload::outgoing::update_presence::UpdatePresencePayload,
            UpdateVoiceState <=> gateway::payload::outgoing::update_voice_state::UpdateVoiceStateInfo,
        }
    };
}

/// The pairs of single values: enums.
#[doc(hidden)]
#[macro_export]
macro_rules! twilight_enums {
    ($then:ident) => {
        $then! {
            AfkTimeout <=> guild::AfkTimeout,
            AutoModerationActionType <=> guild::auto_moderation::AutoModerationActionType,
            AutoModerationEventType <=> guild::auto_moderation::AutoModerationEventType,
            AutoModerationKeywordPreset <=> guild::auto_moderation::AutoModerationKeywordPresetType,
            AutoModerationTriggerType <=> guild::auto_moderation::AutoModerationTriggerType,
            AuditLogEvent <=> guild::audit_log::AuditLogEventType,
            ActivityType <=> gateway::presence::ActivityType,
            ButtonStyle <=> channel::message::component::ButtonStyle,
            ChannelType <=> channel::ChannelType,
            CommandOptionType <=> application::command::CommandOptionType,
            CommandType <=> application::command::CommandType,
            ComponentType <=> channel::message::component::ComponentType,
            ConnectionVisibility <=> user::ConnectionVisibility,
            DefaultMessageNotificationLevel <=> guild::DefaultMessageNotificationLevel,
            EntitlementType <=> application::monetization::EntitlementType,
            ExplicitContentFilterLevel <=> guild::ExplicitContentFilter,
            ForumLayout <=> channel::forum::ForumLayout,
            GatewayCloseCode <=> gateway::CloseCode,
            GatewayOpcode <=> gateway::OpCode,
            GuildFeature <=> guild::GuildFeature,
            InstallContext <=> oauth::ApplicationIntegrationType,
            IntegrationExpireBehavior <=> guild::IntegrationExpireBehavior,
            IntegrationType <=> guild::GuildIntegrationType,
            InteractionContext <=> application::interaction::InteractionContextType,
            InteractionResponseType <=> http::interaction::InteractionResponseType,
            InteractionType <=> application::interaction::InteractionType,
            InviteTargetType <=> guild::invite::TargetType,
            InviteType <=> guild::invite::InviteType,
            MembershipState <=> oauth::team::TeamMembershipState,
            MessageActivityType <=> channel::message::MessageActivityType,
            MessageReferenceType <=> channel::message::MessageReferenceType,
            MessageType <=> channel::message::MessageType,
            MfaLevel <=> guild::MfaLevel,
            NsfwLevel <=> guild::NSFWLevel,
            OnboardingMode <=> guild::onboarding::OnboardingMode,
            OnboardingPromptType <=> guild::onboarding::OnboardingPromptType,
            OverwriteType <=> channel::permission_overwrite::PermissionOverwriteType,
            OverwriteType <=> http::permission_overwrite::PermissionOverwriteType,
            PollLayoutType <=> poll::PollLayoutType,
            PremiumTier <=> guild::PremiumTier,
            PremiumType <=> user::PremiumType,
            ReactionType <=> channel::message::ReactionType,
            RecurrenceFrequency <=> guild::scheduled_event::recurrence_rule::RecurrenceRuleFrequency,
            RecurrenceMonth <=> guild::scheduled_event::recurrence_rule::RecurrenceRuleMonth,
            RecurrenceWeekday <=> guild::scheduled_event::recurrence_rule::RecurrenceRuleWeekday,
            ScheduledEventEntityType <=> guild::scheduled_event::EntityType,
            ScheduledEventPrivacyLevel <=> guild::scheduled_event::PrivacyLevel,
            ScheduledEventStatus <=> guild::scheduled_event::Status,
            SeparatorSpacing <=> channel::message::component::SeparatorSpacingSize,
            SkuType <=> application::monetization::SkuType,
            StagePrivacyLevel <=> channel::stage_instance::PrivacyLevel,
            Status <=> gateway::presence::Status,
            StatusDisplayType <=> gateway::presence::ActivityStatusDisplayType,
            StickerFormat <=> channel::message::sticker::StickerFormatType,
            StickerType <=> channel::message::sticker::StickerType,
            SubscriptionStatus <=> application::monetization::SubscriptionStatus,
            TextInputStyle <=> channel::message::component::TextInputStyle,
            ThreadAutoArchiveDuration <=> channel::thread::AutoArchiveDuration,
            ThreadSortOrder <=> channel::forum::ForumSortOrder,
            VerificationLevel <=> guild::VerificationLevel,
            VideoQualityMode <=> channel::VideoQualityMode,
            VoiceCloseCode <=> voice::CloseCode,
            VoiceOpcode <=> voice::OpCode,
            WebhookType <=> channel::webhook::WebhookType,
        }
    };
}

/// The pairs of bit sets.
#[doc(hidden)]
#[macro_export]
macro_rules! twilight_flags {
    ($then:ident) => {
        $then! {
            ActivityFlags <=> gateway::presence::ActivityFlags,
            ApplicationFlags <=> oauth::ApplicationFlags,
            AttachmentFlags <=> channel::AttachmentFlags,
            ChannelFlags <=> channel::ChannelFlags,
            EmbedFlags <=> channel::message::embed::EmbedFlags,
            EmbedMediaFlags <=> channel::message::embed::EmbedMediaFlags,
            Intents <=> gateway::Intents,
            MemberFlags <=> guild::MemberFlags,
            MessageFlags <=> channel::message::MessageFlags,
            Permissions <=> guild::Permissions,
            RoleFlags <=> guild::RoleFlags,
            SkuFlags <=> application::monetization::SkuFlags,
            SystemChannelFlags <=> guild::SystemChannelFlags,
            UserFlags <=> user::UserFlags,
        }
    };
}

macro_rules! conversions {
    ($( $ours:ident <=> $($theirs:ident)::+ $([$mend:ident])?, )+) => {
        $(
            impl Counterpart<twilight_model::$($theirs)::+> for crate::$ours {
                fn counterpart(
                    &self,
                ) -> Result<Converted<twilight_model::$($theirs)::+>, TwilightError> {
                    let came = written::<twilight_model::$($theirs)::+>(self)?;
                    read(came, |_value| { $( mend::$mend::there(_value); )? })
                }
            }

            impl Counterpart<crate::$ours> for twilight_model::$($theirs)::+ {
                fn counterpart(&self) -> Result<Converted<crate::$ours>, TwilightError> {
                    let came = written::<crate::$ours>(self)?;
                    read(came, |_value| { $( mend::$mend::back(_value); )? })
                }
            }

            strict!(crate::$ours, twilight_model::$($theirs)::+);
        )+
    };
}

/// `TryFrom` both ways, for a pair that has [`Counterpart`] both ways.
macro_rules! strict {
    ($ours:path, $theirs:path) => {
        impl TryFrom<&$ours> for $theirs {
            type Error = TwilightError;

            fn try_from(ours: &$ours) -> Result<Self, TwilightError> {
                ours.counterpart()?.whole()
            }
        }

        impl TryFrom<&$theirs> for $ours {
            type Error = TwilightError;

            fn try_from(theirs: &$theirs) -> Result<Self, TwilightError> {
                theirs.counterpart()?.whole()
            }
        }
    };
}

pub(super) use strict;

use super::{Converted, Counterpart, TwilightError, mend, read, written};

twilight_objects!(conversions);
twilight_payloads!(conversions);
twilight_enums!(conversions);
twilight_flags!(conversions);
