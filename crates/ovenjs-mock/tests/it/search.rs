//! Messages that are looked for.

use ovenjs_mock::{Config, Discord};
use serde_json::json;

use crate::{raw::call, stage::Stage};

#[test]
fn messages_are_found_by_what_they_are() {
    let mut stage = Stage::new(Config::default());
    let path = stage.messages();
    stage.say("ann", "fresh bread, fresh bread");
    stage.say("bob", "fresh https://example.org/rolls");
    stage
        .post(&path, json!({ "content": "bread is out" }))
        .good();
    let search = format!("{}/messages/search", stage.guild());
    let mut count =
        |query: &str| stage.get(&format!("{search}?{query}")).good()["total_results"].clone();
    assert_eq!(count("content=bread"), 2);
    assert_eq!(count("content=fresh%20bread&sort_by=relevance"), 1);
    assert_eq!(count("author_type=bot"), 1);
    assert_eq!(count("author_type=-bot"), 2);
    assert_eq!(count("has=link"), 1);
    assert_eq!(count("link_hostname=example.org&has=-embed"), 1);
    assert_eq!(count("pinned=true"), 0);
    let page = stage
        .get(&format!("{search}?limit=1&offset=1&sort_order=asc"))
        .good();
    assert_eq!(page["messages"][0][0]["author"]["username"], "bob");
    assert_eq!(page["messages"][0][0]["hit"], true);
    stage.end();
}

#[tokio::test]
async fn a_search_may_come_before_its_index() {
    let discord = Discord::start(Config::default()).await.unwrap();
    discord.faults().delay_searches(1);
    let search = format!("/guilds/{}/messages/search", discord.guild_id());
    let early = call(&discord, "GET", &search, None).await;
    assert_eq!((early.status, early.code()), (202, Some(110_000)));
    assert_eq!(call(&discord, "GET", &search, None).await.status, 200);
    assert_eq!(discord.violations(), Vec::<String>::new());
}
