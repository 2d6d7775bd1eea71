//! Discord's calendar: milliseconds since 1970, ISO 8601 texts and snowflakes, computed from an
//! instant which the caller passes in.

use std::time::{Duration, Instant};

/// Relates the monotonic clock to the calendar, fixed once when the box is built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeline {
    origin: Instant,
    origin_unix_ms: u64,
}

impl Timeline {
    pub(crate) const fn new(origin: Instant, origin_unix_ms: u64) -> Self {
        Self {
            origin,
            origin_unix_ms,
        }
    }

    /// `None` for a time beyond what an instant can hold: it will not come.
    pub(crate) fn instant(&self, unix_ms: u64) -> Option<Instant> {
        let later = unix_ms.saturating_sub(self.origin_unix_ms);
        self.origin.checked_add(Duration::from_millis(later))
    }

    /// `now` without what is less than a millisecond of the calendar's.
    pub(crate) fn whole(&self, now: Instant) -> Instant {
        let since = millis(now.saturating_duration_since(self.origin));
        let whole = self.origin.checked_add(Duration::from_millis(since));
        whole.unwrap_or(now)
    }

    pub(crate) fn unix_ms(&self, now: Instant) -> u64 {
        self.origin_unix_ms
            .saturating_add(millis(now.saturating_duration_since(self.origin)))
    }
}

/// When something with this id was made.
pub(crate) const fn snowflake_ms(id: u64) -> u64 {
    (id >> 22) + DISCORD_EPOCH_MS
}

pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Discord's form: `2026-11-21T01:47:04.123000+00:00`.
pub(crate) fn iso8601(unix_ms: u64) -> String {
    let (days, rest) = (unix_ms / 86_400_000, unix_ms % 86_400_000);
    let (year, month, day) = civil(days);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1000 % 60, rest % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}000+00:00")
}

/// The form of the header `Date`: `Sat, 21 Nov 2026 01:47:04 GMT`.
pub(crate) fn http_date(unix_ms: u64) -> String {
    let (days, rest) = (unix_ms / 86_400_000, unix_ms % 86_400_000);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    // The first of January 1970 was a Thursday.
    let name = |names: &'static str, number: u64| {
        let place = usize::try_from(number).unwrap_or_default() * 3;
        names.get(place..place + 3).unwrap_or_default()
    };
    let weekday = name("ThuFriSatSunMonTueWed", days % 7);
    let month = name("JanFebMarAprMayJunJulAugSepOctNovDec", month - 1);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Reads an ISO 8601 text with a zone, in Discord's form or any other that Discord takes.
pub(crate) fn unix_ms_of(text: &str) -> Option<u64> {
    let (date, rest) = text.split_once(['T', ' '])?;
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (clock, minutes_east) = match rest.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => match rest.rfind(['+', '-']) {
            Some(at) => {
                let (clock, zone) = rest.split_at_checked(at)?;
                (clock, zone_minutes(zone)?)
            }
            None => (rest, 0),
        },
    };
    let mut parts = clock.splitn(3, ':');
    let hour: u64 = parts.next()?.parse().ok()?;
    let minute: u64 = parts.next()?.parse().ok()?;
    let (second, fraction) = parts.next().map_or(("0", ""), |seconds| {
        seconds.split_once('.').unwrap_or((seconds, ""))
    });
    let second: u64 = second.parse().ok()?;
    if !(1970..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 24
        || minute > 59
        || second > 60
        || !fraction.chars().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let millis: u64 = fraction
        .chars()
        .chain("000".chars())
        .take(3)
        .filter_map(|digit| digit.to_digit(10))
        .fold(0, |sum, digit| sum * 10 + u64::from(digit));
    let local =
        ((days_of(year, month, day)? * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + millis;
    local.checked_add_signed(minutes_east * -60_000)
}

/// `+02:00`, `-0530` → minutes east of Greenwich.
fn zone_minutes(zone: &str) -> Option<i64> {
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("-", digits) => (-1, digits),
        (_, digits) => (1, digits),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(split) => split,
        None => digits.split_at_checked(2)?,
    };
    let hours: i64 = hours.parse().ok().filter(|hours| *hours < 24)?;
    let minutes: i64 = match minutes {
        "" => 0,
        minutes => minutes.parse().ok().filter(|minutes| *minutes < 60)?,
    };
    Some(sign * (hours * 60 + minutes))
}

/// Days since 1970-01-01: the inverse of [`civil`].
const fn days_of(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let year_of_era = year % 400;
    let march_month = (month + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

/// The Gregorian date of a count of days since 1970-01-01, by counting 400-year eras from a March.
pub(crate) const fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// Makes snowflakes that always grow and depend on nothing but the seed and the given time.
#[derive(Debug)]
pub(crate) struct Snowflakes {
    worker: u64,
    last: u64,
}

impl Snowflakes {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            worker: seed & 0x3ff,
            last: 0,
        }
    }

    pub(crate) fn next(&mut self, unix_ms: u64) -> u64 {
        let by_time = (unix_ms.saturating_sub(DISCORD_EPOCH_MS) << 22) | (self.worker << 12);
        self.last = by_time.max(self.last + 1);
        self.last
    }
}

/// The first second of 2015, where Discord's snowflakes begin.
pub(crate) const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_discord_writes_them() {
        assert_eq!(iso8601(0), "1970-01-01T00:00:00.000000+00:00");
        assert_eq!(
            iso8601(1_582_934_400_000),
            "2020-02-29T00:00:00.000000+00:00"
        );
        assert_eq!(
            iso8601(DISCORD_EPOCH_MS + 1234),
            "2015-01-01T00:00:01.234000+00:00"
        );
    }

    #[test]
    fn dates_are_read_in_every_zone() {
        let at = 1_582_934_400_123;
        assert_eq!(unix_ms_of(&iso8601(at)), Some(at));
        assert_eq!(unix_ms_of("2020-02-29T00:00:00.123Z"), Some(at));
        assert_eq!(unix_ms_of("2020-02-29T02:00:00.123456+02:00"), Some(at));
        assert_eq!(unix_ms_of("2020-02-28T18:30:00.1234-0530"), Some(at));
        assert_eq!(unix_ms_of("1970-01-01T00:00:00"), Some(0));
        for wrong in [
            "",
            "tomorrow",
            "2020-13-01T00:00:00Z",
            "2020-02-29",
            "1970-01-01T00:00:00+01:00",
        ] {
            assert_eq!(unix_ms_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn headers_have_a_date_form_of_their_own() {
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(
            http_date(1_582_934_461_000),
            "Sat, 29 Feb 2020 00:01:01 GMT"
        );
    }

    #[test]
    fn snowflakes_grow_even_within_one_millisecond() {
        let mut ids = Snowflakes::new(7);
        let first = ids.next(DISCORD_EPOCH_MS + 5);
        let second = ids.next(DISCORD_EPOCH_MS + 5);
        let third = ids.next(DISCORD_EPOCH_MS + 1);
        assert!(first < second && second < third);
        assert_eq!(first >> 22, 5);
    }
}
