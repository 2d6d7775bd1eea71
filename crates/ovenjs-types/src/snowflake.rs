//! The time inside an id.

use crate::{Id, Timestamp};

/// What every id tells beside its number.
///
/// ```
/// use ovenjs_types::{Id, Snowflake, Timestamp, marker::MessageMarker};
///
/// let message: Id<MessageMarker> = Id::new(175_928_847_299_117_063);
/// assert_eq!(message.created_at().to_string(), "2016-04-30T11:18:25.796000+00:00");
///
/// // The lowest id of a moment is where a list that begins there is cut.
/// let cut = Id::<MessageMarker>::at(message.created_at());
/// assert!(cut <= message && cut.created_at() == message.created_at());
/// ```
///
/// Source: Discord, "Snowflakes".
pub trait Snowflake {
    /// When the object was made, to the millisecond.
    fn created_at(self) -> Timestamp;

    /// The lowest id that an object made at `time` can have; that of 2015 for earlier ones.
    fn at(time: Timestamp) -> Self;
}

impl<T> Snowflake for Id<T> {
    fn created_at(self) -> Timestamp {
        let millis = i64::try_from(self.get() >> TIME_SHIFT).unwrap_or(i64::MAX);
        Timestamp::from_unix_millis(millis.saturating_add(EPOCH_MILLIS))
    }

    fn at(time: Timestamp) -> Self {
        let millis = u64::try_from(time.unix_millis() - EPOCH_MILLIS).unwrap_or(0);
        // 42 bits of milliseconds last until the year 2154.
        let millis = millis.min(u64::MAX >> TIME_SHIFT);
        Self::new((millis << TIME_SHIFT).max(1))
    }
}

/// The first moment of 2015, from which Discord counts.
const EPOCH_MILLIS: i64 = 1_420_070_400_000;

/// Below the time stand the worker, the process and a counter.
const TIME_SHIFT: u32 = 22;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marker::UserMarker;

    #[test]
    fn times_beyond_what_an_id_can_say_stop_at_its_ends() {
        assert_eq!(Id::<UserMarker>::at(Timestamp::MIN), Id::new(1));
        assert_eq!(
            Id::<UserMarker>::at(Timestamp::MAX).get() >> 22,
            u64::MAX >> 22
        );
        assert!(Id::<UserMarker>::new(u64::MAX).created_at() < Timestamp::MAX);
    }
}
