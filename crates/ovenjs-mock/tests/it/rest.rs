use ovenjs_mock::{Config, Discord, Guild, Overwrite};
use serde_json::json;

use crate::raw::{ALL_INTENTS, Socket, call, send};

#[tokio::test]
async fn a_client_finds_itself_its_gateway_and_its_guild() {
    let discord = Discord::start(Config::default().application("Pantry"))
        .await
        .unwrap();
    let gateway = call(&discord, "GET", "/gateway/bot", None).await;
    assert_eq!(gateway.body["url"], discord.gateway_url());
    assert_eq!(gateway.body["session_start_limit"]["max_concurrency"], 1);
    assert_eq!(
        call(&discord, "GET", "/gateway", None).await.body["url"],
        discord.gateway_url()
    );
    assert_eq!(
        call(&discord, "GET", "/users/@me", None).await.body["username"],
        "Pantry"
    );
    for path in ["/oauth2/applications/@me", "/applications/@me"] {
        assert_eq!(
            call(&discord, "GET", path, None).await.body["name"],
            "Pantry"
        );
    }
    let guild = discord.guild_id();
    let paths = [
        format!("/guilds/{guild}?with_counts=true"),
        format!("/guilds/{guild}/channels"),
        format!("/guilds/{guild}/roles"),
        format!("/guilds/{guild}/members?limit=10"),
        format!("/guilds/{guild}/members/{}", discord.bot_id()),
        format!("/guilds/{guild}/members/@me"),
        format!("/channels/{}", discord.channel_id()),
        "/users/@me/guilds".to_owned(),
    ];
    for path in paths {
        assert_eq!(
            call(&discord, "GET", &path, None).await.status,
            200,
            "{path}"
        );
    }
    assert_eq!(discord.violations(), Vec::<String>::new());
    assert_eq!(discord.warnings(), Vec::<String>::new());
}

#[tokio::test]
async fn a_message_is_written_changed_reacted_to_pinned_and_deleted() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", ALL_INTENTS).await;
    let messages = format!("/channels/{}/messages", discord.channel_id());
    let body = json!({
        "content": "bread",
        "embeds": [{ "title": "Loaf", "fields": [{ "name": "a", "value": "b" }] }],
        "components": [{ "type": 1, "components": [
            { "type": 2, "style": 1, "label": "Slice", "custom_id": "slice" },
        ]}],
    });
    let written = call(&discord, "POST", &messages, Some(body)).await;
    assert_eq!(written.status, 200, "{}", written.body);
    let id = written.body["id"].as_str().unwrap().to_owned();
    let event = socket.event("MESSAGE_CREATE").await;
    assert_eq!(
        (
            event["d"]["id"].as_str(),
            event["d"]["embeds"][0]["type"].as_str()
        ),
        (Some(&*id), Some("rich"))
    );
    let seen = discord.next_bot_message().await.unwrap();
    assert_eq!(
        (seen.content(), seen.buttons()),
        ("bread", vec!["Slice".to_owned()])
    );

    let one = format!("{messages}/{id}");
    let changed = call(&discord, "PATCH", &one, Some(json!({ "content": "toast" }))).await;
    assert_eq!(changed.body["content"], "toast");
    assert!(changed.body["edited_timestamp"].is_string());
    assert_eq!(
        socket.event("MESSAGE_UPDATE").await["d"]["content"],
        "toast"
    );

    let emoji = "%F0%9F%8D%9E";
    assert_eq!(
        call(
            &discord,
            "PUT",
            &format!("{one}/reactions/{emoji}/@me"),
            None
        )
        .await
        .status,
        204
    );
    assert_eq!(
        socket.event("MESSAGE_REACTION_ADD").await["d"]["emoji"]["name"],
        "🍞"
    );
    let users = call(&discord, "GET", &format!("{one}/reactions/{emoji}"), None).await;
    assert_eq!(users.body[0]["id"], discord.bot_id().to_string());
    let got = call(&discord, "GET", &one, None).await;
    assert_eq!(got.body["reactions"][0]["me"], true);
    assert_eq!(
        call(
            &discord,
            "DELETE",
            &format!("{one}/reactions/{emoji}/@me"),
            None
        )
        .await
        .status,
        204
    );
    socket.event("MESSAGE_REACTION_REMOVE").await;
    assert_eq!(
        call(&discord, "PUT", &format!("{one}/reactions/bread/@me"), None)
            .await
            .code(),
        Some(10014)
    );

    assert_eq!(
        call(&discord, "PUT", &format!("{messages}/pins/{id}"), None)
            .await
            .status,
        204
    );
    let pins = call(&discord, "GET", &format!("{messages}/pins"), None).await;
    assert_eq!(pins.body["items"][0]["message"]["id"], id);
    assert_eq!(
        call(&discord, "DELETE", &format!("{messages}/pins/{id}"), None)
            .await
            .status,
        204
    );

    let typing = format!("/channels/{}/typing", discord.channel_id());
    assert_eq!(call(&discord, "POST", &typing, None).await.status, 204);
    socket.event("TYPING_START").await;
    assert_eq!(call(&discord, "DELETE", &one, None).await.status, 204);
    assert_eq!(socket.event("MESSAGE_DELETE").await["d"]["id"], id);
    assert_eq!(call(&discord, "GET", &one, None).await.code(), Some(10008));
    assert_eq!(discord.violations(), Vec::<String>::new());
    assert_eq!(discord.warnings(), Vec::<String>::new());
}

#[tokio::test]
async fn replies_lists_and_threads_hold_together() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let ann = discord.user("ann");
    let asked = ann.says("fresh?").await;
    let channel = discord.channel_id();
    let messages = format!("/channels/{channel}/messages");
    let reply =
        json!({ "content": "yes", "message_reference": { "message_id": asked.id().to_string() } });
    let reply = call(&discord, "POST", &messages, Some(reply)).await;
    assert_eq!(reply.body["type"], 19);
    assert_eq!(reply.body["referenced_message"]["content"], "fresh?");
    let again = ann.says("thanks").replying_to(&asked).await;
    assert_eq!(
        again.json().text("/referenced_message/content"),
        Some("fresh?")
    );

    let list = call(&discord, "GET", &format!("{messages}?limit=2"), None).await;
    assert_eq!(list.body[0]["content"], "thanks");
    let list = call(
        &discord,
        "GET",
        &format!("{messages}?after={}", asked.id()),
        None,
    )
    .await;
    assert_eq!(list.body.as_array().map(Vec::len), Some(2));

    let thread = call(
        &discord,
        "POST",
        &format!("{messages}/{}/threads", asked.id()),
        Some(json!({ "name": "crumbs" })),
    )
    .await;
    assert_eq!(thread.status, 201, "{}", thread.body);
    let inside = format!("/channels/{}/messages", thread.body["id"].as_str().unwrap());
    assert_eq!(
        call(
            &discord,
            "POST",
            &inside,
            Some(json!({ "content": "here" }))
        )
        .await
        .status,
        200
    );

    let dm = call(
        &discord,
        "POST",
        "/users/@me/channels",
        Some(json!({ "recipient_id": ann.id().to_string() })),
    )
    .await;
    assert_eq!(dm.body["type"], 1);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn files_come_as_multipart_and_can_be_read_again() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let body = "--b\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n\
        {\"content\":\"recipe\",\"attachments\":[{\"id\":0,\"description\":\"how\"}]}\r\n\
        --b\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"recipe.txt\"\r\nContent-Type: text/plain\r\n\r\n\
        flour\r\n--b--\r\n";
    let path = format!("/api/channels/{}/messages", discord.channel_id());
    let token = format!("Bot {}", discord.token());
    let multipart = "multipart/form-data; boundary=b";
    let answer = send(
        discord.address(),
        "POST",
        &path,
        &[("authorization", &token)],
        Some((body.to_owned(), multipart)),
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let attachment = &answer.body["attachments"][0];
    assert_eq!(
        (attachment["filename"].as_str(), attachment["size"].as_u64()),
        (Some("recipe.txt"), Some(5))
    );
    let url = attachment["url"].as_str().unwrap();
    let file = send(
        discord.address(),
        "GET",
        url.strip_prefix(&discord.url()).unwrap(),
        &[],
        None,
    )
    .await;
    assert_eq!(file.body, "flour");
    let request = discord
        .wait_for_request("POST", "/channels/{channel_id}/messages")
        .await
        .unwrap();
    assert_eq!(request.files, [("recipe.txt".to_owned(), 5)]);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn refusals_are_discords() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let messages = format!("/channels/{}/messages", discord.channel_id());
    let post = |body| call(&discord, "POST", &messages, Some(body));

    let long = post(json!({ "embeds": [{ "title": "x".repeat(257) }] })).await;
    assert_eq!((long.status, long.code()), (400, Some(50035)));
    assert_eq!(
        long.body["errors"]["embeds"]["0"]["title"]["_errors"][0]["code"],
        "BASE_TYPE_MAX_LENGTH"
    );
    assert_eq!(post(json!({})).await.code(), Some(50006));
    assert_eq!(post(json!({ "content": " \n" })).await.code(), Some(50006));
    assert_eq!(
        post(json!({ "content": "x".repeat(2001) })).await.code(),
        Some(50035)
    );
    let twice = json!({ "type": 2, "style": 1, "label": "a", "custom_id": "a" });
    let twice = post(json!({ "components": [{ "type": 1, "components": [twice, twice] }] })).await;
    assert_eq!(
        twice.body["errors"]["components"]["0"]["components"]["1"]["custom_id"]["_errors"][0]["code"],
        "COMPONENT_CUSTOM_ID_DUPLICATED"
    );

    let cases = [
        ("GET", "/channels/1", 404, 10003),
        ("GET", "/guilds/1", 404, 10004),
        ("GET", "/users/1", 404, 10013),
        ("GET", "/moon", 404, 0),
        ("PATCH", "/gateway", 405, 0),
    ];
    for (method, path, status, code) in cases {
        let answer = call(&discord, method, path, None).await;
        assert_eq!(
            (answer.status, answer.code()),
            (status, Some(code)),
            "{path}"
        );
    }
    let address = discord.address();
    let anonymous = send(
        address,
        "GET",
        "/api/v10/users/@me",
        &[("authorization", "Bot wrong")],
        None,
    )
    .await;
    assert_eq!(
        (anonymous.status, anonymous.body["message"].as_str()),
        (401, Some("401: Unauthorized"))
    );
    let token = format!("Bot {}", discord.token());
    let garbage = Some(("{".to_owned(), "application/json"));
    let garbage = send(
        address,
        "POST",
        &format!("/api/v10{messages}"),
        &[("authorization", &token)],
        garbage,
    )
    .await;
    assert_eq!((garbage.status, garbage.code()), (400, Some(50109)));
    assert_eq!(
        send(address, "GET", "/api/v3/gateway", &[], None)
            .await
            .code(),
        Some(50041)
    );
    assert_eq!(discord.invalid_requests(), 1);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn permissions_decide() {
    let send_only = 1 << 10 | 1 << 11;
    let discord = Discord::start(
        Config::default().guilds([Guild::named("Strict").bot_permissions(send_only)]),
    )
    .await
    .unwrap();
    let channel = discord.channel_id();
    let messages = format!("/channels/{channel}/messages");
    let said = discord.user("ann").says("hello").await;
    let one = format!("{messages}/{}", said.id());

    assert_eq!(
        call(
            &discord,
            "POST",
            &messages,
            Some(json!({ "content": "hi" }))
        )
        .await
        .status,
        200
    );
    let embed = json!({ "embeds": [{ "title": "Loaf" }] });
    assert_eq!(
        call(&discord, "POST", &messages, Some(embed)).await.code(),
        Some(50013)
    );
    assert_eq!(
        call(&discord, "DELETE", &one, None).await.code(),
        Some(50013)
    );
    assert_eq!(
        call(&discord, "PATCH", &one, Some(json!({ "content": "x" })))
            .await
            .code(),
        Some(50005)
    );
    assert_eq!(
        call(
            &discord,
            "PUT",
            &format!("{one}/reactions/%F0%9F%8D%9E/@me"),
            None
        )
        .await
        .code(),
        Some(50013)
    );
    let ban = format!(
        "/guilds/{}/bans/{}",
        discord.guild_id(),
        discord.user("ann").id()
    );
    assert_eq!(
        call(&discord, "PUT", &ban, Some(json!({}))).await.code(),
        Some(50013)
    );

    discord.overwrite(channel, [Overwrite::role(discord.guild_id()).deny(1 << 11)]);
    assert_eq!(
        call(
            &discord,
            "POST",
            &messages,
            Some(json!({ "content": "hi" }))
        )
        .await
        .code(),
        Some(50013)
    );
    discord.overwrite(channel, [Overwrite::member(discord.bot_id()).deny(1 << 10)]);
    assert_eq!(
        call(
            &discord,
            "POST",
            &messages,
            Some(json!({ "content": "hi" }))
        )
        .await
        .code(),
        Some(50001)
    );
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn what_happens_in_a_hidden_channel_is_not_told() {
    let plan = Guild::named("The Bakery").channels(["office", "shop"]);
    let discord = Discord::start(Config::default().guilds([plan]))
        .await
        .unwrap();
    let office = discord.channel_id();
    discord.overwrite(office, [Overwrite::member(discord.bot_id()).deny(1 << 10)]);
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", ALL_INTENTS).await;
    let ann = discord.user("ann");
    ann.says("the figures").await;
    let shop = discord.channel_named("shop").unwrap();
    ann.in_channel(shop).says("bread!").await;
    assert_eq!(
        socket.event("MESSAGE_CREATE").await["d"]["content"],
        "bread!"
    );
}

#[tokio::test]
async fn nobody_moderates_a_direct_message() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let ann = discord.user("ann");
    let body = json!({ "recipient_id": ann.id().to_string() });
    let dm = call(&discord, "POST", "/users/@me/channels", Some(body)).await;
    let dm = dm.body["id"].as_str().unwrap().parse().unwrap();
    let said = ann.in_channel(dm).says("psst").await;
    let one = format!("/channels/{dm}/messages/{}", said.id());
    let refused = call(&discord, "DELETE", &one, None).await;
    assert_eq!((refused.status, refused.code()), (403, Some(50003)));
}

#[tokio::test]
async fn lists_of_commands_leave_out_translations_at_every_depth() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let commands = format!("/applications/{}/commands", discord.application_id());
    let names = json!({ "de": "brot" });
    let body = json!({
        "name": "bread", "description": "bake", "name_localizations": names,
        "options": [{ "type": 3, "name": "kind", "description": "which",
            "name_localizations": names,
            "choices": [{ "name": "rye", "value": "rye", "name_localizations": names }] }],
    });
    assert_eq!(
        call(&discord, "POST", &commands, Some(body)).await.status,
        201
    );
    let list = call(&discord, "GET", &commands, None).await;
    assert!(
        !list.body.to_string().contains("localizations"),
        "{}",
        list.body
    );
    let whole = call(
        &discord,
        "GET",
        &format!("{commands}?with_localizations=true"),
        None,
    )
    .await;
    assert_eq!(whole.body.to_string().matches("\"brot\"").count(), 3);
}

#[tokio::test]
async fn members_are_named_banned_and_freed() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", ALL_INTENTS).await;
    let (guild, ann) = (discord.guild_id(), discord.user("ann").id());
    let member = format!("/guilds/{guild}/members/{ann}");
    let named = call(&discord, "PATCH", &member, Some(json!({ "nick": "Annie" }))).await;
    assert_eq!(named.body["nick"], "Annie");
    assert_eq!(
        socket.event("GUILD_MEMBER_UPDATE").await["d"]["nick"],
        "Annie"
    );
    let ban = format!("/guilds/{guild}/bans/{ann}");
    let banned = call(&discord, "PUT", &ban, Some(json!({}))).await;
    assert_eq!(banned.status, 204, "{}", banned.body);
    assert_eq!(
        socket.event("GUILD_BAN_ADD").await["d"]["user"]["username"],
        "ann"
    );
    let bans = call(&discord, "GET", &format!("/guilds/{guild}/bans"), None).await;
    assert_eq!(bans.body[0]["user"]["id"], ann.to_string());
    assert_eq!(
        call(&discord, "GET", &member, None).await.code(),
        Some(10007)
    );
    assert_eq!(call(&discord, "DELETE", &ban, None).await.status, 204);
    assert_eq!(
        call(&discord, "DELETE", &ban, None).await.code(),
        Some(10026)
    );
    assert_eq!(discord.violations(), Vec::<String>::new());
}
