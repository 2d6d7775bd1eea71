use std::time::Duration;

use serde_json::{Value, json};

use crate::config::{Config, Sku};

use super::Stage;

fn stage() -> Stage {
    Stage::of(Config::default().skus([
        Sku::durable("Oven Glove"),
        Sku::consumable("Yeast"),
        Sku::subscription("Golden Loaf"),
        Sku::guild_subscription("Golden Bakery"),
    ]))
}

fn sku(stage: &mut Stage, name: &str) -> u64 {
    stage.world(|world| world.sku_named(name)).unwrap()
}

fn buy(stage: &mut Stage, user: u64, name: &str) -> u64 {
    let (sku, guild) = (sku(stage, name), stage.guild());
    stage
        .world(|world| world.buy(user, Some(guild), sku))
        .unwrap()
}

#[test]
fn the_shelf_holds_what_the_configuration_says_and_a_group_for_each_subscription() {
    let mut stage = stage();
    let path = format!("/applications/{}/skus", stage.bot());
    let listed = stage.get(&path).body;
    let kinds: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|sku| sku["type"].as_u64().unwrap())
        .collect();
    assert_eq!(kinds, [2, 3, 6, 5, 6, 5]);
    assert_eq!(listed[3]["slug"], json!("golden-loaf"));
    assert_eq!(
        [&listed[3]["flags"], &listed[5]["flags"]],
        [&json!(260), &json!(132)]
    );
    assert_eq!(stage.get("/applications/7/skus").refusal(), (403, 20012));
    stage.end();
}

#[test]
fn what_is_given_to_try_can_be_taken_away_and_what_is_bought_cannot() {
    let mut stage = stage();
    let ann = stage.user("ann");
    let path = format!("/applications/{}/entitlements", stage.bot());
    let glove = sku(&mut stage, "Oven Glove").to_string();
    let body = json!({ "sku_id": glove, "owner_id": ann.to_string(), "owner_type": 2 });
    stage.heard();
    let made = stage.call("POST", &path, body.clone());
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(
        [&made.body["starts_at"], &made.body["ends_at"]],
        [&Value::Null, &Value::Null]
    );
    assert_eq!(stage.call("POST", &path, body).refusal(), (400, 40074));
    let one = format!("{path}/{}", made.text("/id"));
    assert_eq!(stage.get(&one).body, made.body);
    assert_eq!(
        stage
            .call("POST", &format!("{one}/consume"), json!(null))
            .refusal(),
        (400, 40018)
    );
    assert_eq!(stage.call("DELETE", &one, json!(null)).status, 204);
    assert_eq!(stage.names(), ["ENTITLEMENT_CREATE", "ENTITLEMENT_DELETE"]);
    assert_eq!(stage.get(&path).body, json!([]));
    let deleted = stage.get(&format!("{path}?exclude_deleted=false"));
    assert_eq!(deleted.body[0]["deleted"], json!(true));

    let bought = buy(&mut stage, ann, "Oven Glove");
    assert_eq!(
        stage
            .call("DELETE", &format!("{path}/{bought}"), json!(null))
            .refusal(),
        (403, 40019)
    );
    let for_nobody = [
        (
            json!({ "sku_id": "7", "owner_id": ann.to_string(), "owner_type": 2 }),
            (404, 10027),
        ),
        (
            json!({ "sku_id": glove, "owner_id": "7", "owner_type": 2 }),
            (404, 10013),
        ),
        (
            json!({ "sku_id": glove, "owner_id": "7", "owner_type": 1 }),
            (404, 10004),
        ),
        (
            json!({ "sku_id": glove, "owner_id": "7", "owner_type": 3 }),
            (400, 50035),
        ),
    ];
    for (body, refusal) in for_nobody {
        assert_eq!(stage.call("POST", &path, body).refusal(), refusal);
    }
    assert_eq!(stage.get(&format!("{path}/7")).refusal(), (404, 10029));
    stage.end();
}

#[test]
fn a_consumable_is_consumed_and_bought_again() {
    let mut stage = stage();
    let ann = stage.user("ann");
    let path = format!("/applications/{}/entitlements", stage.bot());
    let first = buy(&mut stage, ann, "Yeast");
    stage.heard();
    let consume = format!("{path}/{first}/consume");
    assert_eq!(stage.call("POST", &consume, json!(null)).status, 204);
    assert_eq!(stage.call("POST", &consume, json!(null)).status, 204);
    let heard = stage.heard();
    assert_eq!(heard.len(), 1, "the second time changes nothing: {heard:?}");
    assert_eq!(
        (heard[0].0.as_str(), &heard[0].1["consumed"]),
        ("ENTITLEMENT_UPDATE", &json!(true))
    );
    let second = buy(&mut stage, ann, "Yeast");
    let active = stage.get(&format!("{path}?only_active=true"));
    assert_eq!(active.body.as_array().unwrap().len(), 1);
    assert_eq!(active.body[0]["id"], json!(second.to_string()));
    let own = format!(
        "/users/@me/applications/{}/entitlements?exclude_consumed=true",
        stage.bot()
    );
    assert_eq!(
        stage.as_user(ann, "GET", &own, json!(null)).body,
        active.body
    );
    stage.end();
}

#[test]
fn entitlements_are_listed_by_whose_they_are_and_page_by_page() {
    let mut stage = stage();
    let (ann, bob) = (stage.user("ann"), stage.user("bob"));
    let guild = stage.guild();
    let path = format!("/applications/{}/entitlements", stage.bot());
    let mut bought: Vec<u64> = (0..5).map(|_| buy(&mut stage, ann, "Yeast")).collect();
    bought.push(buy(&mut stage, bob, "Golden Bakery"));
    let mut ids = |query: &str| -> Vec<u64> {
        let listed = stage.get(&format!("{path}?{query}")).body;
        let listed = listed.as_array().unwrap().iter();
        listed
            .map(|one| one["id"].as_str().unwrap().parse().unwrap())
            .collect()
    };
    assert_eq!(ids(""), bought);
    assert_eq!(ids(&format!("user_id={ann}")), bought[..5]);
    assert_eq!(ids(&format!("guild_id={guild}")), bought[5..]);
    assert_eq!(ids("limit=2"), bought[4..]);
    assert_eq!(ids(&format!("limit=2&before={}", bought[4])), bought[2..4]);
    assert_eq!(ids(&format!("limit=2&after={}", bought[0])), bought[1..3]);
    let sku = sku(&mut stage, "Golden Bakery");
    let of_sku = stage.get(&format!("{path}?sku_ids=7,{sku}")).body;
    assert_eq!(of_sku[0]["guild_id"], json!(guild.to_string()));
    assert_eq!(of_sku.as_array().unwrap().len(), 1);
    assert_eq!(
        stage.get(&format!("{path}?limit=101")).refusal(),
        (400, 50035)
    );
    stage.end();
}

#[test]
fn a_subscription_is_renewed_until_it_is_cancelled_and_then_ends() {
    let mut stage = stage();
    let ann = stage.user("ann");
    let month = Duration::from_secs(30 * 86_400);
    stage.heard();
    let entitlement = buy(&mut stage, ann, "Golden Loaf");
    let heard = stage.heard();
    assert_eq!(
        heard
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>(),
        ["ENTITLEMENT_CREATE", "SUBSCRIPTION_CREATE"]
    );
    assert_eq!(
        heard[1].1["entitlement_ids"],
        json!([entitlement.to_string()])
    );
    let end = heard[1].1["current_period_end"].clone();
    let sku = sku(&mut stage, "Golden Loaf");
    let path = format!("/skus/{sku}/subscriptions");
    let id = heard[1].1["id"].as_str().unwrap().to_owned();
    assert_eq!(stage.get(&path).refusal(), (400, 50035), "whose?");
    let listed = stage.get(&format!("{path}?user_id={ann}")).body;
    assert_eq!(listed, json!([heard[1].1]));
    assert_eq!(
        stage.get(&format!("{path}?user_id={}", stage.bot())).body,
        json!([])
    );
    assert_eq!(stage.as_user(ann, "GET", &path, json!(null)).body, listed);

    stage.pass(month);
    let renewed = stage.get(&format!("{path}/{id}"));
    assert_eq!(renewed.body["current_period_start"], end);
    assert_eq!(stage.names(), ["SUBSCRIPTION_UPDATE"]);
    stage.world(|world| world.cancel(ann, sku)).unwrap();
    let ending = stage.heard();
    assert_eq!((&ending[0].1["status"], ending.len()), (&json!(2), 1));
    stage.pass(month);
    let over = stage.get(&format!("{path}/{id}"));
    assert_eq!(over.body["status"], json!(1));
    let heard = stage.heard();
    assert_eq!(heard[1].0, "ENTITLEMENT_UPDATE");
    assert_eq!(heard[1].1["ends_at"], over.body["current_period_end"]);
    let entitlements = format!("/applications/{}/entitlements", stage.bot());
    assert_eq!(
        stage
            .get(&format!("{entitlements}?exclude_ended=true"))
            .body,
        json!([])
    );
    assert_eq!(
        stage.get(&entitlements).body[0]["id"],
        json!(entitlement.to_string())
    );
    stage.pass(month);
    assert_eq!(stage.names(), [""; 0], "what is over is not renewed");
    assert_eq!(stage.get("/skus/7/subscriptions/7").refusal(), (404, 10027));
    stage.end();
}

#[test]
fn what_is_refunded_is_gone_with_its_subscription() {
    let mut stage = stage();
    let ann = stage.user("ann");
    buy(&mut stage, ann, "Golden Loaf");
    let sku = sku(&mut stage, "Golden Loaf");
    stage.heard();
    stage.world(|world| world.refund_last(ann, sku)).unwrap();
    assert_eq!(stage.names(), ["ENTITLEMENT_DELETE", "SUBSCRIPTION_UPDATE"]);
    buy(&mut stage, ann, "Golden Loaf");
    stage.end();
}
