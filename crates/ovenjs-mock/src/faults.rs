//! What goes wrong on purpose, and how often.
//!
//! [`FaultMenu`] is the list of what can happen by chance, [`Dice`] the chance. Both are plain
//! values, so the same seed and the same calls fail in the same way.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{oracle::Oracle, rest::Scope};

/// Writes the menu: one line per fault with its name, the greatest chance that
/// [`FaultMenu::from_seed`] gives it, and what it does.
macro_rules! menu {
    ($($(#[$doc:meta])+ $name:ident $most:literal,)+) => {
        /// What goes wrong by chance, and how often.
        ///
        /// A chance is in thousandths: 20 is twice in a hundred. What stands at 0, which is the
        /// default of everything, never happens. Which connection, frame or request is hit follows
        /// from `seed` and from what was asked before, so a run can be repeated.
        ///
        /// ```
        /// use ovenjs_mock::{Config, FaultMenu};
        ///
        /// let menu = FaultMenu::from_seed(7);
        /// assert_eq!(menu, FaultMenu::from_seed(7));
        /// assert_ne!(menu, FaultMenu::from_seed(8));
        /// assert!(FaultMenu::default().is_calm());
        ///
        /// let mut menu = FaultMenu::default();
        /// menu.lose_ack = 200;
        /// let config = Config::default().faults(menu);
        /// assert!(!config.faults.is_calm());
        /// ```
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[non_exhaustive]
        pub struct FaultMenu {
            /// Where the dice begin. Default 0.
            pub seed: u64,
            $($(#[$doc])+ pub $name: u16,)+
            /// How long every message of a client takes to arrive, in milliseconds. Default 0.
            pub latency_in_ms: u32,
            /// How long every frame to a client takes, in milliseconds. Default 0.
            pub latency_out_ms: u32,
            /// Up to how much longer either takes, in milliseconds; order is kept. Default 0.
            pub jitter_ms: u32,
            /// How long a request of REST takes to arrive, in milliseconds. Requests on different
            /// connections do not wait for each other. Default 0.
            pub request_latency_ms: u32,
            /// How long an answer of REST takes, in milliseconds. Default 0.
            pub answer_latency_ms: u32,
            /// How long what comes late is kept back, in milliseconds. Default 0.
            pub delay_ms: u32,
            /// Bytes per second to a client, in small pieces, over real sockets only; 0 is no
            /// limit. Default 0.
            pub drip_bytes_per_second: u32,
            /// How far the box's calendar is ahead of the real one, in milliseconds: `Date`,
            /// timestamps and new ids. Default 0.
            pub clock_skew_ms: i64,
            /// How far `X-RateLimit-Reset` is ahead of the box's calendar, in milliseconds.
            /// Default 0.
            pub reset_skew_ms: i64,
        }

        impl FaultMenu {
            /// A menu for this seed: about a third of the faults, each with a chance of its own,
            /// and sometimes latency, jitter and a skewed clock.
            ///
            /// Whatever it brings, a client that keeps to Discord's rules gets through in the end:
            /// no chance is a certainty, and connections are closed by codes after which Discord
            /// lets a client come back.
            #[must_use]
            pub fn from_seed(seed: u64) -> Self {
                let mut dice = Dice::new(seed);
                let mut menu = Self { seed, ..Self::default() };
                $(menu.$name = dice.sometimes($most);)+
                menu.latency_in_ms = u32::from(dice.sometimes(80));
                menu.latency_out_ms = u32::from(dice.sometimes(80));
                menu.jitter_ms = u32::from(dice.sometimes(50));
                menu.delay_ms = u32::from(dice.up_to(5000));
                let skewed = i64::from(dice.sometimes(1000));
                menu.clock_skew_ms = (skewed - 500) * SKEW_STEP_MS * i64::from(skewed != 0);
                menu.reset_skew_ms = i64::from(dice.sometimes(60)) * 1000;
                menu
            }

            /// Whether nothing on it ever happens.
            #[must_use]
            pub fn is_calm(&self) -> bool {
                *self == Self { seed: self.seed, delay_ms: self.delay_ms, ..Self::default() }
            }

            /// The names of the chances, in the order of the fields.
            pub const CHANCES: &'static [&'static str] = &[$(stringify!($name)),+];
        }
    };
}

menu! {
    /// A websocket handshake is answered with 503.
    refuse_upgrade 200,
    /// A websocket handshake is never answered.
    hang_upgrade 100,
    /// Hello comes `delay_ms` late.
    late_hello 300,
    /// A connection ends before a frame, without a word.
    drop_connection 15,
    /// A connection is reset before a frame (RST).
    reset_connection 15,
    /// A connection ends in the middle of a frame.
    half_frame 15,
    /// A connection goes dead before a frame: nothing is heard on it or sent to it any more, and it
    /// stays open.
    freeze 5,
    /// A connection is closed before a frame, with a code after which clients may come back.
    close_connection 15,
    /// The first byte of a frame is wrong, so that neither JSON nor a compressed stream goes on.
    corrupt_frame 8,
    /// A frame leaves in several pieces, over real sockets.
    split_frame 500,
    /// A heartbeat is not acknowledged.
    lose_ack 150,
    /// The acknowledgement of a heartbeat comes `delay_ms` late.
    delay_ack 300,
    /// An event is followed by an acknowledgement that nobody asked for.
    unasked_ack 30,
    /// An event is followed by a request for a heartbeat (op 1).
    ask_for_heartbeat 30,
    /// An event is followed by the request to reconnect (op 7).
    ask_to_reconnect 15,
    /// An event is followed by Invalid Session that can be resumed (op 9).
    invalidate_resumable 10,
    /// An event is followed by Invalid Session that cannot be resumed (op 9).
    invalidate_session 5,
    /// An event is sent twice under the same sequence.
    repeat_event 30,
    /// A sequence number is left out before an event.
    skip_sequence 10,
    /// An identify is answered with Invalid Session.
    refuse_identify 150,
    /// A resume is answered with Invalid Session that cannot be resumed.
    refuse_resume 150,
    /// A replay is cut off somewhere before its end.
    cut_replay 300,
    /// A request is answered with the 429 of its bucket.
    limit_user 40,
    /// A request is answered with the 429 of the whole bot.
    limit_global 20,
    /// A request is answered with the 429 of a resource that others use too.
    limit_shared 20,
    /// A request is answered with 500, 502, 503 or 504 and an HTML page.
    break_answer 40,
    /// An answer carries no limit headers.
    omit_limit_headers 150,
    /// The limit headers of an answer contradict each other.
    contradict_limit_headers 40,
    /// An answer names another bucket than the one before.
    rename_bucket 40,
    /// An answer's connection ends in the middle of its body, over real sockets.
    cut_answer 20,
    /// An answer stops in the middle of its body for `delay_ms`, over real sockets.
    stall_answer 20,
    /// What is posted to an endpoint of the application comes after a request with a wrong signature,
    /// which must be answered with 401.
    forge_signature 200,
    /// Behind a frame nothing is heard on its connection any more, though events still come.
    deafen 5,
    /// From a frame on nothing is sent on its connection any more, though the client is still heard.
    mute 5,
}

/// Chance from a seed (SplitMix64), for those parts of the box that roll for faults.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Whether something with this chance, in thousandths, happens now. What never happens does not
    /// move the dice, so that a fault more does not change all others of a calm run.
    pub(crate) fn rolls(&mut self, thousandths: u16) -> bool {
        thousandths > 0 && self.below(1000) < u64::from(thousandths)
    }

    /// A number below `bound`; 0 for an empty range.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// One of a list.
    pub(crate) fn one_of<T: Copy>(&mut self, list: &[T]) -> Option<T> {
        let place = self.below(u64::try_from(list.len()).unwrap_or(u64::MAX));
        list.get(usize::try_from(place).ok()?).copied()
    }

    fn up_to(&mut self, most: u16) -> u16 {
        let drawn = 1 + self.below(u64::from(most));
        u16::try_from(drawn).unwrap_or(most)
    }

    /// Twice in three times nothing; else up to `most`.
    fn sometimes(&mut self, most: u16) -> u16 {
        let happens = self.below(3) == 0;
        let chance = self.up_to(most);
        if happens { chance } else { 0 }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// What goes wrong with requests.
#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) menu: FaultMenu,
    dice: Dice,
    /// Requests to answer once with 429: route, wait, and whose limit it is.
    limited: Vec<(String, Duration, Scope)>,
    /// Requests to answer once with an HTML page of this status.
    broken: Vec<(String, u16)>,
}

/// How an answer leaves over a real socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Delivery {
    #[default]
    Whole,
    /// Half of the body, and then the end of the connection.
    Cut,
    /// Half of the body, a pause, and the rest.
    Stalled(Duration),
}

impl Faults {
    pub(crate) fn new(menu: FaultMenu) -> Self {
        Self {
            menu,
            // The gateway rolls from the seed itself; the two do not take turns.
            dice: Dice::new(menu.seed ^ REQUESTS),
            limited: Vec::new(),
            broken: Vec::new(),
        }
    }

    pub(crate) fn serve(&mut self, menu: FaultMenu) {
        self.menu = menu;
        self.dice = Dice::new(menu.seed ^ REQUESTS);
    }

    pub(crate) fn limit_once(&mut self, route: &str, wait: Duration, scope: Scope) {
        if self.limited.len() < MAX_ONCE {
            self.limited.push((route.to_owned(), wait, scope));
        }
    }

    pub(crate) fn break_once(&mut self, route: &str, status: u16) {
        if self.broken.len() < MAX_ONCE {
            self.broken.push((route.to_owned(), status));
        }
    }

    /// The wait and the scope of a 429 that the box gives without need.
    pub(crate) fn take_limited(&mut self, route: &str) -> Option<(Duration, Scope)> {
        if let Some(place) = self.limited.iter().position(|(wanted, ..)| wanted == route) {
            let (_, wait, scope) = self.limited.remove(place);
            return Some((wait, scope));
        }
        let menu = self.menu;
        let scopes = [
            (menu.limit_user, Scope::User),
            (menu.limit_global, Scope::Global),
            (menu.limit_shared, Scope::Shared),
        ];
        let scope = scopes
            .into_iter()
            .find_map(|(chance, scope)| self.dice.rolls(chance).then_some(scope))?;
        Some((Duration::from_millis(100 + self.dice.below(2000)), scope))
    }

    pub(crate) fn take_broken(&mut self, route: &str) -> Option<u16> {
        if let Some(place) = self.broken.iter().position(|(wanted, _)| wanted == route) {
            return Some(self.broken.remove(place).1);
        }
        if self.dice.rolls(self.menu.break_answer) {
            return self.dice.one_of(&[500, 502, 503, 504]);
        }
        None
    }

    /// Spoils the limit headers of an answer, and says how the answer is to leave.
    pub(crate) fn spoil(&mut self, headers: &mut Vec<(&'static str, String)>) -> Delivery {
        let menu = self.menu;
        if self.dice.rolls(menu.omit_limit_headers) {
            headers.retain(|(name, _)| !name.starts_with("X-RateLimit-"));
        }
        let contradict = self.dice.rolls(menu.contradict_limit_headers);
        let rename = self.dice.rolls(menu.rename_bucket);
        for (name, value) in headers {
            match *name {
                // More is left than there ever was, and it comes back in the past.
                "X-RateLimit-Remaining" if contradict => "9999".clone_into(value),
                "X-RateLimit-Reset" if contradict => "1.000".clone_into(value),
                "X-RateLimit-Bucket" if rename => {
                    *value = format!("{:016x}", self.dice.next());
                }
                _ => {}
            }
        }
        if self.dice.rolls(menu.cut_answer) {
            Delivery::Cut
        } else if self.dice.rolls(menu.stall_answer) {
            Delivery::Stalled(Duration::from_millis(menu.delay_ms.into()))
        } else {
            Delivery::Whole
        }
    }
}

/// The close codes after which Discord lets a client come back.
pub(crate) fn forgiving_codes() -> Vec<u16> {
    let codes = Oracle::embedded().gateway().close_codes.iter();
    codes
        .filter(|close| close.reconnect == Some(true))
        .map(|close| close.code)
        .collect()
}

/// One switch for one request each; more than any script sets at once.
const MAX_ONCE: usize = 1024;

/// Keeps the dice of requests apart from those of the gateway.
const REQUESTS: u64 = 0x5245_5155_4553_5453;

/// A skew of the calendar reaches from about three days back to three days ahead.
const SKEW_STEP_MS: i64 = 500_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_differ_and_no_chance_is_a_certainty() {
        let menus: Vec<FaultMenu> = (0..200).map(FaultMenu::from_seed).collect();
        let different = menus.windows(2).filter(|two| two[0] != two[1]).count();
        assert_eq!(different, 199);
        for menu in &menus {
            let json = serde_json::to_value(menu).unwrap();
            let drawn: Vec<u64> = FaultMenu::CHANCES
                .iter()
                .map(|name| json[*name].as_u64().unwrap())
                .collect();
            assert!(drawn.iter().all(|chance| *chance <= 500));
            assert_eq!(serde_json::from_value::<FaultMenu>(json).unwrap(), *menu);
        }
        // Over many seeds, each fault has its day and its rest.
        for name in FaultMenu::CHANCES {
            let days = menus
                .iter()
                .filter(|menu| serde_json::to_value(menu).unwrap()[*name] != 0)
                .count();
            assert!((30..110).contains(&days), "{name}: {days} of 200");
        }
    }

    #[test]
    fn dice_roll_as_often_as_they_say() {
        let mut dice = Dice::new(3);
        let hits = (0..100_000).filter(|_| dice.rolls(20)).count();
        assert!((1800..2200).contains(&hits), "{hits}");
        let mut calm = Dice::new(3);
        assert!(!calm.rolls(0));
        assert_eq!(calm.next(), Dice::new(3).next());
    }

    #[test]
    fn headers_are_spoilt_in_three_ways() {
        let mut menu = FaultMenu::default();
        let headers = || {
            vec![
                ("Via", "1.1 box".to_owned()),
                ("X-RateLimit-Limit", "5".to_owned()),
                ("X-RateLimit-Remaining", "4".to_owned()),
                ("X-RateLimit-Bucket", "abc".to_owned()),
            ]
        };
        let spoilt = |menu| {
            let mut headers = headers();
            let delivery = Faults::new(menu).spoil(&mut headers);
            (headers, delivery)
        };
        assert_eq!(spoilt(menu), (headers(), Delivery::Whole));
        menu.omit_limit_headers = 1000;
        assert_eq!(spoilt(menu).0, [("Via", "1.1 box".to_owned())]);
        menu.omit_limit_headers = 0;
        menu.contradict_limit_headers = 1000;
        menu.rename_bucket = 1000;
        menu.cut_answer = 1000;
        let (found, delivery) = spoilt(menu);
        assert_eq!(found[2].1, "9999");
        assert_ne!(found[3].1, "abc");
        assert_eq!(delivery, Delivery::Cut);
    }
}
