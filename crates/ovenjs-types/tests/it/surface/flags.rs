//! The bits of flag sets against the documentation's tables.
//!
//! The tables of `specs/` call every flag set a number, so the bits are written down here once more,
//! as the documentation has them (discord-api-docs at c98d64bc).

use std::collections::BTreeSet;

use ovenjs_types::{
    ActivityFlags, ApplicationFlags, AttachmentFlags, ChannelFlags, EmbedFlags, EmbedMediaFlags,
    InviteFlags, LobbyMemberFlags, MemberFlags, MessageFlags, Permissions, RoleFlags, SkuFlags,
    SystemChannelFlags, UnfurledMediaFlags, UserFlags,
};

#[test]
fn every_bit_of_the_documentation_has_its_name() {
    let (mut have, mut all, mut faults) = (0, 0, Vec::new());
    for (heading, known, documented) in tables() {
        let documented: BTreeSet<(&str, u64)> = documented
            .iter()
            .map(|(name, bit)| (*name, 1 << bit))
            .collect();
        let known: BTreeSet<(&str, u64)> = known.into_iter().collect();
        all += documented.len();
        have += documented.intersection(&known).count();
        let missing = documented.difference(&known);
        faults.extend(missing.map(|bit| format!("{heading} lacks {bit:?}")));
        let invented = known.difference(&documented);
        let invented = invented.filter(|(name, _)| BEYOND.iter().all(|(beyond, _)| beyond != name));
        faults.extend(invented.map(|bit| format!("{heading} has {bit:?}, which no table has")));
    }
    println!("spec: flag bits | {have} | {all}");
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Bits that are met and that the documentation does not list, each with the reason.
const BEYOND: &[(&str, &str)] = &[(
    "ACTIVE_DEVELOPER",
    "users who earned the badge keep it; the documentation no longer lists it",
)];

/// A set by its heading in the documentation, its bits here and its bits there.
type Table = (
    &'static str,
    Vec<(&'static str, u64)>,
    &'static [(&'static str, u32)],
);

macro_rules! tables {
    ($( $heading:literal $set:ident [$( $name:ident $bit:literal ),+ $(,)?] )+) => {
        fn tables() -> Vec<Table> {
            vec![$((
                $heading,
                $set::KNOWN.iter().map(|(name, set)| (*name, set.bits())).collect(),
                &[$((stringify!($name), $bit)),+][..],
            )),+]
        }
    };
}

tables! {
    "Unfurled Media Item Flags" UnfurledMediaFlags [
        IS_ANIMATED 0,
    ]
    "Activity Flags" ActivityFlags [
        INSTANCE 0,
        JOIN 1,
        SPECTATE 2,
        JOIN_REQUEST 3,
        SYNC 4,
        PLAY 5,
        PARTY_PRIVACY_FRIENDS 6,
        PARTY_PRIVACY_VOICE_CHANNEL 7,
        EMBEDDED 8,
    ]
    "Application Flags" ApplicationFlags [
        APPLICATION_AUTO_MODERATION_RULE_CREATE_BADGE 6,
        GATEWAY_PRESENCE 12,
        GATEWAY_PRESENCE_LIMITED 13,
        GATEWAY_GUILD_MEMBERS 14,
        GATEWAY_GUILD_MEMBERS_LIMITED 15,
        VERIFICATION_PENDING_GUILD_LIMIT 16,
        EMBEDDED 17,
        GATEWAY_MESSAGE_CONTENT 18,
        GATEWAY_MESSAGE_CONTENT_LIMITED 19,
        APPLICATION_COMMAND_BADGE 23,
    ]
    "Channel Flags" ChannelFlags [
        PINNED 1,
        REQUIRE_TAG 4,
        HIDE_MEDIA_DOWNLOAD_OPTIONS 15,
        IS_SPOILER_CHANNEL 21,
    ]
    "System Channel Flags" SystemChannelFlags [
        SUPPRESS_JOIN_NOTIFICATIONS 0,
        SUPPRESS_PREMIUM_SUBSCRIPTIONS 1,
        SUPPRESS_GUILD_REMINDER_NOTIFICATIONS 2,
        SUPPRESS_JOIN_NOTIFICATION_REPLIES 3,
        SUPPRESS_ROLE_SUBSCRIPTION_PURCHASE_NOTIFICATIONS 4,
        SUPPRESS_ROLE_SUBSCRIPTION_PURCHASE_NOTIFICATION_REPLIES 5,
    ]
    "Guild Member Flags" MemberFlags [
        DID_REJOIN 0,
        COMPLETED_ONBOARDING 1,
        BYPASSES_VERIFICATION 2,
        STARTED_ONBOARDING 3,
        IS_GUEST 4,
        STARTED_HOME_ACTIONS 5,
        COMPLETED_HOME_ACTIONS 6,
        AUTOMOD_QUARANTINED_USERNAME 7,
        DM_SETTINGS_UPSELL_ACKNOWLEDGED 9,
        AUTOMOD_QUARANTINED_GUILD_TAG 10,
    ]
    "Guild Invite Flags" InviteFlags [
        IS_GUEST_INVITE 0,
    ]
    "Lobby Member Flags" LobbyMemberFlags [
        CAN_LINK_LOBBY 0,
    ]
    "Message Flags" MessageFlags [
        CROSSPOSTED 0,
        IS_CROSSPOST 1,
        SUPPRESS_EMBEDS 2,
        SOURCE_MESSAGE_DELETED 3,
        URGENT 4,
        HAS_THREAD 5,
        EPHEMERAL 6,
        LOADING 7,
        FAILED_TO_MENTION_SOME_ROLES_IN_THREAD 8,
        SUPPRESS_NOTIFICATIONS 12,
        IS_VOICE_MESSAGE 13,
        HAS_SNAPSHOT 14,
        IS_COMPONENTS_V2 15,
    ]
    "Embed Flags" EmbedFlags [
        IS_CONTENT_INVENTORY_ENTRY 5,
    ]
    "Embed Media Flags" EmbedMediaFlags [
        IS_ANIMATED 5,
    ]
    "Attachment Flags" AttachmentFlags [
        IS_CLIP 0,
        IS_THUMBNAIL 1,
        IS_REMIX 2,
        IS_SPOILER 3,
        IS_ANIMATED 5,
    ]
    "SKU Flags" SkuFlags [
        AVAILABLE 2,
        GUILD_SUBSCRIPTION 7,
        USER_SUBSCRIPTION 8,
    ]
    "User Flags" UserFlags [
        STAFF 0,
        PARTNER 1,
        HYPESQUAD 2,
        BUG_HUNTER_LEVEL_1 3,
        HYPESQUAD_ONLINE_HOUSE_1 6,
        HYPESQUAD_ONLINE_HOUSE_2 7,
        HYPESQUAD_ONLINE_HOUSE_3 8,
        PREMIUM_EARLY_SUPPORTER 9,
        TEAM_PSEUDO_USER 10,
        BUG_HUNTER_LEVEL_2 14,
        VERIFIED_BOT 16,
        VERIFIED_DEVELOPER 17,
        CERTIFIED_MODERATOR 18,
        BOT_HTTP_INTERACTIONS 19,
    ]
    "Bitwise Permission Flags" Permissions [
        CREATE_INSTANT_INVITE 0,
        KICK_MEMBERS 1,
        BAN_MEMBERS 2,
        ADMINISTRATOR 3,
        MANAGE_CHANNELS 4,
        MANAGE_GUILD 5,
        ADD_REACTIONS 6,
        VIEW_AUDIT_LOG 7,
        PRIORITY_SPEAKER 8,
        STREAM 9,
        VIEW_CHANNEL 10,
        SEND_MESSAGES 11,
        SEND_TTS_MESSAGES 12,
        MANAGE_MESSAGES 13,
        EMBED_LINKS 14,
        ATTACH_FILES 15,
        READ_MESSAGE_HISTORY 16,
        MENTION_EVERYONE 17,
        USE_EXTERNAL_EMOJIS 18,
        VIEW_GUILD_INSIGHTS 19,
        CONNECT 20,
        SPEAK 21,
        MUTE_MEMBERS 22,
        DEAFEN_MEMBERS 23,
        MOVE_MEMBERS 24,
        USE_VAD 25,
        CHANGE_NICKNAME 26,
        MANAGE_NICKNAMES 27,
        MANAGE_ROLES 28,
        MANAGE_WEBHOOKS 29,
        MANAGE_GUILD_EXPRESSIONS 30,
        USE_APPLICATION_COMMANDS 31,
        REQUEST_TO_SPEAK 32,
        MANAGE_EVENTS 33,
        MANAGE_THREADS 34,
        CREATE_PUBLIC_THREADS 35,
        CREATE_PRIVATE_THREADS 36,
        USE_EXTERNAL_STICKERS 37,
        SEND_MESSAGES_IN_THREADS 38,
        USE_EMBEDDED_ACTIVITIES 39,
        MODERATE_MEMBERS 40,
        VIEW_CREATOR_MONETIZATION_ANALYTICS 41,
        USE_SOUNDBOARD 42,
        CREATE_GUILD_EXPRESSIONS 43,
        CREATE_EVENTS 44,
        USE_EXTERNAL_SOUNDS 45,
        SEND_VOICE_MESSAGES 46,
        SET_VOICE_CHANNEL_STATUS 48,
        SEND_POLLS 49,
        USE_EXTERNAL_APPS 50,
        PIN_MESSAGES 51,
        BYPASS_SLOWMODE 52,
    ]
    "Role Flags" RoleFlags [
        IN_PROMPT 0,
    ]
}
