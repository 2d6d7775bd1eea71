//! Applications, commands, users, OAuth2, invites, lobbies, stages and the shop.

use ovenjs_rest::{
    ApplicationEmojiDraft, Client, CommandPermissionsEdit, ExternalAccount, FormerPlayer, Grant,
    GroupDraft, LobbyToJoin, Player, Recipient, Revocation, StageDraft,
};
use ovenjs_types::{
    CommandDraft, CommandPermission, DataUri, EntitlementOwnerType, ExternalAuthType, Id,
    LobbyMemberDraft, OAuth2Scope, RoleConnectionMetadata, RoleConnectionMetadataType,
    TestEntitlement, TextDisplay, Upload,
};

use super::{
    line::{Ids, Line, line, sends},
    talk::rows,
};

pub(super) fn lines(client: &Client, ids: &Ids) -> Vec<Line> {
    [
        application(client, ids),
        commands(client, ids),
        users(client, ids),
        lobbies(client, ids),
        shop(client, ids),
        oauth2(client, ids),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn application(client: &Client, ids: &Ids) -> Vec<Line> {
    let application = ids.application;
    let bearer = || ids.bearer.clone();
    let metadata = RoleConnectionMetadata::new(
        RoleConnectionMetadataType::IntegerEqual,
        "loaves",
        "Loaves",
        "Loaves baked",
    );
    vec![
        line(client.gateway()),
        line(client.bot_gateway()),
        line(client.current_application()),
        sends(
            client
                .edit_current_application()
                .description("Bakes")
                .custom_install_url("https://oven.example/in")
                .role_connections_verification_url("https://oven.example/roles")
                .tags(["bread".into()]),
        ),
        line(client.application(application)),
        sends(
            client
                .edit_application(application)
                .description("Bakes")
                .custom_install_url("https://oven.example/in")
                .role_connections_verification_url("https://oven.example/roles")
                .tags(["bread".into()]),
        ),
        line(client.activity_instance(application, "i-1-gc-2-3")),
        sends(client.upload_activity_attachment(application, Upload::new("a.png", &b"a"[..]))),
        line(client.application_emojis(application)),
        sends(
            client.create_application_emoji(
                application,
                ApplicationEmojiDraft::new("rye", picture()),
            ),
        ),
        line(client.application_emoji(application, Id::new(1))),
        sends(
            client
                .edit_application_emoji(application, Id::new(1))
                .name("oats"),
        ),
        line(client.delete_application_emoji(application, Id::new(1))),
        sends(
            client
                .set_role_connection_metadata(application)
                .body(vec![metadata]),
        ),
        line(client.role_connection_metadata(application)),
        sends(
            client
                .set_role_connection(bearer(), application)
                .platform_name("Bakery")
                .platform_username("ann"),
        ),
        line(client.role_connection(bearer(), application)),
        line(client.delete_role_connection(bearer(), application)),
        line(client.voice_regions()),
    ]
}

fn commands(client: &Client, ids: &Ids) -> Vec<Line> {
    let (application, guild) = (ids.application, ids.guild);
    let ping = || CommandDraft::slash("ping", "Answers");
    let everyone = CommandPermission::everyone(guild, true);
    let command = Id::new(1);
    vec![
        line(client.global_commands(application).with_localizations(true)),
        sends(client.create_global_command(application).body(ping())),
        line(client.global_command(application, command)),
        sends(
            client
                .edit_global_command(application, command)
                .body(ping()),
        ),
        line(client.delete_global_command(application, command)),
        sends(
            client
                .bulk_set_global_commands(application)
                .body(vec![ping()]),
        ),
        line(
            client
                .guild_commands(application, guild)
                .with_localizations(true),
        ),
        sends(
            client
                .create_guild_command(application, guild)
                .name("pong")
                .description("x"),
        ),
        line(client.guild_command(application, guild, command)),
        sends(
            client
                .edit_guild_command(application, guild, command)
                .body(ping()),
        ),
        line(client.delete_guild_command(application, guild, command)),
        sends(
            client
                .bulk_set_guild_commands(application, guild)
                .body(vec![ping()]),
        ),
        line(client.command_permissions(application, guild)),
        line(client.command_permissions_of(application, guild, command)),
        sends(
            client
                .set_command_permissions(ids.bearer.clone(), application, guild, command)
                .body(CommandPermissionsEdit::new([everyone])),
        ),
        line(client.set_all_command_permissions(application, guild)),
    ]
}

fn users(client: &Client, ids: &Ids) -> Vec<Line> {
    let bearer = || ids.bearer.clone();
    let (user, guild, channel) = (ids.user, ids.guild, ids.channel);
    vec![
        line(client.current_user()),
        sends(
            client
                .edit_current_user()
                .username("oven")
                .avatar(picture()),
        ),
        line(client.user(user)),
        line(client.current_user_guilds().limit(200).with_counts(true)),
        line(client.current_user_member(bearer(), guild)),
        line(client.leave_guild(Id::new(999))),
        line(client.connections(bearer())),
        sends(client.create_dm(Recipient::new(user))),
        sends(client.create_group_dm(GroupDraft::new([bearer()]))),
        line(client.invite("unknown").with_counts(true)),
        line(client.delete_invite("unknown")),
        line(client.invite_target_users("unknown")),
        sends(client.set_invite_target_users("unknown", rows(user))),
        line(client.invite_target_users_job("unknown")),
        sends(
            client.create_stage(StageDraft::new(channel, "Bread").send_start_notification(false)),
        ),
        line(client.stage(channel)),
        sends(client.edit_stage(channel).topic("Rye")),
        line(client.delete_stage(channel)),
    ]
}

fn lobbies(client: &Client, ids: &Ids) -> Vec<Line> {
    let bearer = || ids.bearer.clone();
    let (user, message) = (ids.user, ids.message);
    let lobby = Id::new(1);
    let mood = || ovenjs_types::LobbyMetadata::from([("mood".into(), "good".into())]);
    vec![
        sends(
            client
                .create_lobby()
                .metadata(mood())
                .members([LobbyMemberDraft::new(user)])
                .idle_timeout_seconds(60)
                .override_event_webhooks_url("https://oven.example/lobby"),
        ),
        sends(
            client
                .edit_lobby(lobby)
                .metadata(mood())
                .members([LobbyMemberDraft::new(user)])
                .override_event_webhooks_url("https://oven.example/lobby"),
        ),
        sends(client.join_lobby(bearer(), LobbyToJoin::new("secret").member_metadata(mood()))),
        line(client.lobby(lobby)),
        sends(client.link_lobby(bearer(), lobby).channel_id(ids.channel)),
        sends(
            client
                .add_lobby_member(lobby, user)
                .metadata(mood())
                .additional_name("Ann"),
        ),
        sends(client.edit_lobby_members(
            lobby,
            vec![LobbyMemberDraft::new(user).additional_name("Ann").remove_member(true)],
        )),
        line(client.remove_lobby_member(lobby, user)),
        line(client.leave_lobby(bearer(), lobby)),
        line(client.invite_lobby_member(lobby, user)),
        line(client.invite_myself_from_lobby(bearer(), lobby)),
        line(client.lobby_messages(bearer(), lobby).limit(200)),
        sends(
            client
                .create_lobby_message(bearer(), lobby)
                .content("hi")
                .nonce("order-8"),
        ),
        sends(
            client
                .create_lobby_message(bearer(), lobby)
                .component(TextDisplay::new("hi")),
        ),
        sends(
            client
                .set_lobby_message_moderation(lobby, message)
                .body([("spam", "no")]),
        ),
        sends(
            client
                .set_dm_moderation(user, Id::new(9), message)
                .body([("spam", "no")]),
        ),
        line(client.delete_lobby(lobby)),
    ]
}

fn shop(client: &Client, ids: &Ids) -> Vec<Line> {
    let application = ids.application;
    let (sku, entitlement) = (Id::new(1), Id::new(2));
    vec![
        line(client.skus(application)),
        line(
            client
                .entitlements(application)
                .sku_ids([sku, Id::new(3)])
                .user_id(ids.user)
                .limit(100),
        ),
        line(client.entitlement(application, entitlement)),
        sends(client.create_test_entitlement(
            application,
            TestEntitlement::new(sku, ids.user.cast(), EntitlementOwnerType::User),
        )),
        line(client.delete_test_entitlement(application, entitlement)),
        line(client.consume_entitlement(application, entitlement)),
        line(
            client
                .my_entitlements(ids.bearer.clone(), application)
                .sku_ids([sku]),
        ),
        line(client.subscriptions(sku).user_id(ids.user).limit(100)),
        line(client.subscription(sku, Id::new(4)).user_id(ids.user)),
    ]
}

fn oauth2(client: &Client, ids: &Ids) -> Vec<Line> {
    let bearer = || ids.bearer.clone();
    let credentials = || ids.credentials.clone();
    let scopes = vec![OAuth2Scope::Identify];
    let account = || ExternalAccount::new(ids.application, ExternalAuthType::Oidc, "token");
    vec![
        line(client.authorization(bearer())),
        line(client.oauth2_application()),
        line(client.oauth2_keys()),
        line(client.open_id_user(bearer())),
        sends(client.exchange_token(credentials(), Grant::Owner { scopes })),
        sends(client.revoke_token(credentials(), Revocation::from("unknown"))),
        sends(client.create_provisional_token(account().client_secret("secret"))),
        sends(client.unmerge_provisional_account(account().client_secret("secret"))),
        sends(
            client.create_provisional_token_as_bot(Player::new("p1").preferred_global_name("Ann")),
        ),
        sends(client.unmerge_provisional_account_as_bot(FormerPlayer::new("p1"))),
    ]
}

/// The least of a picture.
fn picture() -> DataUri {
    DataUri::new("image/png", &b"\x89PNG\r\n\x1a\n"[..])
}
