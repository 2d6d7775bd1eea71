//! Each rule of counting, on a virtual clock.

use super::{counts::MAX_GAUGES, *};
use crate::config::{GlobalModel, Model, Sublimit};

const POST: &str = "POST /channels/{channel_id}/messages";
const DELETE: &str = "DELETE /channels/{channel_id}/messages/{message_id}";

/// A limiter, and the time since it was made.
struct Story {
    limiter: Limiter,
    origin: Instant,
    at: Duration,
}

impl Story {
    #[expect(
        clippy::disallowed_methods,
        reason = "the script starts at any instant"
    )]
    fn new(limits: Limits) -> Self {
        Self {
            limiter: Limiter::new(limits),
            origin: Instant::now(),
            at: Duration::ZERO,
        }
    }

    /// It is now so many milliseconds after the beginning, which is 1,000,000.250 s since 1970.
    fn at(&mut self, millis: u64) -> &mut Self {
        self.at = Duration::from_millis(millis);
        self
    }

    fn ask(&mut self, route: &str, major: &str, facts: Facts<'_>) -> Result<Allowance, Refused> {
        self.pay(Payer::Bot, route, major, facts)
    }

    fn pay(
        &mut self,
        payer: Payer,
        route: &str,
        major: &str,
        facts: Facts<'_>,
    ) -> Result<Allowance, Refused> {
        let ask = Ask {
            route,
            major,
            payer,
            facts,
        };
        let unix_ms = 1_000_000_250 + millis(self.at);
        self.limiter
            .take(self.origin + self.at, unix_ms, unix_ms, &ask)
    }

    /// Remaining, `Reset` and `Reset-After` of a request that fits.
    fn fits(&mut self, route: &str) -> (u32, u64, u64) {
        let allowance = self.ask(route, "1", Facts::default()).expect("it fits");
        shown(&allowance)
    }

    /// `Retry-After` in milliseconds and the headers' numbers of one that does not.
    fn refused(&mut self, route: &str) -> (u64, (u32, u64, u64)) {
        let refused = self
            .ask(route, "1", Facts::default())
            .expect_err("too many");
        assert_eq!(refused.scope, Scope::User);
        (
            millis_up(refused.wait),
            shown(refused.allowance.as_ref().expect("a bucket")),
        )
    }
}

fn shown(allowance: &Allowance) -> (u32, u64, u64) {
    (
        allowance.remaining,
        allowance.reset_unix_ms - 1_000_000_250,
        allowance.reset_after_ms,
    )
}

fn aged(age: Option<Duration>) -> Facts<'static> {
    Facts {
        message_age: age,
        ..Facts::default()
    }
}

fn limits(bucket: Bucket) -> Limits {
    Limits::default().bucket(bucket)
}

#[test]
fn a_fixed_window_gives_all_back_at_its_end() {
    let mut story = Story::new(limits(Bucket::of(
        [POST],
        Rate::fixed(2, Duration::from_secs(5)),
    )));
    assert_eq!(story.fits(POST), (1, 5000, 5000));
    assert_eq!(story.at(1500).fits(POST), (0, 5000, 3500));
    assert_eq!(story.at(2000).refused(POST), (3000, (0, 5000, 3000)));
    assert_eq!(story.at(4999).refused(POST), (1, (0, 5000, 1)));
    assert_eq!(story.at(5000).fits(POST), (1, 10_000, 5000));
    let other = story.ask(POST, "2", Facts::default()).expect("its own");
    assert_eq!(shown(&other).0, 1);
}

#[test]
fn a_leaky_bucket_gives_one_back_at_a_time() {
    let mut story = Story::new(limits(Bucket::of(
        [POST],
        Rate::leaky(5, Duration::from_secs(5)),
    )));
    // Reset moves by a period with each request, and Reset-After is a period after the first.
    assert_eq!(story.fits(POST), (4, 1000, 1000));
    assert_eq!(story.fits(POST), (3, 2000, 2000));
    assert_eq!(story.at(500).fits(POST), (2, 3000, 2500));
    for left in [1, 0] {
        assert_eq!(story.fits(POST).0, left);
    }
    // The next one is back long before all are.
    assert_eq!(story.refused(POST), (500, (0, 5000, 4500)));
    assert_eq!(story.at(999).refused(POST).0, 1);
    assert_eq!(story.at(1000).fits(POST), (0, 6000, 5000));
    assert_eq!(story.at(6000).fits(POST), (4, 7000, 1000));
}

#[test]
fn a_period_that_is_no_whole_millisecond_is_never_told_too_short() {
    let mut story = Story::new(limits(Bucket::of(
        [POST],
        Rate::leaky(3, Duration::from_secs(1)),
    )));
    for _ in 0..3 {
        story.fits(POST);
    }
    let (wait, _) = story.refused(POST);
    assert_eq!(wait, 334);
    assert_eq!(story.at(333).refused(POST).0, 1);
    assert_eq!(story.at(334).fits(POST).0, 0);
}

#[test]
fn deleting_is_counted_by_the_age_of_the_message() {
    let mut story = Story::new(Limits {
        global_per_second: None,
        ..Limits::like_discord()
    });
    let day = Duration::from_secs(86_400);
    let cases = [
        (None, 5, 1000),
        (Some(Duration::from_secs(9)), 4, 1000),
        (Some(Duration::from_secs(10)), 3, 333),
        (Some(13 * day), 2, 333),
        (Some(14 * day), 30, 4000),
    ];
    let mut hashes = Vec::new();
    for (age, before, reset_after) in cases {
        let given = story.ask(DELETE, "1", aged(age)).expect("fits");
        assert_eq!(
            (given.remaining, given.reset_after_ms),
            (before - 1, reset_after)
        );
        hashes.push(given.bucket);
    }
    let post = story.ask(POST, "1", Facts::default()).expect("fits");
    // The hash is that of new messages, and the counts are apart.
    assert_eq!(
        (post.remaining, &post.bucket),
        (4, hashes.first().expect("five"))
    );
    hashes.dedup();
    assert_eq!(hashes.len(), 3);
}

#[test]
fn the_last_bucket_that_fits_counts() {
    let limits = Limits::like_discord().route(DELETE, 1, Duration::from_secs(9));
    let mut story = Story::new(limits);
    story.ask(DELETE, "1", aged(None)).expect("fits");
    let old = aged(Some(Duration::from_secs(3600)));
    story.ask(DELETE, "1", old).expect_err("the same bucket");
}

#[test]
fn routes_of_one_bucket_count_together_and_headers_may_claim_another_rate() {
    let mut story = Story::new(Limits::like_discord());
    let put = "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me";
    let delete = "DELETE /channels/{channel_id}/messages/{message_id}/reactions";
    assert_eq!(story.fits(put), (0, 1000, 1000));
    // A quarter of a second, whatever the headers say.
    assert_eq!(story.at(100).refused(delete), (150, (0, 1000, 900)));
    assert_eq!(story.at(250).fits(delete), (0, 1000, 750));

    let emoji = "POST /guilds/{guild_id}/emojis";
    for left in (5..10).rev() {
        assert_eq!(story.fits(emoji).0, left);
    }
    let (_, (remaining, ..)) = story.refused(emoji);
    assert_eq!(remaining, 5, "the headers promise what is not there");
}

#[test]
fn a_sublimit_refuses_while_the_bucket_has_room() {
    let route = "PATCH /channels/{channel_id}";
    let mut story = Story::new(Limits::like_discord());
    let ask = |story: &mut Story, body: serde_json::Value| {
        let facts = Facts {
            body: Some(&body),
            ..Facts::default()
        };
        story.ask(route, "1", facts)
    };
    for name in ["rye", "spelt"] {
        ask(&mut story, serde_json::json!({ "name": name })).expect("two");
    }
    story.at(60_000);
    let refused = ask(
        &mut story,
        serde_json::json!({ "name": "oats", "topic": "x" }),
    );
    let refused = refused.expect_err("a third name");
    assert_eq!(
        (refused.wait, refused.scope),
        (Duration::from_secs(540), Scope::User)
    );
    let allowance = refused.allowance.expect("the bucket's headers");
    assert_eq!((allowance.remaining, allowance.reset_after_ms), (9, 100));
    // Nothing was taken from the topic's count, and other edits pass.
    for _ in 0..2 {
        ask(&mut story, serde_json::json!({ "topic": "bread" })).expect("topic");
    }
    ask(&mut story, serde_json::json!({ "topic": "bread" })).expect_err("a third topic");
    ask(&mut story, serde_json::json!({ "nsfw": false })).expect("another field");
    story.at(600_000);
    ask(&mut story, serde_json::json!({ "name": "oats" })).expect("ten minutes later");
}

#[test]
fn commands_are_counted_by_those_that_are_new() {
    let route = "PUT /applications/{application_id}/guilds/{guild_id}/commands";
    let mut story = Story::new(Limits::like_discord());
    let adding = |new_commands| Facts {
        new_commands,
        ..Facts::default()
    };
    story.ask(route, "7", adding(150)).expect("150 of 200");
    story.ask(route, "7", adding(0)).expect("nothing new");
    let refused = story.ask(route, "7", adding(51)).expect_err("201");
    assert_eq!(refused.code, Some(30034));
    assert_eq!(refused.wait, Duration::from_secs(86_400));
    assert!(refused.allowance.is_none());
    story.ask(route, "7", adding(50)).expect("200");
    story.ask(route, "8", adding(200)).expect("another guild");
}

#[test]
fn a_shared_sublimit_says_so() {
    let rate = Rate::fixed(1, Duration::from_secs(1337));
    let shared = Sublimit::of([POST], rate).refusal(Refusal::Shared);
    let mut story = Story::new(Limits::default().sublimit(shared));
    story.fits(POST);
    let refused = story.ask(POST, "1", Facts::default()).expect_err("one");
    assert_eq!((refused.wait, refused.scope), (rate.window, Scope::Shared));
    let (remaining, _, reset_after) = shown(&refused.allowance.expect("headers"));
    assert_eq!((remaining, reset_after), (998, 1000));
}

#[test]
fn a_second_of_the_global_limit_begins_in_three_ways() {
    // The story begins at .250 of a second of the calendar.
    let cases = [
        (GlobalModel::Aligned, 900 - 250, 100, 1000 - 250),
        (GlobalModel::Anchored, 900, 100, 1000),
        (GlobalModel::Leaky, 0, 500, 500),
    ];
    for (model, at, wait, open) in cases {
        let limits = Limits::default().global_per_second(2).global_model(model);
        let mut story = Story::new(limits);
        story.fits(POST);
        story.fits("GET /a");
        let refused = story.at(at).ask(POST, "9", Facts::default());
        let refused = refused.expect_err("the third");
        assert_eq!(
            (refused.wait, refused.scope, refused.allowance.is_none()),
            (Duration::from_millis(wait), Scope::Global, true),
            "{model:?}"
        );
        let early = story.at(open - 1).ask(POST, "9", Facts::default());
        early.expect_err("a millisecond too early");
        story
            .at(open)
            .ask(POST, "9", Facts::default())
            .expect("again");
    }
}

#[test]
fn the_global_limit_leaves_out_interactions_and_counts_strangers_by_address() {
    let limits = Limits::default()
        .global_per_second(1)
        .global_per_second_of_address(1);
    let mut story = Story::new(limits);
    for payer in [Payer::Bot, Payer::Address] {
        story
            .pay(payer, "GET /a", "", Facts::default())
            .expect("first");
        let refused = story.pay(payer, "GET /b", "", Facts::default());
        assert_eq!(refused.expect_err("second").scope, Scope::Global);
    }
    for _ in 0..3 {
        let free = story.pay(Payer::Nobody, "POST /c", "", Facts::default());
        free.expect("exempt");
    }
}

#[test]
fn nothing_is_refused_where_nothing_is_enforced() {
    for model in [Model::Fixed, Model::Leaky] {
        let rate = Rate {
            requests: 2,
            window: Duration::from_secs(5),
            model,
        };
        let mut story = Story::new(Limits {
            enforced: false,
            global_per_second: Some(1),
            ..limits(Bucket::of([POST], rate)).sublimit(Sublimit::of([POST], rate))
        });
        let left: Vec<u32> = (0..4).map(|_| story.fits(POST).0).collect();
        assert_eq!(left, [1, 0, 0, 0], "{model:?}");
    }
}

#[test]
fn rates_without_size_harm_nobody() {
    for rate in [
        Rate::leaky(0, Duration::from_secs(1)),
        Rate::fixed(0, Duration::from_secs(1)),
    ] {
        let mut story = Story::new(limits(Bucket::of([POST], rate)));
        assert_eq!(story.refused(POST).0, 1000);
    }
    for rate in [
        Rate::leaky(3, Duration::ZERO),
        Rate::fixed(3, Duration::ZERO),
        Rate::leaky(3, Duration::MAX),
        Rate::fixed(3, Duration::MAX),
    ] {
        let mut story = Story::new(limits(Bucket::of([POST], rate)));
        let _ = story.ask(POST, "1", Facts::default());
        let _ = story.ask(POST, "1", Facts::default());
    }
}

#[test]
fn gauges_that_are_over_are_forgotten_and_running_ones_are_bounded() {
    let mut story = Story::new(Limits::default());
    for n in 0..5000 {
        let major = n.to_string();
        let asked = story.at(n * 10).ask(POST, &major, Facts::default());
        asked.expect("fits");
    }
    assert!(story.limiter.counts.len() <= 1024);

    let slow = Bucket::of([POST], Rate::fixed(1, Duration::from_secs(86_400)));
    let mut story = Story::new(limits(slow));
    for n in 0..150_000_u64 {
        let major = n.to_string();
        let asked = story.at(n).ask(POST, &major, Facts::default());
        asked.expect("fits");
    }
    assert!(story.limiter.counts.len() <= MAX_GAUGES);
    let newest = story.ask(POST, "149999", Facts::default());
    newest.expect_err("what runs longest is remembered");
}

#[test]
fn too_many_invalid_requests_close_the_door_for_a_while() {
    let limits = Limits::default().invalid_requests(3, Duration::from_secs(60));
    let mut story = Story::new(limits);
    let start = story.origin;
    let minutes = |n: u64| start + Duration::from_secs(60 * n);
    story.limiter.was_invalid(minutes(0));
    story.limiter.was_invalid(minutes(5));
    // The first one is ten minutes old and counts no more.
    story.limiter.was_invalid(minutes(10));
    assert_eq!(story.limiter.shut_out(minutes(10)), None);
    story.limiter.was_invalid(minutes(11));
    assert_eq!(
        story.limiter.shut_out(minutes(11)),
        Some(Duration::from_secs(60))
    );
    assert_eq!(story.limiter.shut_out(minutes(12)), None);
    story.limiter.was_invalid(minutes(12));
    assert_eq!(story.limiter.shut_out(minutes(12)), None);
    assert_eq!(
        story
            .at(0)
            .limiter
            .turned_away(Duration::from_millis(1500))
            .status,
        429
    );
}
