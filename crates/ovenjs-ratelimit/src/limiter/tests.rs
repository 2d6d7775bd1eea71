//! Stories about one limiter on a virtual clock.

mod change;
mod probe;
mod strategy;

use std::time::{Duration, Instant};

use super::*;
use crate::{Bucket as Name, Deed, Headers, Major, Priority, Scope, Shape, Variant};

#[test]
fn an_unknown_route_is_tried_by_one_and_its_limit_is_shared_by_other_resources() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    assert_waits(&limiter, now, &post(1), None);
    settle_counted(&limiter, now, probe, told(5, 4, 2_000));
    assert_eq!(drain(&limiter, now, &post(1)).len(), 4);
    // Another channel has the whole limit at once.
    assert_eq!(drain(&limiter, now, &post(2)).len(), 5);
}

#[test]
fn the_smallest_remaining_of_a_window_holds_and_unanswered_requests_are_taken_off() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    settle_counted(&limiter, now, probe, told(5, 4, 2_000));
    let mut out = drain(&limiter, now, &post(1));
    // Answers overtake each other: the later-counted comes first.
    settle_counted(
        &limiter,
        now + ms(50),
        out.pop().unwrap(),
        told(5, 1, 1_950),
    );
    settle_counted(
        &limiter,
        now + ms(60),
        out.pop().unwrap(),
        told(5, 3, 1_940),
    );
    // One is left, but two requests are still unanswered.
    let end = now + ms(2_001);
    assert_waits(&limiter, now + ms(60), &post(1), Some(end));
    drop(out);
    assert_eq!(drain(&limiter, now + ms(60), &post(1)).len(), 1);
    assert_eq!(drain(&limiter, end, &post(1)).len(), 5);
}

#[test]
fn a_window_that_is_over_is_followed_by_a_whole_one() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    settle_counted(&limiter, now, probe, told(1, 0, 500));
    assert_waits(&limiter, now, &post(1), Some(now + ms(501)));
    let late = now + Duration::from_secs(3_600);
    assert_eq!(drain(&limiter, late, &post(1)).len(), 1);
}

#[test]
fn a_permit_dropped_before_sending_is_given_back_and_one_dropped_after_is_spent() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    settle_counted(&limiter, now, probe, told(2, 1, 1_000));
    drop(ready(&limiter, now, &post(1)));
    let mut sent = ready(&limiter, now, &post(1));
    sent.sent(now);
    drop(sent);
    assert_eq!(limiter.stats(now).permits, 0);
    assert_waits(&limiter, now, &post(1), Some(now + ms(1_001)));
    // The lost one may have opened the next window: one of its two places is held.
    assert_eq!(drain(&limiter, now + ms(1_001), &post(1)).len(), 1);
    assert_eq!(drain(&limiter, now + ms(4_000), &post(1)).len(), 2);
}

#[test]
fn a_lost_probe_lets_the_next_one_try() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let mut probe = ready(&limiter, now, &post(1));
    probe.sent(now);
    limiter.settle(now, probe, Verdict::Lost);
    drop(ready(&limiter, now, &post(1)));
}

#[test]
fn a_429_of_the_bucket_waits_for_retry_after_and_then_tries_one() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    settle_counted(&limiter, now, probe, told(5, 4, 1_000));
    let permit = ready(&limiter, now, &post(1));
    // The headers promise more: a limit that they do not tell of.
    limiter.settle(now, permit, limited(Scope::User, 60_000, told(5, 3, 1_000)));
    assert_waits(&limiter, now + ms(2_000), &post(1), Some(now + ms(60_000)));
    let after = now + ms(60_000);
    let only = ready(&limiter, after, &post(1));
    assert_waits(&limiter, after, &post(1), None);
    settle_counted(&limiter, after, only, told(5, 4, 1_000));
    assert_eq!(drain(&limiter, after, &post(1)).len(), 4);
    assert_eq!(limiter.stats(after).invalid, 1);
}

#[test]
fn a_shared_429_stops_that_resource_only_and_is_nobodys_fault() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    limiter.settle(
        now,
        probe,
        limited(Scope::Shared, 1_336_570, told(10, 9, 64_570)),
    );
    assert_waits(&limiter, now, &post(1), Some(now + ms(1_336_570)));
    drop(ready(&limiter, now, &post(2)));
    assert_eq!(limiter.stats(now).invalid, 0);
    assert_eq!(limiter.stats(now).limited_shared, 1);
}

#[test]
fn a_global_429_stops_everything_but_what_is_exempt() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    limiter.settle(now, probe, limited(Scope::Global, 800, Headers::default()));
    let Reservation::Wait { until, on } = limiter.reserve(now, &post(2)) else {
        panic!()
    };
    assert_eq!((until, on), (Some(now + ms(800)), Obstacle::Global));
    drop(ready(&limiter, now, &post(2).exempt_from_global(true)));
    drop(ready(&limiter, now + ms(800), &post(2)));
}

#[test]
fn the_global_limit_counts_from_reservation_to_a_second_after_the_answer() {
    let now = start();
    let limiter = Limiter::new(Config::new().live(Live::new().global_per_second(3)));
    let mut out: Vec<_> = (0..3)
        .map(|channel| ready(&limiter, now, &post(channel)))
        .collect();
    assert_waits(&limiter, now, &post(9), None);
    settle_counted(&limiter, now + ms(100), out.pop().unwrap(), told(5, 4, 1));
    assert_waits(&limiter, now + ms(100), &post(9), Some(now + ms(1_100)));
    // Not sent: free at once.
    drop(out.pop());
    drop(ready(&limiter, now + ms(100), &post(9)));
    drop(ready(
        &limiter,
        now + ms(100),
        &post(9).exempt_from_global(true),
    ));
}

#[test]
fn a_refused_token_stops_everything_that_shows_it() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    limiter.settle(now, probe, Verdict::Unauthorized);
    assert!(matches!(
        limiter.reserve(now, &post(2)),
        Reservation::Stopped(Stop::Unauthorized)
    ));
    drop(ready(&limiter, now, &post(2).with_token(false)));
    limiter.forgive();
    drop(ready(&limiter, now, &post(2)));
}

#[test]
fn invalid_requests_stop_bulk_then_all_but_interactions_then_all() {
    let now = start();
    let limiter = Limiter::new(Config::new().live(Live::new().invalid_max(10)));
    let refuse = |times: u32| {
        for _ in 0..times {
            let permit = ready(&limiter, now, &post(1));
            limiter.settle(now, permit, Verdict::Refused(Headers::default()));
        }
    };
    refuse(5);
    let bulk = post(1).priority(Priority::Bulk);
    assert!(matches!(
        limiter.reserve(now, &bulk),
        Reservation::Stopped(Stop::Invalid { .. })
    ));
    refuse(3);
    let Reservation::Stopped(Stop::Invalid { until }) = limiter.reserve(now, &post(1)) else {
        panic!()
    };
    let answer = post(1).priority(Priority::Interactive);
    let permit = ready(&limiter, now, &answer);
    limiter.settle(now, permit, Verdict::Refused(Headers::default()));
    assert!(matches!(
        limiter.reserve(now, &answer),
        Reservation::Stopped(Stop::Invalid { .. })
    ));
    drop(ready(&limiter, until, &post(1)));
}

#[test]
fn answers_without_limits_mean_none() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    settle_counted(&limiter, now, probe, Headers::default());
    let many: Vec<_> = (0..40).map(|_| ready(&limiter, now, &post(1))).collect();
    assert_eq!(many.len(), 40);
}

#[test]
fn a_refusal_without_limits_does_not_mean_none() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    limiter.settle(now, probe, Verdict::Refused(Headers::default()));
    let probe = ready(&limiter, now, &post(1));
    assert_waits(&limiter, now, &post(1), None);
    settle_counted(&limiter, now, probe, told(5, 4, 2_000));
    assert_eq!(drain(&limiter, now, &post(1)).len(), 4);
}

#[test]
fn a_limit_of_several_names_keeps_to_the_tightest() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    settle_counted(&limiter, now, probe, named("young", told(5, 4, 1_000)));
    let permit = ready(&limiter, now, &post(1));
    settle_counted(&limiter, now, permit, named("old", told(30, 2, 4_000)));
    assert_eq!(drain(&limiter, now, &post(1)).len(), 2);
    // The young window is over, the old one is not.
    assert_eq!(drain(&limiter, now + ms(1_500), &post(1)).len(), 2);
    assert_eq!(drain(&limiter, now + ms(4_001), &post(1)).len(), 5);
}

#[test]
fn buckets_are_bounded_and_one_with_permits_out_is_never_forgotten() {
    let now = start();
    let live = Live::new().global_per_second(1_000);
    let limiter = Limiter::new(Config::new().buckets_max(3).live(live));
    let held = ready(&limiter, now, &post(0));
    for channel in 1..100 {
        let permit = ready(&limiter, now, &post(channel));
        settle_counted(&limiter, now, permit, told(1, 0, 60_000));
        assert!(limiter.stats(now).buckets <= 3);
    }
    assert_eq!(limiter.stats(now).permits, 1);
    settle_counted(&limiter, now, held, told(1, 0, 60_000));
    assert_waits(&limiter, now, &post(0), Some(now + ms(60_001)));

    let limiter = Limiter::new(Config::new().buckets_max(1));
    let held = ready(&limiter, now, &post(1));
    assert_waits(&limiter, now, &post(2), None);
    drop(held);
    drop(ready(&limiter, now, &post(2)));
}

#[test]
fn foreign_numbers_cannot_wedge_a_bucket() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let probe = ready(&limiter, now, &post(1));
    settle_counted(&limiter, now, probe, told(0, 4_000_000_000, 0));
    drop(ready(&limiter, now + ms(1), &post(1)));
    let permit = ready(&limiter, now + ms(1), &post(1));
    let headers = Headers {
        reset: Some(Duration::MAX),
        ..told(u32::MAX, u32::MAX, 1)
    };
    settle_counted(&limiter, now + ms(1), permit, headers);
    let permit = ready(&limiter, now + ms(5), &post(1));
    let headers = Headers {
        reset: Some(Duration::ZERO),
        ..told(1, 1, 1)
    };
    settle_counted(&limiter, now + ms(5), permit, headers);
    drop(ready(&limiter, now + ms(10), &post(1)));
}

#[test]
fn a_hidden_limit_costs_one_429_and_holds_up_nobody_else() {
    let began = start();
    let limiter = Limiter::new(Config::new());
    let edit = |channel: u64, fields: &[&str]| {
        let route = "PATCH /channels/{channel_id}";
        let key = RouteKey::new(route, Major::of(channel));
        Ask::new(key).shape(Shape::of(fields.iter().copied()))
    };
    // Twice in ten minutes a name may be changed; nothing tells.
    let mut refused = 0;
    let mut renamed: Vec<(u64, Instant)> = Vec::new();
    let mut waits = 0;
    for step in 0..900 {
        let now = began + Duration::from_secs(4 * step);
        for channel in [1, 2] {
            match limiter.reserve(now, &edit(channel, &["name"])) {
                Reservation::Ready(mut permit) => {
                    permit.sent(now);
                    let recent = renamed.iter().rev();
                    let mut recent = recent
                        .filter(|(of, at)| *of == channel && *at + Duration::from_secs(600) > now);
                    let oldest = recent
                        .nth(1)
                        .map(|(_, at)| *at + Duration::from_secs(600) - now);
                    let verdict = match oldest {
                        Some(wait) => {
                            refused += 1;
                            let wait = u64::try_from(wait.as_millis()).unwrap();
                            limited(Scope::User, wait, told(5, 4, 15_000))
                        }
                        None => {
                            renamed.push((channel, now));
                            Verdict::Counted(told(5, 4, 15_000))
                        }
                    };
                    limiter.settle(now, permit, verdict);
                }
                Reservation::Wait { on, .. } => {
                    assert_eq!(on, Obstacle::Hidden);
                    waits += 1;
                }
                Reservation::Stopped(stop) => panic!("{stop:?}"),
            }
        }
        // Whoever changes something else does not notice.
        let permit = ready(&limiter, now, &edit(1, &["nsfw"]));
        settle_counted(&limiter, now, permit, told(5, 4, 15_000));
    }
    assert_eq!(refused, 1);
    assert_eq!(limiter.stats(began).limited_hidden, 1);
    // Both channels were renamed as often as allowed.
    assert_eq!(renamed.len(), 24, "{waits}");
}

#[test]
fn what_discord_has_refused_for_good_is_not_asked_again() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let hook = post(7).with_token(false);
    let permit = ready(&limiter, now, &hook);
    limiter.settle(now, permit, Verdict::Gone(Headers::default()));
    assert!(matches!(
        limiter.reserve(now, &hook),
        Reservation::Stopped(Stop::Gone)
    ));

    let ban = |permissions| post(1).deed(Deed::of("PUT /guilds/1/bans/2", permissions));
    let permit = ready(&limiter, now, &ban(1));
    limiter.settle(now, permit, Verdict::Refused(Headers::default()));
    // For another reason than a permission, which may be over.
    let permit = ready(&limiter, now, &ban(1));
    limiter.settle(now, permit, Verdict::Denied(Headers::default()));
    let Reservation::Stopped(Stop::Denied { until }) = limiter.reserve(now, &ban(1)) else {
        panic!()
    };
    // Another deed, other permissions, or a while later: it is worth a request.
    drop(ready(&limiter, now, &post(1)));
    drop(ready(&limiter, now, &ban(2)));
    drop(ready(&limiter, until, &ban(1)));
    assert_eq!(limiter.stats(now).invalid, 2);
}

#[test]
fn what_was_learned_goes_on_through_a_process_that_asked_for_nothing() {
    let (now, now_ms, day_ms) = (start(), 1_800_000_000_000, 86_400_000);
    let first = Limiter::new(Config::new());
    let permit = ready(&first, now, &post(1));
    settle_counted(&first, now, permit, told(5, 4, 2_000));
    let snapshot = first.snapshot(now, now_ms);

    let second = Limiter::new(Config::new());
    second.restore(snapshot.clone(), now_ms);
    assert_eq!(second.snapshot(now, now_ms + day_ms), snapshot);
    assert_ne!(snapshot, Snapshot::default());
    let month_later = second.snapshot(now, now_ms + 31 * day_ms);
    assert_eq!(month_later, Snapshot::default());
}

#[test]
fn a_limit_that_was_lowered_is_believed_by_resources_that_heard_nothing_yet() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    for channel in [1, 2] {
        let permit = ready(&limiter, now, &post(channel));
        settle_counted(&limiter, now, permit, told(5, 4, 1_000));
    }
    let now = now + ms(2_000);
    let permit = ready(&limiter, now, &post(1));
    settle_counted(&limiter, now, permit, told(3, 2, 1_000));
    assert_eq!(drain(&limiter, now, &post(2)).len(), 3);
    // It hears for itself that its limit is another.
    let permit = ready(&limiter, now, &post(2));
    settle_counted(&limiter, now, permit, told(5, 4, 1_000));
    assert_eq!(drain(&limiter, now, &post(2)).len(), 4);
}

#[test]
fn an_answer_that_was_long_on_its_way_does_not_bring_a_former_limit_back() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let at = |after: u64, headers: Headers| {
        let reset = headers.reset_after.unwrap() + ms(1_790_000_000_000 + after);
        headers.with_reset(reset)
    };
    let permit = ready(&limiter, now, &post(1));
    settle_counted(&limiter, now, permit, at(0, told(5, 4, 100)));
    let slow = ready(&limiter, now, &post(1));
    let fast = ready(&limiter, now, &post(1));
    // Between their arrivals the limit was changed.
    settle_counted(&limiter, now + ms(90), fast, at(80, told(2, 0, 9_000)));
    settle_counted(&limiter, now + ms(95), slow, at(70, told(5, 3, 30)));
    let now = now + ms(1_000);
    assert!(drain(&limiter, now, &post(1)).is_empty());
}

#[test]
fn an_answer_that_was_lost_on_a_resource_that_was_never_told_counts_in_what_others_were_told() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let [mut lost, other] = [1, 2].map(|channel| ready(&limiter, now, &post(channel)));
    lost.sent(now);
    limiter.settle(now, lost, Verdict::Lost);
    settle_counted(&limiter, now, other, told(1, 0, 9_000));
    // It may count for a window, and be on its way for two seconds before that.
    assert_waits(&limiter, now, &post(1), Some(now + ms(11_000)));
    drop(ready(&limiter, now + ms(11_000), &post(1)));
}

#[test]
fn a_shared_429_tells_of_our_own_limit_beside_it() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let permit = ready(&limiter, now, &post(1));
    settle_counted(&limiter, now, permit, told(5, 4, 1_000));
    let now = now + ms(2_000);
    let permit = ready(&limiter, now, &post(1));
    limiter.settle(now, permit, limited(Scope::Shared, 7_000, told(3, 3, 0)));
    assert_eq!(drain(&limiter, now + ms(7_000), &post(1)).len(), 3);
}

#[test]
fn reactions_are_one_limit_and_messages_of_different_age_are_not() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    let react = |route| Ask::new(RouteKey::new(route, Major::of(1_u64)));
    let add = react("PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me");
    let clear = react("DELETE /channels/{channel_id}/messages/{message_id}/reactions");
    let probe = ready(&limiter, now, &add);
    settle_counted(&limiter, now, probe, told(1, 0, 250));
    assert_waits(&limiter, now, &clear, Some(now + ms(251)));

    let delete = react("DELETE /channels/{channel_id}/messages/{message_id}");
    let old = delete.variant(Variant::Old);
    let probe = ready(&limiter, now, &old);
    settle_counted(&limiter, now, probe, told(30, 0, 4_000));
    drop(ready(&limiter, now, &delete.variant(Variant::Middle)));
    assert_waits(&limiter, now, &old, Some(now + ms(4_001)));
}

#[test]
fn how_full_buckets_are_is_told_the_fullest_first() {
    let now = start();
    let limiter = Limiter::new(Config::new());
    for (channel, remaining) in [(1, 4), (2, 1), (3, 3)] {
        let permit = ready(&limiter, now, &post(channel));
        settle_counted(&limiter, now, permit, told(5, remaining, 1_000));
    }
    let told = limiter.pressure(now, 2);
    let told: Vec<_> = told
        .iter()
        .map(|told| (told.key.major, told.thousandths))
        .collect();
    assert_eq!(told, [(Major::of(2_u64), 800), (Major::of(3_u64), 400)]);
    let calm = limiter.pressure(now + ms(1_001), 3);
    assert!(calm.iter().all(|told| told.thousandths == 0));
}

/// The one reading of the clock: where every story begins.
#[expect(
    clippy::disallowed_methods,
    reason = "a story needs some instant to begin at"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}

pub(crate) fn post(channel: u64) -> Ask {
    Ask::new(RouteKey::new(
        "POST /channels/{channel_id}/messages",
        Major::of(channel),
    ))
}

pub(crate) fn told(limit: u32, remaining: u32, reset_after: u64) -> Headers {
    Headers {
        limit: Some(limit),
        remaining: Some(remaining),
        reset_after: Some(ms(reset_after)),
        ..Headers::default()
    }
}

fn named(name: &str, headers: Headers) -> Headers {
    Headers {
        bucket: Some(Name::of(name)),
        ..headers
    }
}

fn limited(scope: Scope, retry_after: u64, headers: Headers) -> Verdict {
    Verdict::Limited {
        scope,
        retry_after: ms(retry_after),
        headers,
    }
}

fn settle_counted(limiter: &Limiter, now: Instant, mut permit: Permit, headers: Headers) {
    permit.sent(now);
    limiter.settle(now, permit, Verdict::Counted(headers));
}

fn ready(limiter: &Limiter, now: Instant, ask: &Ask) -> Permit {
    match limiter.reserve(now, ask) {
        Reservation::Ready(permit) => permit,
        other @ (Reservation::Wait { .. } | Reservation::Stopped(_)) => panic!("{other:?}"),
    }
}

fn assert_waits(limiter: &Limiter, now: Instant, ask: &Ask, expected: Option<Instant>) {
    match limiter.reserve(now, ask) {
        Reservation::Wait { until, .. } => assert_eq!(until, expected),
        other @ (Reservation::Ready(_) | Reservation::Stopped(_)) => panic!("{other:?}"),
    }
}

/// Takes all permits there are; they are given back when the list is dropped.
fn drain(limiter: &Limiter, now: Instant, ask: &Ask) -> Vec<Permit> {
    std::iter::from_fn(|| match limiter.reserve(now, ask) {
        Reservation::Ready(permit) => Some(permit),
        Reservation::Wait { .. } | Reservation::Stopped(_) => None,
    })
    .collect()
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
