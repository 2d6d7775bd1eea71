//! Waits that are dropped, at each of their polls: nothing is lost, and nothing is kept.

use ovenjs_gateway::{FleetState, Notice, ShardState, Typed, Watch};
use ovenjs_types::{
    EventKind, Id, Interest, RequestGuildMembers, RequestSoundboardSounds, marker::GuildMarker,
};

use super::*;

/// What a wait gives that is dropped after no poll, after one, two and three, again and again.
async fn despite_drops<T>(mut wait: impl AsyncFnMut() -> T) -> T {
    let mut polls = 0;
    loop {
        if let Some(value) = polled(polls, wait()).await {
            return value;
        }
        polls = (polls + 1) % 4;
        // Where it was not waited at all, those who bring something get their turn.
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_events_loses_none() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (fleet, mut events) =
        start_here(&discord, config(&discord).event_queue(2), |wiring| wiring);
    next_named(&mut events, "GUILD_CREATE").await;
    emit_counted(&discord, 1..=300);
    for n in 1..=100 {
        let delivery = despite_drops(async || events.next().await).await;
        let Some(Delivery::Dispatch(dispatch)) = delivery else {
            panic!("{delivery:?}")
        };
        assert_eq!(number(&dispatch), n);
    }
    let mut lanes = events.lanes(2);
    for n in 101..=200 {
        let delivery = despite_drops(async || lanes[0].next().await).await;
        let Some(Delivery::Dispatch(dispatch)) = delivery else {
            panic!("{delivery:?}")
        };
        assert_eq!(number(&dispatch), n);
    }
    let mut typed = lanes.swap_remove(0).typed(Interest::all());
    for n in 201..=300 {
        let delivery = despite_drops(async || typed.next().await).await;
        let Some(Typed::Event { dispatch, .. }) = delivery else {
            panic!("{delivery:?}")
        };
        assert_eq!(number(&dispatch), n);
    }
    assert_eq!(only(&fleet).counts.delivered, 302);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_notices_loses_none() {
    async fn until_stopped(mut next: impl AsyncFnMut() -> Option<Notice>) -> Vec<Notice> {
        let mut notices = Vec::new();
        while let Some(notice) = next().await {
            notices.push(notice);
        }
        notices
    }
    let read = async |watch: &mut Watch| watch.next().await.map(|seen| seen.notice);
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (fleet, mut events) = start_here(&discord, config(&discord), |wiring| wiring);
    let (mut steady, mut fickle) = (fleet.watch(), fleet.watch());
    let living = async {
        next_named(&mut events, "READY").await;
        for _ in 0..20 {
            discord.faults().close_connections(4000);
            next_named(&mut events, "RESUMED").await;
        }
        fleet.stop().await;
    };
    let (steady, fickle, ()) = tokio::join!(
        until_stopped(async || read(&mut steady).await),
        until_stopped(async || despite_drops(async || read(&mut fickle).await).await),
        living,
    );
    assert!(steady.len() > 100, "{} notices", steady.len());
    assert_eq!(steady, fickle);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_is_dropped_goes_on_and_tells_the_same_when_asked_again() {
    for polls in 0.. {
        let discord = Discord::in_process(ovenjs_mock::Config::default());
        let (fleet, mut events) = start_here(&discord, config(&discord), |wiring| wiring);
        next_named(&mut events, "GUILD_CREATE").await;
        let stopped = polled(polls, fleet.stop()).await;
        if polls > 0 {
            // Once it was asked for, nobody needs to wait for it.
            discord.wait_for_silence().await.unwrap();
        }
        let sessions = fleet.stop().await;
        assert_eq!(sessions.len(), 1, "after {polls} polls");
        assert_eq!(only(&fleet).state, ShardState::Stopped);
        discord.wait_for_silence().await.unwrap();
        if let Some(stopped) = stopped {
            assert!(polls > 1, "it ended without a wait");
            assert_eq!(stopped, sessions);
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hand_over_that_is_dropped_loses_no_event() {
    for polls in 0.. {
        let discord = Discord::in_process(ovenjs_mock::Config::default());
        let narrow = || config(&discord).event_queue(8).backlog_bytes(2_000);
        let (fleet, mut events) = start_here(&discord, narrow(), |wiring| wiring);
        next_named(&mut events, "READY").await;
        emit_counted(&discord, 1..=40);
        assert_eq!(number(&next_named(&mut events, "COUNTED").await), 1);

        let dropped = polled(polls, fleet.hand_over()).await;
        let is_done = dropped.is_some();
        let state: FleetState = match dropped {
            Some(state) => state,
            None => fleet.hand_over().await,
        };

        let next = narrow().resume_from(&state).unwrap();
        let (_next, mut events) = start_here(&discord, next, |wiring| wiring);
        for n in 2..=40 {
            assert_eq!(number(&next_named(&mut events, "COUNTED").await), n);
        }
        assert_eq!((discord.identifies(), discord.resumes()), (1, 1));
        if is_done {
            break;
        }
    }
}

/// Members in three chunks, so that there is much to wait for.
fn three_chunks() -> ovenjs_mock::Config {
    let mut guild = ovenjs_mock::Guild::default();
    guild.members = 2_500;
    ovenjs_mock::Config::default().guilds([guild])
}

fn with_members(discord: &Discord) -> Config {
    let intents = Intents::GUILDS | Intents::GUILD_MEMBERS;
    Config::new(discord.token(), intents)
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_dropped_midway_keeps_no_place() {
    let discord = Discord::in_process(three_chunks());
    let (fleet, mut events) = start_here(&discord, with_members(&discord), |wiring| wiring);
    next_named(&mut events, "GUILD_CREATE").await;
    for polls in 0.. {
        let replies = fleet.members(RequestGuildMembers::all(discord.guild_id()));
        let members = polled(polls, replies.unwrap().members()).await;
        // Whatever became of that one, the next is whole.
        let replies = fleet.members(RequestGuildMembers::all(discord.guild_id()));
        let all = replies.unwrap().members().await.unwrap();
        assert!(all.len() >= 2_500, "{} after {polls} polls", all.len());
        if let Some(members) = members {
            assert_eq!(members.unwrap().len(), all.len());
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_before_its_turn_is_never_sent() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let chunks = Interest::none()
        .with(EventKind::Ready)
        .with(EventKind::GuildMembersChunk);
    let config = with_members(&discord).interest(chunks);
    let (fleet, mut events) = start_here(&discord, config, |wiring| wiring);
    next_named(&mut events, "READY").await;
    let all = || RequestGuildMembers::all(discord.guild_id());
    fleet.members(all()).unwrap().members().await.unwrap();
    next_named(&mut events, "GUILD_MEMBERS_CHUNK").await;
    // Discord is asked for all of a guild once in 30 s, so this one waits.
    drop(fleet.members(all()).unwrap());
    let sent = tokio::time::timeout(Duration::from_secs(90), events.next()).await;
    assert!(sent.is_err(), "{sent:?}");
}

#[tokio::test(start_paused = true)]
async fn any_number_of_dropped_requests_leaves_room_for_the_next() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (fleet, mut events) = start_here(&discord, config(&discord), |wiring| wiring);
    next_named(&mut events, "GUILD_CREATE").await;
    let shard = fleet.shards().next().unwrap();
    let nobody: Id<GuildMarker> = Id::new(4_194_304);
    let within = Duration::from_secs(3_600);
    for _ in 0..2 * ovenjs_gateway::REQUESTS_MAX {
        let ask = RequestSoundboardSounds::new([nobody]);
        let mut replies = fleet.request(shard, ask, within).unwrap();
        assert!(polled(1, replies.next()).await.is_none());
        drop(replies);
        tokio::task::yield_now().await;
    }
    let ask = RequestSoundboardSounds::new([discord.guild_id()]);
    let mut replies = fleet.request(shard, ask, within).unwrap();
    replies.next().await.unwrap().unwrap();
    assert!(replies.next().await.is_none());
}
