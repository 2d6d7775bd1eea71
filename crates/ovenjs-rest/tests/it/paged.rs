//! Lists that come in pages: which there are, and that they come to their end both ways.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt};
use ovenjs_mock::{Config, Discord, oracle::Oracle};
use ovenjs_rest::{
    Endpoint, GetAuditLog, ListBans, ListCurrentUserGuilds, ListEntitlements, ListJoinRequests,
    ListMembers, ListMessages, ListMyPrivateArchivedThreads, ListPins, ListPollVoters,
    ListPrivateArchivedThreads, ListPublicArchivedThreads, ListReactions,
    ListScheduledEventExceptionUsers, ListScheduledEventUsers, ListSubscriptions,
    ListThreadMembers, Paged, SearchMessages, SearchThreads,
};
use ovenjs_types::{Fault, Id, marker::UserMarker};

use crate::{
    discord::client,
    server::{Server, json},
};

/// Operations with a cursor that are not streamed, each with the reason.
const WITHOUT: &[(&str, &str)] = &[];

/// The parameters that say where a page begins.
const CURSORS: [&str; 3] = ["before", "after", "offset"];

#[test]
fn every_operation_with_a_cursor_has_pages() {
    let streamed = streamed();
    let mut lacking = Vec::new();
    let mut known = BTreeSet::new();
    for operation in Oracle::embedded().operations() {
        let mut names = operation.query_params.iter().map(|one| one.name.as_str());
        if !names.any(|name| CURSORS.contains(&name)) {
            continue;
        }
        let route = format!("{} {}", operation.method, operation.path);
        let is_spared = WITHOUT.iter().any(|(spared, _)| *spared == route);
        if !streamed.contains(route.as_str()) && !is_spared {
            lacking.push(route.clone());
        }
        known.insert(route);
    }
    println!(
        "spec: operations with pages | {} | {}",
        known.len() - lacking.len(),
        known.len()
    );
    assert!(lacking.is_empty(), "without pages: {lacking:#?}");
    let extra: Vec<_> = streamed
        .iter()
        .filter(|route| !known.contains(**route))
        .collect();
    assert!(extra.is_empty(), "{extra:#?}");
}

#[tokio::test]
async fn bans_and_the_audit_log_come_to_their_end_from_either_side() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let (client, guild) = (client(&discord), discord.guild_id());
    let users: Vec<Id<UserMarker>> = (0..5)
        .map(|number| discord.user(&format!("user{number}")).id())
        .collect();
    for user in &users {
        client.ban_user(guild, *user).await.unwrap();
    }
    let banned =
        |bans: Vec<ovenjs_types::Ban>| bans.iter().map(|ban| ban.user.id).collect::<Vec<_>>();
    let all: Vec<_> = client
        .bans(guild)
        .limit(2)
        .pages()
        .try_collect()
        .await
        .unwrap();
    let mut sorted = users.clone();
    sorted.sort();
    assert_eq!(banned(all), sorted);
    let last = *sorted.last().unwrap();
    let before = client.bans(guild).before(last).limit(2).pages();
    let mut before = banned(before.try_collect().await.unwrap());
    before.sort();
    assert_eq!(before, sorted[..4]);

    let log = || client.audit_log(guild).limit(2);
    let newest: Vec<_> = log().pages().try_collect().await.unwrap();
    assert_eq!(newest.len(), 5);
    assert!(newest.is_sorted_by(|one, other| one.id > other.id));
    let oldest: Vec<_> = log().after(Id::new(1)).pages().try_collect().await.unwrap();
    assert!(
        oldest
            .iter()
            .rev()
            .map(|entry| entry.id)
            .eq(newest.iter().map(|entry| entry.id))
    );

    let members: Vec<_> = client
        .members(guild)
        .limit(2)
        .pages()
        .try_collect()
        .await
        .unwrap();
    let ids = members
        .iter()
        .map(|member| member.user.as_ref().unwrap().id);
    let ids: BTreeSet<_> = ids.collect();
    assert_eq!(ids.len(), members.len(), "one came twice");
    assert!(ids.contains(&discord.bot_id()));
    assert_eq!(discord.violations(), Vec::<String>::new());
}

/// What a page says, and what the next one is asked for.
#[tokio::test]
async fn the_next_page_begins_where_the_former_ended() {
    let users = |ids: [u64; 2]| {
        let one = |id| format!(r#"{{"guild_scheduled_event_id":"5","user_id":"{id}"}}"#);
        json(200, &format!("[{}]", ids.map(one).join(",")))
    };
    let server = Server::start([users([1, 2]), users([3, 4]), json(200, "[]")]).await;
    let client = server.client();
    let (guild, event) = (Id::new(9), Id::new(5));
    let came = client.scheduled_event_users(guild, event).limit(2).pages();
    assert_eq!(came.count().await, 4);
    let asked = |place: usize| server.seen()[place].lines().next().unwrap().to_owned();
    assert!(asked(1).contains("after=2"), "{}", asked(1));
    assert!(asked(2).contains("after=4"), "{}", asked(2));

    // A page that comes again ends it, and so does one whose end is not said.
    let server = Server::start([users([1, 2])]).await;
    let client = server.client();
    let came = client.scheduled_event_users(guild, event).limit(2).pages();
    assert_eq!(came.count().await, 4);
    let unsaid = json(200, r#"[{"roles":[]},{"roles":[]}]"#);
    let server = Server::start([unsaid]).await;
    let client = server.client();
    let came: Vec<_> = client.members(guild).limit(2).pages().collect().await;
    assert!(
        came.iter()
            .all(|one| one.as_ref().is_ok_and(|member| member.user.is_none()))
    );
    assert_eq!((came.len(), server.seen().len()), (2, 1));

    // It asks for as much as a page can have.
    let server = Server::start([json(404, r#"{"code":10004,"message":"Unknown Guild"}"#)]).await;
    let client = server.client();
    let mut none = client.bans(guild).pages();
    let error = none.next().await.unwrap().unwrap_err();
    assert_eq!(error.discord_code(), Some(10_004));
    assert!(
        server.seen()[0].contains("limit=1000"),
        "{:?}",
        server.seen()
    );
}

fn streamed() -> BTreeSet<&'static str> {
    [
        of::<GetAuditLog>(),
        of::<ListBans>(),
        of::<ListCurrentUserGuilds>(),
        of::<ListEntitlements>(),
        of::<ListJoinRequests>(),
        of::<ListMembers>(),
        of::<ListMessages>(),
        of::<ListMyPrivateArchivedThreads>(),
        of::<ListPins>(),
        of::<ListPollVoters>(),
        of::<ListPrivateArchivedThreads>(),
        of::<ListPublicArchivedThreads>(),
        of::<ListReactions>(),
        of::<ListScheduledEventExceptionUsers>(),
        of::<ListScheduledEventUsers>(),
        of::<ListSubscriptions>(),
        of::<ListThreadMembers>(),
        of::<SearchMessages>(),
        of::<SearchThreads>(),
    ]
    .into()
}

fn of<E: Paged>() -> &'static str {
    <E as Endpoint>::ROUTE
}
