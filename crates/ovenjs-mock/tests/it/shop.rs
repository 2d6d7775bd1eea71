//! Users who buy, and a bot that looks what they have.

use ovenjs_mock::{Config, Discord, Sku};
use serde_json::json;

use crate::raw::{Socket, call};

#[tokio::test]
async fn an_interaction_tells_what_the_user_and_its_guild_have() {
    let config = Config::default().skus([
        Sku::subscription("Golden Loaf"),
        Sku::guild_subscription("Golden Bakery"),
    ]);
    let discord = Discord::start(config).await.unwrap();
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", 1).await;
    let commands = format!("/applications/{}/commands", discord.application_id());
    let body = json!({ "name": "bake", "description": "Bakes." });
    call(&discord, "POST", &commands, Some(body)).await;
    let (ann, bob) = (discord.user("ann"), discord.user("bob"));
    ann.buys("Golden Loaf");
    ann.buys("Golden Bakery");
    let again = ann.attempt().buys("Golden Loaf").unwrap_err();
    assert!(again.to_string().contains("40074"), "{again}");
    let unknown = ann.attempt().buys("Silver Loaf").unwrap_err();
    assert!(unknown.to_string().contains("Unknown SKU"), "{unknown}");
    for (user, expected) in [(&ann, 2), (&bob, 1)] {
        let typed = user.attempt().slash("/bake");
        let answered = async {
            let event = socket.event("INTERACTION_CREATE").await["d"].clone();
            let path = format!(
                "/interactions/{}/{}/callback",
                event["id"].as_str().unwrap(),
                event["token"].as_str().unwrap()
            );
            let body = json!({ "type": 4, "data": { "content": "done" } });
            call(&discord, "POST", &path, Some(body)).await;
            event
        };
        let (answer, event) = tokio::join!(typed, answered);
        answer.unwrap();
        assert_eq!(event["entitlements"].as_array().unwrap().len(), expected);
        assert_eq!(
            event["entitlement_sku_ids"].as_array().unwrap().len(),
            expected
        );
    }
    let shelf = format!("/applications/{}/skus", discord.application_id());
    let shelf = call(&discord, "GET", &shelf, None).await;
    let sku = shelf.body[1]["id"].clone();
    let messages = format!("/channels/{}/messages", discord.channel_id());
    let button = |more: serde_json::Value| {
        let mut button = json!({ "type": 2, "style": 6, "sku_id": sku });
        button
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().cloned().unwrap());
        json!({ "components": [{ "type": 1, "components": [button] }], "content": "More?" })
    };
    let sold = call(&discord, "POST", &messages, Some(button(json!({})))).await;
    assert_eq!(sold.status, 200, "{}", sold.body);
    for more in [
        json!({ "label": "Buy" }),
        json!({ "custom_id": "buy" }),
        json!({ "sku_id": null }),
    ] {
        let refused = call(&discord, "POST", &messages, Some(button(more))).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, Some(50035)),
            "{}",
            refused.body
        );
    }
    ann.cancels("Golden Loaf");
    ann.is_refunded("Golden Loaf");
    assert_eq!(discord.violations(), [""; 0]);
    discord.stop().await;
}
