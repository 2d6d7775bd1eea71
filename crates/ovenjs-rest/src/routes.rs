//! From a path back to the operation that has it: the rule by which requests are counted that come as
//! method and path alone.
//!
//! What no operation has goes under a name made of its path: each part that is not a plain lower-case
//! word is left out, since it may be an id or a token.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    sync::{LazyLock, Mutex},
};

use http::Method;
use ovenjs_types::Permissions;
use percent_encoding::percent_decode_str;

use crate::{Auth, Endpoint, Major, delivery::lock, endpoint::is_quiet_deletion, endpoints::*};

/// What is known of a request by its method and path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Method and path template.
    pub(crate) name: &'static str,
    pub(crate) auth: Auth,
    pub(crate) needs: Permissions,
    pub(crate) major: Major,
    /// The message by whose age its limit is chosen.
    pub(crate) aged: Option<u64>,
    pub(crate) is_quiet_deletion: bool,
    pub(crate) enforces_nonce: bool,
}

impl Route {
    /// The route of a path behind the version, without its query.
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let parts: Vec<Cow<'_, str>> = path
            .split('/')
            .skip(1)
            .map(|part| percent_decode_str(part).decode_utf8_lossy())
            .collect();
        let known = OPERATIONS.get(&(method.clone(), parts.len()));
        let fitting = known.into_iter().flatten().find(|known| known.fits(&parts));
        fitting.map_or_else(|| Self::other(method, &parts), |known| known.route(&parts))
    }

    /// The route of what no operation has.
    fn other(method: &Method, parts: &[Cow<'_, str>]) -> Self {
        let part = |place: usize| parts.get(place).map_or("", |part| &**part);
        let is_word = |place| word(part(place)).is_some();
        let (first, token) = (part(0), part(2));
        let by_token = matches!(first, "webhooks" | "interactions") && !is_word(1) && !is_word(2);
        let major = match part(1).parse::<u64>() {
            _ if by_token => Major::of(token),
            Ok(id) if matches!(first, "channels" | "guilds" | "webhooks") => Major::of(id),
            _ => Major::NONE,
        };
        let words: Vec<_> = parts
            .iter()
            .map(|part| word(part).unwrap_or("{}"))
            .collect();
        let name = format!("{method} /{}", words.join("/"));
        let (name, major) = match intern(&name) {
            Some(name) => (name, major),
            None => (TOO_MANY, Major::of((name, major))),
        };
        Self {
            name,
            auth: match first {
                _ if !by_token => Auth::Bot,
                "interactions" => Auth::Interaction,
                _ => of_token(token),
            },
            needs: Permissions::empty(),
            major,
            aged: None,
            is_quiet_deletion: false,
            enforces_nonce: false,
        }
    }
}

/// An operation, as far as its type says all there is to know.
struct Known {
    /// The template's parts behind the first slash.
    parts: Vec<&'static str>,
    /// Where the resource stands by which it is counted.
    major: Option<usize>,
    /// Where the message stands by whose age it is counted.
    aged: Option<usize>,
    /// All that the path does not change.
    route: Route,
}

impl Known {
    fn of<E: Endpoint>() -> (Method, Self) {
        let (_, template) = E::ROUTE.split_once('/').unwrap_or_default();
        let parts: Vec<_> = template.split('/').collect();
        let place = |name: Option<&str>| {
            let named = |part: &&str| variable(part).is_some_and(|part| Some(part) == name);
            parts.iter().position(named)
        };
        let known = Self {
            major: place(E::MAJOR),
            aged: place(E::AGED),
            parts,
            route: Route {
                name: E::ROUTE,
                auth: E::AUTH,
                needs: E::NEEDS,
                major: Major::NONE,
                aged: None,
                is_quiet_deletion: is_quiet_deletion::<E>(),
                enforces_nonce: E::ENFORCES_NONCE,
            },
        };
        (E::METHOD, known)
    }

    /// Whether a path of as many parts is one of this operation's.
    fn fits(&self, path: &[Cow<'_, str>]) -> bool {
        let mut both = self.parts.iter().zip(path);
        both.all(|(template, part)| match variable(template) {
            Some(name) if name.ends_with("_id") => part.parse::<u64>().is_ok(),
            Some(_) => !part.is_empty(),
            None => part == template,
        })
    }

    fn route(&self, path: &[Cow<'_, str>]) -> Route {
        let part = |place: usize| path.get(place).map_or("", |part| &**part);
        // An id counts as a number, as it does where an operation is called by its type.
        let major = |place| match part(place).parse::<u64>() {
            Ok(id)
                if self
                    .parts
                    .get(place)
                    .is_some_and(|name| name.ends_with("_id}")) =>
            {
                Major::of(id)
            }
            _ => Major::of(part(place)),
        };
        let is_webhooks = self.parts.first() == Some(&"webhooks");
        Route {
            major: self.major.map_or(Major::NONE, major),
            aged: self.aged.and_then(|place| part(place).parse().ok()),
            auth: match self.route.auth {
                Auth::Webhook | Auth::Interaction if is_webhooks => of_token(part(2)),
                auth => auth,
            },
            ..self.route
        }
    }
}

/// Whose token stands in the path of a webhook. Those of interactions are the base64 of a text that
/// begins with `interaction:`.
fn of_token(token: &str) -> Auth {
    if token.starts_with("aW50ZXJhY3Rpb246") {
        Auth::Interaction
    } else {
        Auth::Webhook
    }
}

/// The name of a template's variable.
fn variable(part: &str) -> Option<&str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

/// A part of a path that is no id, token or name.
fn word(part: &str) -> Option<&str> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || b"@-_.".contains(&byte);
    let fits = (1..=WORD_MAX).contains(&part.len()) && part.bytes().all(is_letter);
    fits.then_some(part)
}

/// The longest word that is part of a route's name. Discord's longest has 27 letters, and its shortest
/// token some 60.
const WORD_MAX: usize = 32;

/// A name for good, since what is counted by it outlives the request; none where there are too many.
fn intern(name: &str) -> Option<&'static str> {
    static OTHERS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let others = &mut lock(&OTHERS);
    if let Some(known) = others.get(name) {
        return Some(known);
    }
    if others.len() >= OTHERS_MAX || name.len() > NAME_MAX {
        return None;
    }
    let name: &'static str = String::leak(name.to_owned());
    others.insert(name);
    Some(name)
}

/// The routes beyond Discord's operations that have a name, in all of the process: more than Discord
/// adds in years, and little enough to be kept for good.
const OTHERS_MAX: usize = 256;

/// Twice as long as the longest of Discord's.
const NAME_MAX: usize = 200;

/// The name of all others: each of them is counted by itself nevertheless.
const TOO_MANY: &str = "{}";

/// The operations by method and number of parts; where several fit a path, the first one is it.
static OPERATIONS: LazyLock<HashMap<(Method, usize), Vec<Known>>> = LazyLock::new(|| {
    let mut table = HashMap::<_, Vec<Known>>::new();
    for (method, known) in operations() {
        table
            .entry((method, known.parts.len()))
            .or_default()
            .push(known);
    }
    // A word goes before a variable: `@original` is no id, and `@me` is nobody's.
    for known in table.values_mut() {
        known.sort_by_key(|known| -> Vec<bool> {
            known
                .parts
                .iter()
                .map(|part| variable(part).is_some())
                .collect()
        });
    }
    table
});

macro_rules! operations {
    ($($name:ident),* $(,)?) => {
        /// One for each method and path. Where several types share one, any of them is here; that none
        /// is missing, a test says.
        fn operations() -> Vec<(Method, Known)> {
            vec![$(Known::of::<$name>()),*]
        }
    };
}

operations! {
    GatewayInfo, BotGatewayInfo, CurrentApplication, EditCurrentApplication, GetApplication,
    EditApplication, GetActivityInstance, UploadActivityAttachment, ListApplicationEmojis,
    GetApplicationEmoji, CreateApplicationEmoji, EditApplicationEmoji, DeleteApplicationEmoji,
    ListRoleConnectionMetadata, SetRoleConnectionMetadata, GetRoleConnection, SetRoleConnection,
    DeleteRoleConnection, ListVoiceRegions, GetAuditLog, ListAutoModerationRules, GetAutoModerationRule,
    CreateAutoModerationRule, EditAutoModerationRule, DeleteAutoModerationRule, ListBans, GetBan,
    BanUser, UnbanUser, BulkBanUsers, GetPruneCount, BeginPrune, GetChannel, EditChannel, DeleteChannel,
    TriggerTyping, FollowChannel, ListChannelInvites, CreateInvite, SetChannelPermission,
    DeleteChannelPermission, AddGroupRecipient, RemoveGroupRecipient, SendSoundboardSound,
    SetVoiceStatus, ListGlobalCommands, GetGlobalCommand, CreateGlobalCommand, EditGlobalCommand,
    DeleteGlobalCommand, BulkSetGlobalCommands, ListGuildCommands, GetGuildCommand, CreateGuildCommand,
    EditGuildCommand, DeleteGuildCommand, BulkSetGuildCommands, ListCommandPermissions,
    GetCommandPermissions, SetCommandPermissions, SetAllCommandPermissions, ListGuildEmojis,
    GetGuildEmoji, CreateGuildEmoji, EditGuildEmoji, DeleteGuildEmoji, GetGuild, GetGuildPreview,
    EditGuild, ListGuildChannels, CreateGuildChannel, MoveGuildChannels, ListActiveThreads,
    ListGuildInvites, GetVanityUrl, ListGuildWebhooks, ListGuildVoiceRegions, EditIncidentActions,
    ListIntegrations, DeleteIntegration, CreateInteractionResponse, GetOriginalResponse,
    EditOriginalResponse, DeleteOriginalResponse, CreateFollowUp, GetFollowUp, EditFollowUp,
    DeleteFollowUp, GetInvite, DeleteInvite, ListInviteTargetUsers, SetInviteTargetUsers,
    GetInviteTargetUsersJob, CreateLobby, EditLobby, JoinLobby, GetLobby, DeleteLobby, LinkLobby,
    AddLobbyMember, EditLobbyMembers, RemoveLobbyMember, LeaveLobby, InviteLobbyMember,
    InviteMyselfFromLobby, ListLobbyMessages, CreateLobbyMessage, SetLobbyMessageModeration,
    SetDmModeration, GetMember, ListMembers, SearchMembers, EditMember, EditOwnMember, EditOwnNick,
    AddMember, RemoveMember, AddMemberRole, RemoveMemberRole, CreateMessage, EditMessage, DeleteMessage,
    GetMessage, ListMessages, ListPins, PinMessage, UnpinMessage, BulkDeleteMessages, CrosspostMessage,
    ListPollVoters, ExpirePoll, ListPinsDeprecated, PinMessageDeprecated, UnpinMessageDeprecated,
    GetAuthorization, GetOAuth2Application, GetOAuth2Keys, GetOpenIdUser, ExchangeToken, RevokeToken,
    CreateProvisionalToken, UnmergeProvisionalAccount, CreateProvisionalTokenAsBot,
    UnmergeProvisionalAccountAsBot, GetOnboarding, EditOnboarding, GetWelcomeScreen, EditWelcomeScreen,
    GetNewMemberWelcome, ListJoinRequests, ActOnJoinRequest, AddReaction, RemoveOwnReaction,
    RemoveReaction, RemoveAllReactions, RemoveReactionsOfEmoji, ListReactions, ListRoles, GetRole,
    ListRoleMemberCounts, CreateRole, EditRole, MoveRoles, DeleteRole, ListScheduledEvents,
    GetScheduledEvent, CreateScheduledEvent, EditScheduledEvent, DeleteScheduledEvent,
    ListScheduledEventUsers, CreateScheduledEventException, EditScheduledEventException,
    DeleteScheduledEventException, CountScheduledEventUsers, ListScheduledEventExceptionUsers,
    SearchMessages, ListSkus, ListEntitlements, GetEntitlement, CreateTestEntitlement,
    DeleteTestEntitlement, ConsumeEntitlement, ListMyEntitlements, ListSubscriptions, GetSubscription,
    ListDefaultSounds, ListGuildSounds, GetGuildSound, CreateGuildSound, EditGuildSound,
    DeleteGuildSound, CreateStage, GetStage, EditStage, DeleteStage, GetSticker, ListStickerPacks,
    GetStickerPack, ListGuildStickers, GetGuildSticker, CreateGuildSticker, EditGuildSticker,
    DeleteGuildSticker, GetTemplate, ListTemplates, CreateTemplate, EditTemplate, SyncTemplate,
    DeleteTemplate, CreateThread, CreateThreadFromMessage, JoinThread, LeaveThread, AddThreadMember,
    RemoveThreadMember, GetThreadMember, ListThreadMembers, ListPublicArchivedThreads,
    ListPrivateArchivedThreads, ListMyPrivateArchivedThreads, SearchThreads, GetCurrentUser,
    EditCurrentUser, GetUser, ListCurrentUserGuilds, GetCurrentUserMember, LeaveGuild, ListConnections,
    CreateDm, GetOwnVoiceState, GetVoiceState, EditOwnVoiceState, EditVoiceState, CreateWebhook,
    ListChannelWebhooks, GetWebhook, EditWebhook, DeleteWebhook, GetWebhookByToken, EditWebhookByToken,
    DeleteWebhookByToken, ExecuteSlackWebhook, ExecuteGithubWebhook, GetWidgetSettings,
    EditWidgetSettings, GetWidget, GetWidgetImage,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_a_path_of_its_own() {
        let mut found = 0;
        for (method, known) in operations() {
            let parts = known.parts.iter().map(|part| match variable(part) {
                Some(name) if name.ends_with("_id") => "81384788765712384",
                Some(_) => "a%20b",
                None => part,
            });
            let path: String = parts.flat_map(|part| ["/", part]).collect();
            assert_eq!(Route::of(&method, &path).name, known.route.name, "{path}");
            found += 1;
        }
        assert!(found > 200, "{found}");
    }

    #[test]
    fn a_path_counts_as_the_typed_call_does() {
        let path = "/channels/7/messages/81384788765712384";
        let deletion = Route::of(&Method::DELETE, path);
        assert_eq!(deletion.name, DeleteMessage::ROUTE);
        assert_eq!(deletion.major, Major::of(7_u64));
        assert_eq!(deletion.aged, Some(81_384_788_765_712_384));
        assert!(deletion.is_quiet_deletion);
        assert_eq!(Route::of(&Method::GET, path).aged, None);
        assert!(Route::of(&Method::POST, "/channels/7/messages").enforces_nonce);
        // As clients write it that quote what need not be.
        let me = Route::of(&Method::GET, "/users/%40me");
        assert_eq!((me.name, me.major), ("GET /users/@me", Major::NONE));
    }

    #[test]
    fn a_token_in_the_path_says_whose_it_is() {
        let of = |path: &str| {
            let route = Route::of(&Method::POST, path);
            assert!(!route.name.contains("3N"), "{}", route.name);
            (route.auth, route.major)
        };
        let (webhook, interaction) = ("tok-3N", "aW50ZXJhY3Rpb2463N");
        let by = Major::of(webhook);
        assert_eq!(of("/webhooks/7/tok-3N"), (Auth::Webhook, by));
        assert_eq!(of("/webhooks/7/tok-3N/new-thing"), (Auth::Webhook, by));
        let path = format!("/webhooks/7/{interaction}");
        assert_eq!(of(&path), (Auth::Interaction, Major::of(interaction)));
        let path = format!("/interactions/7/{interaction}/callback");
        assert_eq!(of(&path), (Auth::Interaction, Major::of(interaction)));
    }

    #[test]
    fn what_no_operation_has_goes_by_its_words() {
        let of = |method, path| Route::of(&method, path);
        let new = of(Method::POST, "/channels/7/new-things/8/Secret-tok3n");
        assert_eq!(new.name, "POST /channels/{}/new-things/{}/{}");
        assert_eq!((new.major, new.auth), (Major::of(7_u64), Auth::Bot));
        assert_eq!(
            of(Method::POST, "/channels/7/new-things/9/x9").name,
            new.name
        );
        assert_eq!(of(Method::GET, "/channels/abc/messages").major, Major::NONE);
        assert_eq!(of(Method::GET, "/").name, "GET /{}");
    }

    #[test]
    fn names_come_to_an_end_and_buckets_do_not() {
        let many = |n: u32| {
            let text = n.to_string();
            let word: String = text.bytes().map(|digit| char::from(digit + 49)).collect();
            Route::of(&Method::GET, &format!("/flood/{word}"))
        };
        let routes: Vec<_> = (0..400).map(many).collect();
        let unnamed: Vec<_> = routes.iter().filter(|it| it.name == TOO_MANY).collect();
        assert!(unnamed.len() >= 400 - OTHERS_MAX);
        let majors: BTreeSet<_> = unnamed.iter().map(|route| route.major).collect();
        assert_eq!(majors.len(), unnamed.len());
    }
}
