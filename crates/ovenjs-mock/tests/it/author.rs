//! What the author of a bot lets users do: choose, fill, upload, open threads.

use std::sync::{Arc, Mutex};

use ovenjs_mock::{Config, Discord, Guild};
use serde_json::{Value, json};

use crate::{
    endpoints::{Endpoint, json as answer, message},
    raw::{ALL_INTENTS, Socket, call},
};

#[tokio::test]
async fn selects_of_all_kinds_tell_what_was_chosen() {
    let bakery = Bakery::open(|_| message("noted")).await;
    let discord = &bakery.discord;
    let select = |kind: u64, more: Value| {
        let mut select = json!({ "type": kind, "custom_id": format!("s{kind}"), "placeholder": format!("Select {kind}") });
        for (key, value) in more.as_object().unwrap() {
            select[key] = value.clone();
        }
        json!({ "type": 1, "components": [select] })
    };
    let options = [
        ("rye", "Rye bread"),
        ("wheat", "Wheat bread"),
        ("a,b", "Both"),
    ]
    .map(|(value, label)| json!({ "value": value, "label": label }));
    let body = json!({ "content": "Choose", "components": [
        select(3, json!({ "options": options, "max_values": 2 })),
        select(5, json!({})),
        select(6, json!({ "min_values": 0 })),
        select(7, json!({ "max_values": 3 })),
        select(8, json!({ "channel_types": [2] })),
    ]});
    let path = format!("/channels/{}/messages", discord.channel_id());
    assert_eq!(call(discord, "POST", &path, Some(body)).await.status, 200);
    let shown = discord.expect_bot_message().await;
    let (ann, ben) = (discord.user("ann"), discord.user("ben"));
    let ben_id = ben.id().to_string();
    let role = role(discord, "bakers").await;

    ann.chooses(&shown, "Select 3", &["Rye bread", "wheat"])
        .await;
    assert_eq!(bakery.data()["values"], json!(["rye", "wheat"]));
    assert!(bakery.data()["resolved"].is_null());
    ann.chooses(&shown, "s3", &["a,b"]).await;
    let told = ann.attempt().chooses(&shown, "s", &["rye"]).await;
    let told = told.unwrap_err().to_string();
    assert!(
        told.contains("no select s: there is the select Select 3"),
        "{told}"
    );
    assert_eq!(bakery.data()["values"], json!(["a,b"]));

    ann.chooses(&shown, "Select 5", &["@Ben"]).await;
    assert_eq!(bakery.data()["values"], json!([ben_id]));
    let resolved = &bakery.data()["resolved"];
    assert_eq!(resolved["users"][&ben_id]["username"], "ben");
    assert!(resolved["members"][&ben_id]["permissions"].is_string());
    assert!(resolved["members"][&ben_id]["user"].is_null());

    ann.chooses(&shown, "Select 6", &["bakers"]).await;
    assert_eq!(bakery.data()["values"], json!([role]));
    assert_eq!(bakery.data()["resolved"]["roles"][&role]["name"], "bakers");
    ann.chooses(&shown, "Select 6", &[]).await;
    assert_eq!(bakery.data()["values"], json!([]));

    ann.chooses(&shown, "Select 7", &["bakers", "ben"]).await;
    assert_eq!(bakery.data()["values"], json!([role, ben_id]));
    let resolved = &bakery.data()["resolved"];
    assert_eq!(
        (
            resolved["roles"].as_object().unwrap().len(),
            resolved["users"].as_object().unwrap().len()
        ),
        (1, 1)
    );

    ann.chooses(&shown, "Select 8", &["#oven"]).await;
    let oven = discord.channel_named("oven").unwrap().to_string();
    assert_eq!(bakery.data()["values"], json!([oven]));
    assert_eq!(bakery.data()["resolved"]["channels"][&oven]["type"], 2);

    for (select, values, why) in [
        (
            "s3",
            &["barley"][..],
            "no option barley: there is rye, wheat",
        ),
        ("s3", &["rye", "wheat", "a,b"], "takes at most 2, not 3"),
        ("s3", &["rye", "rye"], "takes rye once"),
        ("s3", &[], "wants at least 1"),
        ("s5", &["nobody"], "there is no user nobody"),
        ("s8", &["general"], "there is no such channel general"),
    ] {
        let told = ann.attempt().chooses(&shown, select, values).await;
        let told = told.unwrap_err().to_string();
        assert!(told.contains(why), "{told}");
    }
    discord.expect_no_violations();
}

#[tokio::test]
async fn a_modal_takes_texts_choices_files_and_ticks() {
    let bakery = Bakery::open(|event| match event["data"]["name"].as_str() {
        Some("upload") => modal(&[
            json!({ "type": 4, "custom_id": "name", "style": 1 }),
            json!({ "type": 3, "custom_id": "flour", "options": [
                { "label": "Rye", "value": "rye" }, { "label": "Wheat", "value": "wheat", "default": true },
            ]}),
            json!({ "type": 5, "custom_id": "baker" }),
            json!({ "type": 19, "custom_id": "photo", "max_values": 2 }),
            json!({ "type": 21, "custom_id": "size", "required": false, "options": [
                { "label": "Large", "value": "l" }, { "label": "Small", "value": "s" },
            ]}),
        ]),
        Some("menu") => modal(&[
            json!({ "type": 22, "custom_id": "days", "options": [
                { "label": "Monday", "value": "mon" }, { "label": "Friday", "value": "fri" },
            ]}),
            json!({ "type": 23, "custom_id": "terms" }),
            json!({ "type": 23, "custom_id": "news", "default": true }),
            json!({ "type": 8, "custom_id": "where", "channel_types": [0] }),
        ]),
        _ => message("thanks"),
    })
    .await;
    let discord = &bakery.discord;
    discord.put_file("bread.png", &b"not really a picture"[..]);
    discord.put_file("menu.txt", &b"rye"[..]);
    let (ann, ben) = (discord.user("ann"), discord.user("ben"));

    let form = ann.slash("/upload file:menu.txt").await;
    let file = bakery.data()["options"][0]["value"].clone();
    let resolved = &bakery.data()["resolved"]["attachments"][file.as_str().unwrap()];
    assert_eq!(resolved["filename"], "menu.txt");
    form.opens("Form")
        .fill("Label name", "Ann")
        .pick("Label baker", &["ben"])
        .pick("photo", &["bread.png", "menu.txt"])
        .pick("Label size", &["Large"])
        .await
        .says("thanks");
    let given: Vec<Value> = bakery.fields();
    assert_eq!(given[0]["value"], "Ann");
    assert_eq!(given[1]["values"], json!(["wheat"]));
    assert_eq!(given[2]["values"], json!([ben.id().to_string()]));
    assert_eq!(given[3]["values"].as_array().unwrap().len(), 2);
    assert_eq!(given[4]["value"], "l");
    let resolved = bakery.data()["resolved"].clone();
    let photo = given[3]["values"][0].as_str().unwrap();
    assert_eq!(resolved["attachments"][photo]["filename"], "bread.png");
    assert_eq!(resolved["attachments"][photo]["size"], 20);
    assert_eq!(resolved["users"][ben.id().to_string()]["username"], "ben");

    let form = ann.slash("/menu").await;
    form.tick("Label terms")
        .untick("news")
        .pick("Label days", &["Monday", "fri"])
        .pick("where", &["general"])
        .await
        .says("thanks");
    let given: Vec<Value> = bakery.fields();
    assert_eq!(given[0]["values"], json!(["mon", "fri"]));
    assert_eq!(
        (&given[1]["value"], &given[2]["value"]),
        (&json!(true), &json!(false))
    );

    let upload = ann.slash("/upload file:menu.txt").await;
    for (filled, why) in [
        (
            upload.attempt().fill("name", "Ann"),
            "baker wants at least 1",
        ),
        (
            upload
                .attempt()
                .fill("name", "Ann")
                .pick("baker", &["ben"])
                .pick("photo", &["cat.png"]),
            "no file at hand cat.png",
        ),
        (
            upload.attempt().fill("name", "Ann").pick("flour", &["oat"]),
            "no option oat",
        ),
        (
            upload.attempt().fill("name", "Ann").pick("flour", &[]),
            "flour wants at least 1",
        ),
        (upload.attempt().tick("moon"), "no field moon"),
    ] {
        let told = filled.await.unwrap_err().to_string();
        assert!(told.contains(why), "{told}");
    }
    let told = ann
        .attempt()
        .slash("/upload file:cat.png")
        .await
        .unwrap_err();
    assert!(told.to_string().contains("put_file first"), "{told}");
    discord.expect_no_violations();
}

#[tokio::test]
async fn commands_are_aimed_at_users_and_messages() {
    let bakery = Bakery::open(|_| message("seen")).await;
    let discord = &bakery.discord;
    let (ann, ben) = (discord.user("ann"), discord.user("ben"));
    let said = ben.says("fresh rye").await;
    ann.uses_on_user("Greet", ben.id()).await.says("seen");
    let id = ben.id().to_string();
    assert_eq!(bakery.data()["target_id"], id);
    assert_eq!(bakery.data()["resolved"]["users"][&id]["username"], "ben");
    assert!(bakery.data()["resolved"]["members"][&id].is_object());
    ann.uses_on_message("Keep", &said).await.says("seen");
    let id = said.id().to_string();
    let resolved = &bakery.data()["resolved"]["messages"][&id];
    assert_eq!(resolved["content"], "fresh rye");
    assert!(ann.attempt().uses_on_user("Keep", ben.id()).await.is_err());
    discord.expect_no_violations();
}

#[tokio::test]
async fn users_type_show_files_pin_and_open_threads() {
    let guild = Guild::named("The Bakery").channels(["general", "quiet"]);
    let discord = Discord::start(Config::default().guilds([guild]))
        .await
        .unwrap();
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", ALL_INTENTS).await;
    let ann = discord.user("ann");
    ann.types();
    let typing = socket.event("TYPING_START").await["d"].clone();
    assert_eq!(typing["user_id"], ann.id().to_string());
    assert_eq!(typing["member"]["user"]["username"], "ann");

    discord.put_file("menu.txt", &b"rye"[..]);
    let said = ann.says("look").with_file("menu.txt").await;
    let heard = socket.event("MESSAGE_CREATE").await["d"].clone();
    assert_eq!(heard["attachments"][0]["filename"], "menu.txt");
    let told = ann.attempt().says("look").with_file("cat.png").await;
    assert!(told.unwrap_err().to_string().contains("put_file first"));

    let thread = ann.opens_thread_on(&said, "About the menu");
    let opened = socket.event("THREAD_CREATE").await["d"].clone();
    assert_eq!(opened["name"], "About the menu");
    assert_eq!(opened["id"], thread.to_string());
    ann.in_channel(thread).says("hm").await;
    let other = ann.opens_thread("Bread");
    let opened = socket.event("THREAD_CREATE").await["d"].clone();
    assert_eq!(
        (&opened["type"], &opened["id"]),
        (&json!(11), &json!(other.to_string()))
    );
    let told = ann.attempt().opens_thread_on(&said, "twice").unwrap_err();
    assert!(told.to_string().contains("already been created"), "{told}");
    assert!(ann.attempt().posts("No forum", "here").is_err());

    let told = ann.attempt().pins(&said).unwrap_err();
    assert!(told.to_string().contains("Missing Permissions"), "{told}");
    let owner = discord.user("owner");
    owner.pins(&said);
    socket.event("CHANNEL_PINS_UPDATE").await;
    assert_eq!(discord.pins(discord.channel_id()).len(), 1);
    owner.unpins(&said);
    assert!(discord.pins(discord.channel_id()).is_empty());

    let body = json!({ "name": "questions", "type": 15 });
    let path = format!("/guilds/{}/channels", discord.guild_id());
    assert_eq!(call(&discord, "POST", &path, Some(body)).await.status, 201);
    let forum = discord.channel_named("questions").unwrap();
    let post = ann.in_channel(forum).posts("Which flour?", "for rye bread");
    let first = &discord.messages(post)[0];
    assert_eq!(first.content(), "for rye bread");
    discord.expect_no_violations();
}

/// A box with a bot that is spoken to over HTTP and remembers what it was told.
struct Bakery {
    discord: Discord,
    told: Arc<Mutex<Value>>,
    _endpoint: Endpoint,
}

impl Bakery {
    async fn open(
        reply: impl Fn(&Value) -> crate::endpoints::Reply + Send + Sync + 'static,
    ) -> Self {
        let guild = Guild::named("The Bakery").voice_channels(["oven"]);
        let discord = Discord::start(Config::default().guilds([guild]))
            .await
            .unwrap();
        let commands = json!([
            { "name": "menu", "description": "What there is" },
            { "name": "upload", "description": "A file", "options": [
                { "type": 11, "name": "file", "description": "Which", "required": true },
            ]},
            { "name": "Greet", "type": 2 },
            { "name": "Keep", "type": 3 },
        ]);
        let path = format!("/applications/{}/commands", discord.application_id());
        let registered = call(&discord, "PUT", &path, Some(commands)).await;
        assert_eq!(registered.status, 200, "{}", registered.body);
        let told = Arc::new(Mutex::new(Value::Null));
        let heard = Arc::clone(&told);
        let endpoint = Endpoint::start(&discord, move |event| {
            let answer = reply(&event);
            *heard.lock().unwrap() = event;
            answer
        })
        .await;
        discord
            .set_interactions_endpoint(Some(&endpoint.url))
            .await
            .unwrap();
        Self {
            discord,
            told,
            _endpoint: endpoint,
        }
    }

    /// The `data` of the last interaction.
    fn data(&self) -> Value {
        self.told.lock().unwrap()["data"].clone()
    }

    /// What stands under the labels of the last modal.
    fn fields(&self) -> Vec<Value> {
        let data = self.data();
        let labels = data["components"].as_array().unwrap().iter();
        labels.map(|label| label["component"].clone()).collect()
    }
}

fn modal(parts: &[Value]) -> crate::endpoints::Reply {
    let labels: Vec<Value> = parts
        .iter()
        .map(|part| {
            let label = format!("Label {}", part["custom_id"].as_str().unwrap());
            json!({ "type": 18, "label": label, "component": part })
        })
        .collect();
    answer(json!({ "type": 9, "data": {
        "custom_id": "form", "title": "Form", "components": labels,
    }}))
}

async fn role(discord: &Discord, name: &str) -> String {
    let path = format!("/guilds/{}/roles", discord.guild_id());
    let made = call(discord, "POST", &path, Some(json!({ "name": name }))).await;
    made.body["id"].as_str().unwrap().to_owned()
}
