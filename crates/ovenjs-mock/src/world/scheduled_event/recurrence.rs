//! When an event that repeats itself takes place.

use crate::{
    json::{Fields, Object},
    time,
};

/// Whether an event with this rule, first held at `first`, takes place at `at`. Both are in
/// milliseconds since 1970.
pub(crate) fn occurs(rule: &Object, first: u64, at: u64) -> bool {
    if at < first || at % DAY_MS != first % DAY_MS {
        return false;
    }
    let (then, now) = (Day::of(first), Day::of(at));
    let numbers = |key: &str| -> Vec<u64> {
        let numbers = rule.list(key).iter();
        numbers.filter_map(serde_json::Value::as_u64).collect()
    };
    let weekdays = numbers("by_weekday");
    match rule.int("frequency") {
        Some(frequency::DAILY) => weekdays.is_empty() || weekdays.contains(&now.weekday),
        Some(frequency::WEEKLY) => {
            let wanted = weekdays.first().copied().unwrap_or(then.weekday);
            let lead = (wanted + 7 - then.weekday) % 7;
            let interval = rule.int("interval").unwrap_or(1).max(1) * 7;
            (now.number - then.number)
                .checked_sub(lead)
                .is_some_and(|days| days % interval == 0)
        }
        Some(frequency::MONTHLY) => {
            let places = rule.list("by_n_weekday").iter();
            let place = places.filter_map(|place| place.as_object()).next();
            place.map_or(now.of_month == then.of_month, |place| {
                let week = (now.of_month - 1) / 7 + 1;
                place.int("n") == Some(week) && place.int("day") == Some(now.weekday)
            })
        }
        _ => {
            let month = numbers("by_month").first().copied();
            let day = numbers("by_month_day").first().copied();
            now.month == month.unwrap_or(then.month) && now.of_month == day.unwrap_or(then.of_month)
        }
    }
}

/// The id of an occasion, which says when it would have been.
pub(crate) const fn occasion(at: u64) -> u64 {
    at.saturating_sub(time::DISCORD_EPOCH_MS) << 22
}

/// The next time after `after` at which an event with this rule takes place.
pub(super) fn next(rule: &Object, first: u64, after: u64) -> Option<u64> {
    let days = after.saturating_sub(first) / DAY_MS;
    (days..days + FAR_DAYS)
        .map(|days| first + days * DAY_MS)
        .find(|at| *at > after && occurs(rule, first, *at))
}

/// A day of Discord's calendar.
struct Day {
    /// Since 1970.
    number: u64,
    /// From Monday on, which is 0.
    weekday: u64,
    month: u64,
    of_month: u64,
}

impl Day {
    fn of(unix_ms: u64) -> Self {
        let number = unix_ms / DAY_MS;
        let (_, month, of_month) = time::civil(number);
        Self {
            number,
            // The first of January 1970 was a Thursday.
            weekday: (number + 3) % 7,
            month,
            of_month,
        }
    }
}

/// Discord's numbers of how often, by its names.
pub(crate) mod frequency {
    pub(crate) const YEARLY: u64 = 0;
    pub(crate) const MONTHLY: u64 = 1;
    pub(crate) const WEEKLY: u64 = 2;
    pub(crate) const DAILY: u64 = 3;
}

const DAY_MS: u64 = 86_400_000;

/// Nothing that takes place at all takes place less often: the 29th of February, over a year that
/// is none of a leap.
const FAR_DAYS: u64 = 8 * 366;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::object;

    fn after(rule: Value, first: &str) -> String {
        let first = time::unix_ms_of(first).unwrap();
        let next = next(&object(rule), first, first).unwrap();
        time::iso8601(next).get(..16).unwrap().to_owned()
    }

    #[test]
    fn an_event_comes_again_when_its_rule_says() {
        // A Friday.
        let first = "2026-11-20T18:00:00Z";
        let cases = [
            (json!({ "frequency": 3, "interval": 1 }), "2026-11-21T18:00"),
            (
                json!({ "frequency": 3, "by_weekday": [0, 1, 2, 3, 4] }),
                "2026-11-23T18:00",
            ),
            (
                json!({ "frequency": 2, "interval": 2, "by_weekday": [4] }),
                "2026-12-04T18:00",
            ),
            (
                json!({ "frequency": 2, "interval": 1, "by_weekday": [2] }),
                "2026-11-25T18:00",
            ),
            (
                json!({ "frequency": 1, "by_n_weekday": [{ "n": 3, "day": 4 }] }),
                "2026-12-18T18:00",
            ),
            (
                json!({ "frequency": 0, "by_month": [2], "by_month_day": [29] }),
                "2028-02-29T18:00",
            ),
        ];
        for (rule, expected) in cases {
            assert_eq!(after(rule.clone(), first), expected, "{rule}");
        }
    }
}
