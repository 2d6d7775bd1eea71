use ovenjs_mock::{Config, Discord};
use serde_json::{Value, json};

use crate::raw::{Socket, call, send};

#[tokio::test]
async fn a_command_is_registered_typed_and_answered() {
    let (discord, mut socket) = bakery().await;
    let ann = discord.user("ann");
    let (answer, ()) = tokio::join!(ann.slash("/feedback topic:the docs score:5"), async {
        let event = socket.event("INTERACTION_CREATE").await["d"].clone();
        assert_eq!(
            event["data"]["options"],
            json!([
                { "name": "topic", "type": 3, "value": "the docs" },
                { "name": "score", "type": 4, "value": 5 },
            ])
        );
        assert_eq!(event["member"]["user"]["username"], "ann");
        // Faults of the message are told where it stands in the callback.
        let empty = json!({ "type": 4, "data": { "embeds": [{}] } });
        let refused = respond(&discord, &event, empty, "").await;
        let place = "/errors/data/embeds/0/description/_errors/0/code";
        let code = refused.body.pointer(place).and_then(Value::as_str);
        assert_eq!(code, Some("BASE_TYPE_REQUIRED"), "{}", refused.body);
        let data = json!({ "content": "noted", "flags": 64, "components": [{ "type": 1, "components": [
            { "type": 2, "style": 1, "label": "Give feedback", "custom_id": "give" },
        ]}]});
        let answered = respond(
            &discord,
            &event,
            json!({ "type": 4, "data": data }),
            "?with_response=true",
        )
        .await;
        assert_eq!(answered.status, 200, "{}", answered.body);
        assert_eq!(answered.body["resource"]["message"]["content"], "noted");
        let twice = respond(
            &discord,
            &event,
            json!({ "type": 4, "data": { "content": "again" } }),
            "",
        )
        .await;
        assert_eq!((twice.status, twice.code()), (400, Some(40060)));
    });
    assert_eq!((answer.content(), answer.ephemeral()), ("noted", true));
    assert_eq!(answer.buttons(), ["Give feedback"]);

    let (form, ()) = tokio::join!(answer.click("Give feedback"), async {
        let event = socket.event("INTERACTION_CREATE").await["d"].clone();
        assert_eq!(
            (event["type"].as_u64(), event["data"]["custom_id"].as_str()),
            (Some(3), Some("give"))
        );
        assert_eq!(event["message"]["content"], "noted");
        let field = json!({ "type": 4, "custom_id": "text", "style": 2, "label": "Your words", "required": true });
        let data = json!({ "custom_id": "form", "title": "Feedback", "components": [
            { "type": 1, "components": [field] },
        ]});
        let opened = respond(&discord, &event, json!({ "type": 9, "data": data }), "").await;
        assert_eq!(opened.status, 204, "{}", opened.body);
    });
    let modal = form.modal().expect("a modal");
    assert_eq!((modal.title(), modal.fields().len()), ("Feedback", 1));
    assert!(
        form.attempt()
            .fill("text", "")
            .await
            .unwrap_err()
            .to_string()
            .contains("must be filled")
    );

    let (thanks, ()) = tokio::join!(form.fill("Your words", "cinnamon").into_future(), async {
        let event = socket.event("INTERACTION_CREATE").await["d"].clone();
        assert_eq!(event["type"], 5);
        assert_eq!(
            event["data"]["components"][0]["components"][0]["value"],
            "cinnamon"
        );
        let deferred = respond(&discord, &event, json!({ "type": 5 }), "").await;
        assert_eq!(deferred.status, 204, "{}", deferred.body);
        let edited = token_call(
            &discord,
            "PATCH",
            &event,
            "/messages/@original",
            Some(json!({ "content": "thanks" })),
        )
        .await;
        assert_eq!(edited.status, 200, "{}", edited.body);
        let more = token_call(
            &discord,
            "POST",
            &event,
            "?wait=true",
            Some(json!({ "content": "more" })),
        )
        .await;
        assert_eq!(more.status, 200, "{}", more.body);
    });
    assert_eq!(thanks.content(), "thanks");
    assert_eq!(thanks.follow_up(1).await.content(), "more");
    assert_eq!(discord.violations(), Vec::<String>::new());
    assert_eq!(discord.warnings(), Vec::<String>::new());
}

#[tokio::test]
async fn a_button_can_update_its_message_or_wait_with_it() {
    let (discord, mut socket) = bakery().await;
    let row = json!([{ "type": 1, "components": [{ "type": 2, "style": 2, "label": "Next", "custom_id": "next" }] }]);
    let body = json!({ "content": "page 1", "components": row });
    let path = format!("/channels/{}/messages", discord.channel_id());
    assert_eq!(call(&discord, "POST", &path, Some(body)).await.status, 200);
    let message = discord.next_bot_message().await.unwrap();
    let ann = discord.user("ann");

    let (turned, ()) = tokio::join!(ann.clicks(&message, "Next"), async {
        let event = socket.event("INTERACTION_CREATE").await["d"].clone();
        respond(
            &discord,
            &event,
            json!({ "type": 7, "data": { "content": "page 2" } }),
            "",
        )
        .await;
    });
    assert_eq!(
        (turned.content(), turned.message().unwrap().id()),
        ("page 2", message.id())
    );

    let (turned, ()) = tokio::join!(turned.attempt().click("next"), async {
        let event = socket.event("INTERACTION_CREATE").await["d"].clone();
        assert_eq!(
            respond(&discord, &event, json!({ "type": 6 }), "")
                .await
                .status,
            204
        );
        let edited = token_call(
            &discord,
            "PATCH",
            &event,
            "/messages/@original",
            Some(json!({ "content": "page 3" })),
        )
        .await;
        assert_eq!(edited.status, 200, "{}", edited.body);
        let gone = token_call(&discord, "DELETE", &event, "/messages/@original", None).await;
        assert_eq!(gone.status, 204);
        let gone = token_call(&discord, "GET", &event, "/messages/@original", None).await;
        assert_eq!(gone.code(), Some(10008));
    });
    assert!(turned.is_ok());
    assert!(
        ann.attempt()
            .clicks(&message, "Back")
            .await
            .unwrap_err()
            .to_string()
            .contains("there is Next")
    );
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn choices_are_offered_while_typing() {
    let (discord, mut socket) = bakery().await;
    let ann = discord.user("ann");
    let (choices, ()) = tokio::join!(ann.completes("/bake flour:ry"), async {
        let event = socket.event("INTERACTION_CREATE").await["d"].clone();
        assert_eq!(
            event["data"]["options"],
            json!([{ "name": "flour", "type": 3, "value": "ry", "focused": true }])
        );
        let wrong = respond(
            &discord,
            &event,
            json!({ "type": 4, "data": { "content": "x" } }),
            "",
        )
        .await;
        assert_eq!(wrong.code(), Some(50035));
        let data = json!({ "choices": [{ "name": "rye", "value": "rye" }] });
        assert_eq!(
            respond(&discord, &event, json!({ "type": 8, "data": data }), "")
                .await
                .status,
            204
        );
    });
    assert_eq!(choices[0].text("/name"), Some("rye"));
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_typed_wrong_is_explained() {
    let (discord, _socket) = bakery().await;
    let ann = discord.user("ann");
    let cases = [
        ("/moon", "no command /moon"),
        ("/feedback score:5", "needs the option topic"),
        (
            "/feedback topic:docs score:five",
            "score wants a whole number",
        ),
        ("/feedback topic:docs score:9", "score must be at most 5"),
        (
            "/feedback colour:red",
            "no option colour: there is topic, score",
        ),
        ("/feedback topic:docs colour:red", "no option colour"),
        ("/feedback topic:docs topic:bread", "takes topic once"),
    ];
    for (typed, wanted) in cases {
        let error = ann.attempt().slash(typed).await.unwrap_err().to_string();
        assert!(error.contains(wanted), "{typed}: {error}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_an_unknown_interaction() {
    let config = Config::default().interaction_deadline(std::time::Duration::ZERO);
    let discord = Discord::start(config).await.unwrap();
    register(&discord).await;
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", 1).await;
    let ann = discord.user("ann");
    let (answer, ()) = tokio::join!(ann.attempt().slash("/feedback topic:docs"), async {
        let event = socket.event("INTERACTION_CREATE").await["d"].clone();
        let late = loop {
            // The deadline is this very millisecond: ask until it is over.
            let early = token_call(&discord, "GET", &event, "/messages/@original", None).await;
            assert_eq!(early.code(), Some(10015));
            let answer = respond(&discord, &event, json!({ "type": 6 }), "").await;
            if answer.code() != Some(50035) {
                break answer;
            }
        };
        assert_eq!((late.status, late.code()), (404, Some(10062)));
    });
    assert!(answer.unwrap_err().to_string().contains("initial response"));
}

#[tokio::test]
async fn commands_keep_their_ids_and_refuse_what_discord_refuses() {
    let (discord, _socket) = bakery().await;
    let commands = format!("/applications/{}/commands", discord.application_id());
    let before = call(&discord, "GET", &commands, None).await;
    let id = before.body[0]["id"].clone();
    let set = json!([{ "name": "feedback", "description": "new words" }]);
    let after = call(&discord, "PUT", &commands, Some(set)).await;
    assert_eq!(
        (&after.body[0]["id"], after.body.as_array().map(Vec::len)),
        (&id, Some(1))
    );
    assert_ne!(after.body[0]["version"], before.body[0]["version"]);

    let error = |body: Value, pointer: &'static str| {
        let (discord, commands) = (&discord, &commands);
        async move {
            let answer = call(discord, "PUT", commands, Some(body)).await;
            assert_eq!(
                (answer.status, answer.code()),
                (400, Some(50035)),
                "{}",
                answer.body
            );
            answer
                .body
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        }
    };
    let one = json!({ "name": "a", "description": "a" });
    assert_eq!(
        error(json!([one, one]), "/errors/1/_errors/0/code").await,
        "APPLICATION_COMMANDS_DUPLICATE_NAME"
    );
    let loud = json!([{ "name": "Loud", "description": "a" }]);
    assert_eq!(
        error(loud, "/errors/0/name/_errors/0/code").await,
        "APPLICATION_COMMAND_INVALID_NAME"
    );
    let order = json!([{ "name": "a", "description": "a", "options": [
        { "type": 3, "name": "x", "description": "x" },
        { "type": 3, "name": "y", "description": "y", "required": true },
    ]}]);
    assert_eq!(
        error(order, "/errors/0/options/1/_errors/0/code").await,
        "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
    );

    let created = call(&discord, "POST", &commands, Some(one.clone())).await;
    assert_eq!(created.status, 201);
    assert_eq!(
        call(&discord, "POST", &commands, Some(one)).await.status,
        200
    );
    let path = format!("{commands}/{}", created.body["id"].as_str().unwrap());
    assert_eq!(
        call(
            &discord,
            "PATCH",
            &path,
            Some(json!({ "description": "b" }))
        )
        .await
        .body["description"],
        "b"
    );
    assert_eq!(call(&discord, "DELETE", &path, None).await.status, 204);
    assert_eq!(call(&discord, "GET", &path, None).await.code(), Some(10063));
    assert_eq!(discord.commands(None).len(), 1);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_modal_of_a_command_is_closed_and_the_command_goes_on() {
    let (discord, mut socket) = bakery().await;
    let ann = discord.user("ann");
    let (form, command) = tokio::join!(ann.slash("/bake"), async {
        let event = socket.event("INTERACTION_CREATE").await["d"].clone();
        let field = json!({ "type": 4, "custom_id": "flour", "style": 1, "label": "Which flour?" });
        let data = json!({ "custom_id": "form", "title": "Bake", "components": [
            { "type": 1, "components": [field] },
        ]});
        let opened = respond(&discord, &event, json!({ "type": 9, "data": data }), "").await;
        assert_eq!(opened.status, 204, "{}", opened.body);
        event
    });
    let (baked, ()) = tokio::join!(form.fill("flour", "rye"), async {
        let event = socket.event("INTERACTION_CREATE").await["d"].clone();
        // There is no message that could be changed, but it may be closed as if there were one.
        let changed = json!({ "type": 7, "data": { "content": "changed" } });
        let refused = respond(&discord, &event, changed, "").await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        let closed = respond(&discord, &event, json!({ "type": 6 }), "").await;
        assert_eq!(closed.status, 204, "{}", closed.body);
        let body = Some(json!({ "content": "rye bread" }));
        let told = token_call(&discord, "POST", &command, "", body).await;
        assert_eq!(told.status, 200, "{}", told.body);
    });
    baked.says("rye bread");
    assert_eq!(discord.violations(), Vec::<String>::new());
}

async fn bakery() -> (Discord, Socket) {
    let discord = Discord::start(Config::default()).await.unwrap();
    register(&discord).await;
    let (socket, _) = Socket::identified(&discord, "v=10&encoding=json", 1).await;
    (discord, socket)
}

async fn register(discord: &Discord) {
    let commands = format!("/applications/{}/commands", discord.application_id());
    let body = json!([
        { "name": "feedback", "description": "Say what you think", "options": [
            { "type": 3, "name": "topic", "description": "About what", "required": true },
            { "type": 4, "name": "score", "description": "How good", "min_value": 1, "max_value": 5 },
        ]},
        { "name": "bake", "description": "Bake", "options": [
            { "type": 3, "name": "flour", "description": "Which", "autocomplete": true },
        ]},
    ]);
    let answer = call(discord, "PUT", &commands, Some(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

async fn respond(discord: &Discord, event: &Value, body: Value, query: &str) -> crate::raw::Answer {
    let (id, token) = (
        event["id"].as_str().unwrap(),
        event["token"].as_str().unwrap(),
    );
    let path = format!("/api/v10/interactions/{id}/{token}/callback{query}");
    send(
        discord.address(),
        "POST",
        &path,
        &[],
        Some((body.to_string(), "application/json")),
    )
    .await
}

async fn token_call(
    discord: &Discord,
    method: &str,
    event: &Value,
    rest: &str,
    body: Option<Value>,
) -> crate::raw::Answer {
    let path = format!(
        "/api/v10/webhooks/{}/{}{rest}",
        discord.application_id(),
        event["token"].as_str().unwrap()
    );
    let body = body.map(|body| (body.to_string(), "application/json"));
    send(discord.address(), method, &path, &[], body).await
}

#[tokio::test]
async fn commands_work_in_private_too() {
    let (discord, mut socket) = bakery().await;
    let ann = discord.user("ann").in_private();
    let (answer, ()) = tokio::join!(ann.slash("/feedback topic:secrets"), async {
        let event = socket.event("INTERACTION_CREATE").await["d"].clone();
        assert_eq!(
            (&event["guild_id"], &event["member"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(event["user"]["username"], "ann");
        assert_eq!(event["context"], 1);
        let body = json!({ "type": 4, "data": { "content": "between us" } });
        assert_eq!(respond(&discord, &event, body, "").await.status, 204);
    });
    assert_eq!(answer.content(), "between us");
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn context_menus_name_their_target() {
    let (discord, mut socket) = bakery().await;
    let commands = format!("/applications/{}/commands", discord.application_id());
    for (name, kind) in [("Who is this", 2), ("Keep", 3)] {
        let body = json!({ "name": name, "type": kind });
        assert_eq!(
            call(&discord, "POST", &commands, Some(body)).await.status,
            201
        );
    }
    let ann = discord.user("ann");
    let said = ann.says("rye").await;
    let answered = async {
        for pointer in ["/data/resolved/messages", "/data/resolved/members"] {
            let event = socket.event("INTERACTION_CREATE").await["d"].clone();
            let target = event["data"]["target_id"].as_str().unwrap();
            assert!(event.pointer(pointer).unwrap()[target].is_object());
            let body = json!({ "type": 4, "data": { "content": target } });
            assert_eq!(respond(&discord, &event, body, "").await.status, 204);
        }
    };
    let played = async {
        let kept = ann.uses_on_message("Keep", &said).await;
        assert_eq!(kept.content(), said.id().to_string());
        let who = ann.uses_on_user("Who is this", ann.id()).await;
        assert_eq!(who.content(), ann.id().to_string());
    };
    tokio::join!(answered, played);
    assert!(ann.attempt().uses_on_user("Keep", ann.id()).await.is_err());
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn without_a_bot_nobody_waits_for_one() {
    let discord = Discord::start(Config::default()).await.unwrap();
    register(&discord).await;
    let error = discord
        .user("ann")
        .attempt()
        .slash("/feedback topic:docs")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no bot is connected to answer /feedback topic:docs"
    );
}
