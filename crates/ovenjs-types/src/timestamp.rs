//! Points in time.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time, in microseconds since the beginning of 1970 (UTC): eight bytes, to be copied
/// and compared.
///
/// Discord writes times as ISO 8601; this reads each of its forms and writes the one that Discord
/// uses most, `2026-01-31T12:00:00.000000+00:00`. A time without an offset is UTC. Digits below a
/// microsecond are dropped. The years go from 0 to 9999, so that what is written can be read.
///
/// ```
/// use ovenjs_types::Timestamp;
///
/// let noon: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
/// assert_eq!(noon.to_string(), "2026-01-31T12:00:00.000000+00:00");
/// assert_eq!(noon.unix_seconds(), 1_769_860_800);
///
/// // An offset is another way to say the same moment.
/// assert_eq!("2026-01-31T13:30:00.000+01:30".parse(), Ok(noon));
/// assert!("2026-02-29T12:00:00Z".parse::<Timestamp>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The beginning of 1970 (UTC).
    pub const UNIX_EPOCH: Self = Self(0);
    /// The first moment of the year 0.
    pub const MIN: Self = Self(-62_167_219_200_000_000);
    /// The last microsecond of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// The time so many microseconds after the beginning of 1970.
    ///
    /// Stops at [`MIN`](Self::MIN) and [`MAX`](Self::MAX).
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// The time so many milliseconds after the beginning of 1970; stops at the ends as well.
    #[must_use]
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self::from_unix_micros(millis.saturating_mul(1_000))
    }

    /// The time so many seconds after the beginning of 1970; stops at the ends as well.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self::from_unix_micros(seconds.saturating_mul(MICROS))
    }

    /// Microseconds since the beginning of 1970.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the beginning of 1970.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since the beginning of 1970, as `<t:…>` in a message takes them.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// This time and so much more; stops at [`MAX`](Self::MAX).
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_unix_micros(self.0.saturating_add(micros))
    }

    /// How long before this time `earlier` was; nothing where it was later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or_default())
    }

    /// `YYYY-MM-DDTHH:MM:SS.ffffff+00:00`.
    fn text(self) -> [u8; 32] {
        let seconds = self.unix_seconds();
        let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
        let second = seconds.rem_euclid(DAY);
        let micros = self.0.rem_euclid(MICROS);
        let ([y0, y1], [y2, y3]) = (two(year / 100), two(year));
        let ([o0, o1], [d0, d1]) = (two(month), two(day));
        let ([h0, h1], [m0, m1]) = (two(second / 3600), two(second / 60 % 60));
        let [s0, s1] = two(second % 60);
        let ([f0, f1], [f2, f3], [f4, f5]) = (two(micros / 10_000), two(micros / 100), two(micros));
        [
            y0, y1, y2, y3, b'-', o0, o1, b'-', d0, d1, b'T', h0, h1, b':', m0, m1, b':', s0, s1,
            b'.', f0, f1, f2, f3, f4, f5, b'+', b'0', b'0', b':', b'0', b'0',
        ]
    }
}

/// A text that is no time Discord would write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampError(());

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write a time as 2026-01-31T12:00:00Z")
    }
}

impl std::error::Error for TimestampError {}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        Reader(text.as_bytes())
            .timestamp()
            .ok_or(TimestampError(()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(ascii(&self.text()))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl From<SystemTime> for Timestamp {
    /// Stops at [`MIN`](Self::MIN) and [`MAX`](Self::MAX).
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self::UNIX_EPOCH.after(after),
            Err(before) => {
                let micros = i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX);
                Self::from_unix_micros(-micros)
            }
        }
    }
}

impl From<Timestamp> for SystemTime {
    /// The beginning of 1970 where the platform's clock cannot say so early or late a time.
    fn from(time: Timestamp) -> Self {
        let distance = Duration::from_micros(time.0.unsigned_abs());
        let there = if time.0 < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        there.unwrap_or(UNIX_EPOCH)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(ascii(&self.text()))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl de::Visitor<'_> for Text {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time in ISO 8601")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// Microseconds of a second.
const MICROS: i64 = 1_000_000;

/// Seconds of a day; UTC's leap seconds are not counted.
const DAY: i64 = 86_400;

/// Reads a time from the left.
struct Reader<'t>(&'t [u8]);

impl Reader<'_> {
    fn timestamp(mut self) -> Option<Timestamp> {
        let year = self.digits(4)?;
        self.take(b"-")?;
        let month = self.digits(2)?;
        self.take(b"-")?;
        let day = self.digits(2)?;
        self.take(b"Tt ")?;
        let hour = self.digits(2)?;
        self.take(b":")?;
        let minute = self.digits(2)?;
        let second = match self.take(b":") {
            Some(()) => self.digits(2)?,
            None => 0,
        };
        let micros = match self.take(b".,") {
            Some(()) => self.fraction()?,
            None => 0,
        };
        let offset = self.offset()?;
        let is_date = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        // A leap second is written as the sixtieth; it is the next minute's first here.
        if !is_date || hour > 23 || minute > 59 || second > 60 || !self.0.is_empty() {
            return None;
        }
        let seconds =
            days_from_civil(year, month, day) * DAY + hour * 3600 + (minute - offset) * 60 + second;
        let micros = seconds * MICROS + micros;
        let time = Timestamp::from_unix_micros(micros);
        (time.0 == micros).then_some(time)
    }

    /// Minutes ahead of UTC: `Z`, `+01:30`, `+0130`, `+01` or nothing at all.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.0.split_first() {
            None => return Some(0),
            Some((b'+', rest)) => (1, rest),
            Some((b'-', rest)) => (-1, rest),
            Some(_) => return self.take(b"Zz").map(|()| 0),
        };
        self.0 = sign.1;
        let hours = self.digits(2)?;
        let minutes = match self.take(b":") {
            Some(()) => self.digits(2)?,
            None if self.0.is_empty() => 0,
            None => self.digits(2)?,
        };
        (hours <= 23 && minutes <= 59).then_some(sign.0 * (hours * 60 + minutes))
    }

    /// Microseconds out of one to nine digits.
    fn fraction(&mut self) -> Option<i64> {
        let (mut micros, mut place, mut count) = (0, MICROS / 10, 0);
        while let Some((digit @ b'0'..=b'9', rest)) = self.0.split_first() {
            self.0 = rest;
            micros += i64::from(digit - b'0') * place;
            place /= 10;
            count += 1;
        }
        (1..=9).contains(&count).then_some(micros)
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        digits.iter().try_fold(0, |number, byte| {
            let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
            Some(number * 10 + i64::from(digit))
        })
    }

    /// Passes over one of these bytes; stays where it is when another comes.
    fn take(&mut self, any: &[u8]) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        any.contains(first).then(|| self.0 = rest)
    }
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since the beginning of 1970 in the Gregorian calendar.
///
/// The year is taken to begin in March, so that the leap day is its last; then the days before a
/// month grow by 153 in five months.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * ERA + day_of_era - EPOCH
}

/// Year, month and day; [`days_from_civil`] the other way round.
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let era = days.div_euclid(ERA);
    let day_of_era = days.rem_euclid(ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = (months_since_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// Days of 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;

/// Days from the first of March of the year 0 to the beginning of 1970.
const EPOCH: i64 = 719_468;

/// The last two digits of a number that is not negative.
fn two(number: i64) -> [u8; 2] {
    let number = u8::try_from(number % 100).unwrap_or_default();
    [b'0' + number / 10, b'0' + number % 10]
}

fn ascii(text: &[u8; 32]) -> &str {
    // Digits and signs only, so it is never anything but UTF-8.
    std::str::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<i64> {
        text.parse::<Timestamp>().ok().map(Timestamp::unix_micros)
    }

    #[test]
    fn every_form_of_discord_is_read() {
        let noon = Some(1_769_860_800_000_000);
        for text in [
            "2026-01-31T12:00:00.000000+00:00",
            "2026-01-31T12:00:00+00:00",
            "2026-01-31T12:00:00.000Z",
            "2026-01-31T12:00:00Z",
            "2026-01-31T12:00:00.000000",
            "2026-01-31 12:00",
            "2026-01-31T14:00:00+02:00",
            "2026-01-31T06:30:00-0530",
            "2026-02-01T11:00:00+23",
            "2026-01-31T12:00:00.000000999Z",
        ] {
            assert_eq!(read(text), noon, "{text}");
        }
        assert_eq!(read("1969-12-31T23:59:59.999999Z"), Some(-1));
        assert_eq!(read("1970-01-01T00:00:00.1Z"), Some(100_000));
        assert_eq!(read("2016-12-31T23:59:60Z"), read("2017-01-01T00:00:00Z"));
        assert_eq!(read("0000-01-01T00:00:00Z"), Some(Timestamp::MIN.0));
        assert_eq!(read("9999-12-31T23:59:59.999999Z"), Some(Timestamp::MAX.0));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026",
            "2026-01-31",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:60:00Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00.0000000000Z",
            "2026-01-31T12:00:00+24:00",
            "2026-01-31T12:00:00Zulu",
            "2026-01-31T12:00:00+0",
            "+026-01-31T12:00:00Z",
            "2026-01-3é",
            "0000-01-01T00:00:00+01:00",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn each_day_of_ten_thousand_years_is_the_one_after_the_day_before() {
        // The calendar is counted here by its rules, day after day.
        let (mut year, mut month, mut day) = (0, 1, 1);
        let first = days_from_civil(year, month, day);
        let last = days_from_civil(9999, 12, 31);
        assert_eq!(first * DAY * MICROS, Timestamp::MIN.0);
        for days in first..=last {
            assert_eq!(days_from_civil(year, month, day), days);
            assert_eq!(civil_from_days(days), (year, month, day));
            day += 1;
            if day > days_in(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        assert_eq!(year, 10_000);
    }

    #[test]
    fn what_is_written_is_read_as_the_same_time() {
        let mut micros = Timestamp::MIN.0;
        while micros < Timestamp::MAX.0 {
            let time = Timestamp::from_unix_micros(micros);
            assert_eq!(read(&time.to_string()), Some(micros));
            assert_eq!(Timestamp::from(SystemTime::from(time)), time);
            // A step without a common measure with days and years.
            micros += 86_399_999_917 * 997;
        }
        for (end, text) in [
            (i64::MIN, "0000-01-01T00:00:00.000000+00:00"),
            (i64::MAX, "9999-12-31T23:59:59.999999+00:00"),
        ] {
            assert_eq!(Timestamp::from_unix_millis(end).to_string(), text);
        }
    }

    #[test]
    fn times_are_ordered_and_measured() {
        let early: Timestamp = "2026-01-31T12:00:00+02:00".parse().unwrap();
        let late: Timestamp = "2026-01-31T11:00:00Z".parse().unwrap();
        assert!(early < late);
        assert_eq!(late.since(early), Duration::from_secs(3600));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(early.after(Duration::from_secs(3600)), late);
    }

    #[test]
    fn a_text_that_is_no_time_costs_the_field_alone() {
        let mut scratch = crate::json::Scratch::new();
        let bytes = br#"{"title":"x","timestamp":"soon"}"#;
        let embed: crate::Embed = crate::json::decode_tolerant(bytes, &mut scratch).unwrap();
        assert_eq!(embed.timestamp, None);
        assert_eq!(embed.title.as_deref(), Some("x"));
        assert_eq!(scratch.take_drift()[0].path, "timestamp");
    }
}
