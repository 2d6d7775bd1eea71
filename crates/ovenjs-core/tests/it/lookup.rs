//! What the mirror knows is read there, and asked for where it does not know it.

use std::time::Duration;

use ovenjs_core::{Bot, Config, Keep, On, Running, event, routes, types::MessageCreate};
use ovenjs_mock::Discord;

#[event]
async fn heard(_: On<MessageCreate>) -> Result<(), ovenjs_core::Failure> {
    Ok(())
}

async fn start(discord: &Discord, keep: Keep) -> Running {
    let mut config = Config::in_process(discord.token(), discord.door());
    config.mirror = keep;
    let bot = Bot::new().routes(routes![heard]).config(config);
    let bot = bot.start().await.unwrap();
    discord.expect_ready(1).await;
    bot
}

fn asked(discord: &Discord, route: &str) -> usize {
    let requests = discord.requests();
    let of_route = requests.iter().filter(|request| request.route == route);
    of_route.count()
}

const CHANNEL: &str = "/channels/{channel_id}";
const GUILD: &str = "/guilds/{guild_id}";
const MEMBER: &str = "/guilds/{guild_id}/members/{user_id}";

#[tokio::test(start_paused = true)]
async fn what_is_known_costs_no_request_and_what_is_not_costs_one_for_all_who_ask_at_once() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let bot = start(&discord, Keep::new()).await;
    let (lookup, guild) = (bot.lookup(), discord.guild_id());
    let ann = discord.user("ann").id();

    let channel = lookup.channel(discord.channel_id()).await.unwrap();
    assert_eq!(channel.guild_id, Some(guild));
    let found = lookup.guild(guild).await.unwrap();
    assert_eq!(Some(found), bot.mirror().guild(guild));
    let everyone = lookup.role(guild, guild.cast()).await.unwrap();
    assert_eq!(everyone.name, "@everyone");
    assert_eq!((asked(&discord, CHANNEL), asked(&discord, GUILD)), (0, 0));

    // Members are not kept, but for the bot, of which Discord tells in any case.
    let own = bot.mirror().current_user().unwrap().id;
    assert!(lookup.member(guild, own).await.is_ok());
    assert_eq!(asked(&discord, MEMBER), 0);
    let (one, two) = tokio::join!(lookup.member(guild, ann), lookup.member(guild, ann));
    let member = one.unwrap();
    assert_eq!(member.user.as_ref().unwrap().username, "ann");
    assert_eq!(member.guild_id, Some(guild));
    assert_eq!(two.unwrap(), member);
    assert_eq!(asked(&discord, MEMBER), 1);
    assert_eq!(bot.mirror().member(guild, ann), None);
    let error = lookup.channel(ann.cast()).await.unwrap_err();
    assert_eq!(error.status(), Some(404));
    bot.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_from_before_a_lost_session_is_asked_for_until_discord_has_sent_it_anew() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let bot = start(&discord, Keep::new()).await;
    let (lookup, guild) = (bot.lookup(), discord.guild_id());
    let state = || bot.mirror().state(guild).unwrap();

    // In an outage what is known is all that can be had.
    discord.faults().take_down(guild);
    discord.pass(Duration::from_secs(5)).await;
    assert!(state().is_unavailable && !state().is_stale);
    lookup.channel(discord.channel_id()).await.unwrap();
    assert_eq!(asked(&discord, CHANNEL), 0);

    // With the session its events are lost.
    discord.faults().refuse_resumes(1).drop_connections();
    discord.pass(Duration::from_secs(60)).await;
    assert!(state().is_stale);
    assert!(bot.mirror().channel(discord.channel_id()).is_some());
    let error = lookup.channel(discord.channel_id()).await.unwrap_err();
    assert_eq!(error.status(), Some(503), "{error}");
    let all = asked(&discord, CHANNEL);
    assert!(all > 0);

    discord.faults().bring_back(guild);
    discord.pass(Duration::from_secs(5)).await;
    assert!(!state().is_stale && !state().is_unavailable);
    lookup.channel(discord.channel_id()).await.unwrap();
    assert_eq!(asked(&discord, CHANNEL), all);
    bot.stop().await.unwrap();
}
