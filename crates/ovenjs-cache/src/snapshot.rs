//! The mirror as bytes, for the next process.
//!
//! A session that is resumed brings no guild anew, so whoever goes on with it needs what the mirror
//! knew at that point of the event stream. The bytes are of this crate's making and for its reading:
//! their form has a version, and what does not fit is refused whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ovenjs_types::{
    Channel, Guild, Id, Member, Message, ShardId, User,
    json::{self, Scratch},
    marker::{ChannelMarker, GuildMarker},
};
use serde::de::DeserializeOwned;

use crate::{Cache, Config, Error, cache::GuildEntry};

impl Cache {
    /// All that is known, as bytes for [`from_bytes`](Self::from_bytes): what users wrote is among it
    /// where messages are kept, so keep it from others' eyes.
    ///
    /// At most [`SNAPSHOT_BYTES_MAX`]: the bot's user, then guilds each with its channels, then other
    /// channels, members and messages; what does not fit is left out, as if it had been the oldest. No
    /// event may be [applied](Self::apply) meanwhile, or the bytes are of no one moment.
    ///
    /// ```
    /// use ovenjs_cache::{Cache, Config};
    /// use ovenjs_types::{Dispatch, Id, Origin, ShardId, Version};
    ///
    /// let cache = Cache::new(Config::new());
    /// let raw = br#"{"id":"1","name":"Bakery","channels":[{"id":"2","type":0,"name":"general"}]}"#;
    /// let create = Dispatch::new(Origin::default(), Version::default(), "GUILD_CREATE", &raw[..]);
    /// cache.apply(&create, None);
    ///
    /// let bytes = cache.to_bytes();
    /// let next = Cache::from_bytes(Config::new(), &bytes, &[ShardId::default()]).unwrap();
    /// assert_eq!(next.guild_channels(Id::new(1)).len(), 1);
    /// assert!(Cache::from_bytes(Config::new(), &bytes[1..], &[]).is_err());
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_bytes_up_to(SNAPSHOT_BYTES_MAX)
    }

    fn to_bytes_up_to(&self, max: usize) -> Vec<u8> {
        let mut sheet = Sheet::new(max);
        if let Some(user) = self.current_user() {
            sheet.put(&[(USER, json::encode(&*user))]);
        }
        let mut listed: BTreeSet<Id<ChannelMarker>> = BTreeSet::new();
        for (_, entry) in &self.guilds {
            let mut block = vec![(GUILD, json::encode(&*entry.guild))];
            for id in &entry.channels {
                if let Some(channel) = self.channel(*id) {
                    block.push((CHANNEL, json::encode(&*channel)));
                }
            }
            listed.extend(entry.channels.iter().copied());
            sheet.put(&block);
        }
        for (id, channel) in &self.channels {
            if !listed.contains(&*id) {
                sheet.put(&[(CHANNEL, json::encode(&*channel))]);
            }
        }
        for (_, member) in &self.members {
            sheet.put(&[(MEMBER, json::encode(&*member))]);
        }
        for (_, message) in &self.messages {
            sheet.put(&[(MESSAGE, json::encode(&*message))]);
        }
        sheet.close()
    }

    /// A cache of this configuration that knows what [`to_bytes`](Self::to_bytes) wrote, as far as it
    /// belongs to `shards`: those whose sessions go on. Of the others Discord sends all guilds anew, and
    /// what they had would be ghosts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind`](crate::ErrorKind) tells whether the bytes are no mirror, one of another version, or
    /// damaged. Begin with an empty one then.
    pub fn from_bytes(config: Config, bytes: &[u8], shards: &[ShardId]) -> Result<Self, Error> {
        let cache = Self::new(config);
        let goes_on =
            |guild: Option<Id<GuildMarker>>| shards.iter().any(|shard| is_of(*shard, guild));
        let mut scratch = Scratch::new();
        let mut guilds: BTreeMap<Id<GuildMarker>, GuildEntry> = BTreeMap::new();
        for record in Records::open(bytes)? {
            let (tag, text) = record?;
            match tag {
                USER => {
                    let user: User = read(text, &mut scratch)?;
                    cache.current_user.insert((), Arc::new(user));
                }
                GUILD => {
                    let guild: Guild = read(text, &mut scratch)?;
                    if goes_on(Some(guild.id)) {
                        let entry = GuildEntry {
                            guild: Arc::new(guild),
                            channels: BTreeSet::new(),
                        };
                        guilds.insert(entry.guild.id, entry);
                    }
                }
                CHANNEL => {
                    let channel: Channel = read(text, &mut scratch)?;
                    let (id, guild): (Id<ChannelMarker>, _) = (channel.id, channel.guild_id);
                    if goes_on(guild) {
                        // A guild stands before its channels.
                        if let Some(entry) = guild.and_then(|guild| guilds.get_mut(&guild)) {
                            entry.channels.insert(id);
                        }
                        cache.channels.insert(id, Arc::new(channel));
                    }
                }
                MEMBER => {
                    let member: Member = read(text, &mut scratch)?;
                    let user = member.user.as_ref().map(|user| user.id);
                    if let (Some(guild), Some(user)) = (member.guild_id, user)
                        && goes_on(Some(guild))
                    {
                        cache.members.insert((guild, user), Arc::new(member));
                    }
                }
                MESSAGE => {
                    let message: Message = read(text, &mut scratch)?;
                    if goes_on(message.guild_id) {
                        cache.messages.insert(message.id, Arc::new(message));
                    }
                }
                _ => return Err(Error::damaged()),
            }
        }
        for (id, entry) in guilds {
            cache.guilds.insert(id, Arc::new(entry));
        }
        Ok(cache)
    }
}

/// Whether the events of a guild come by this shard; what is of no guild comes by the first one.
pub(crate) fn is_of(shard: ShardId, guild: Option<Id<GuildMarker>>) -> bool {
    guild.map_or(0, |guild| ShardId::of_guild(guild, shard.total).number) == shard.number
}

fn read<T: DeserializeOwned>(text: &[u8], scratch: &mut Scratch) -> Result<T, Error> {
    json::decode(text, scratch).map_err(|error| Error::damaged().with_source(error))
}

/// Bytes that grow up to a bound.
struct Sheet {
    bytes: Vec<u8>,
    max: usize,
    count: u64,
}

impl Sheet {
    fn new(max: usize) -> Self {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_be_bytes());
        Self {
            bytes,
            max,
            count: 0,
        }
    }

    /// Writes these records if all of them fit.
    fn put(&mut self, records: &[(u8, Vec<u8>)]) {
        let size: usize = records.iter().map(|(_, text)| HEAD + text.len()).sum();
        if self.bytes.len() + size + HEAD > self.max {
            return;
        }
        for (tag, text) in records {
            self.record(*tag, u64::try_from(text.len()).unwrap_or(u64::MAX));
            self.bytes.extend(text);
            self.count += 1;
        }
    }

    fn record(&mut self, tag: u8, number: u64) {
        self.bytes.push(tag);
        self.bytes.extend(number.to_be_bytes());
    }

    /// The end says how many records there are, so that one that is cut short is seen.
    fn close(mut self) -> Vec<u8> {
        self.record(END, self.count);
        self.bytes
    }
}

/// Reads records up to the end, which must be there and right.
struct Records<'a> {
    rest: &'a [u8],
    count: u64,
    over: bool,
}

impl<'a> Records<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(Error::foreign)?;
        let (version, rest) = rest.split_first_chunk().ok_or_else(Error::damaged)?;
        if u32::from_be_bytes(*version) != VERSION {
            return Err(Error::version());
        }
        Ok(Self {
            rest,
            count: 0,
            over: false,
        })
    }

    fn record(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.rest.split_first()?;
        let (number, rest) = rest.split_first_chunk()?;
        let number = u64::from_be_bytes(*number);
        let length = match *tag {
            END => {
                let is_right = number == self.count && rest.is_empty();
                return is_right.then_some((END, rest));
            }
            _ => usize::try_from(number).ok()?,
        };
        let (text, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        self.count += 1;
        Some((*tag, text))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<(u8, &'a [u8]), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let record = self.record();
        self.over = !matches!(record, Some((tag, _)) if tag != END);
        match record {
            Some((END, _)) => None,
            Some(record) => Some(Ok(record)),
            None => Some(Err(Error::damaged())),
        }
    }
}

/// How many bytes a mirror is written in at most: some 7,000 guilds of ordinary size with their
/// channels, which are read within seconds.
pub const SNAPSHOT_BYTES_MAX: usize = 256 << 20;

const MAGIC: &[u8] = b"ovenjs mirror\n";
const VERSION: u32 = 1;

/// A tag and a length.
const HEAD: usize = 9;

const USER: u8 = b'u';
const GUILD: u8 = b'g';
const CHANNEL: u8 = b'c';
const MEMBER: u8 = b'm';
const MESSAGE: u8 = b's';
const END: u8 = b'e';

#[cfg(test)]
mod tests {
    use ovenjs_types::{Dispatch, Origin, Version};
    use proptest::prelude::*;

    use super::*;
    use crate::ErrorKind;

    fn feed(cache: &Cache, name: &str, raw: &str) {
        let dispatch = Dispatch::new(
            Origin::default(),
            Version::default(),
            name,
            raw.as_bytes().to_vec(),
        );
        let event = dispatch.decode(&mut Scratch::new());
        cache.apply(&dispatch, Some(&event));
    }

    /// Two guilds, on different ones of two shards, with what belongs to them.
    fn town() -> Cache {
        let cache = Cache::new(Config::new().messages_max(10));
        let ready = r#"{"v":10,"user":{"id":"9","username":"oven"},"guilds":[],"session_id":"s",
            "resume_gateway_url":"wss://x","application":{"id":"9","flags":0}}"#;
        feed(&cache, "READY", ready);
        for guild in [1, 1_u64 << 22] {
            let (first, second) = (guild + 10, guild + 11);
            feed(
                &cache,
                "GUILD_CREATE",
                &format!(
                    r#"{{"id":"{guild}","name":"Bakery","member_count":2,"roles":[{{"id":"{guild}","name":"@everyone"}}],
                    "channels":[{{"id":"{first}","type":0,"name":"general"}},{{"id":"{second}","type":77,"name":"new"}}],
                    "members":[{{"user":{{"id":"80","username":"ann"}},"roles":[]}}]}}"#
                ),
            );
            feed(
                &cache,
                "MESSAGE_CREATE",
                &format!(
                    r#"{{"id":"{}","channel_id":"{first}","guild_id":"{guild}","content":"hi","author":{{"id":"80","username":"ann"}}}}"#,
                    guild + 20
                ),
            );
        }
        let private = r#"{"id":"5","type":1,"recipients":[]}"#;
        feed(&cache, "CHANNEL_CREATE", private);
        cache
    }

    fn config() -> Config {
        Config::new().messages_max(10)
    }

    fn shard(number: u32) -> ShardId {
        ShardId::new(number, 2).unwrap()
    }

    /// What a cache knows of the town, in words.
    fn known(cache: &Cache) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        words.extend(cache.current_user().map(|user| format!("user {user:?}")));
        for guild in [1, 1_u64 << 22] {
            let id = Id::new(guild);
            words.extend(cache.guild(id).map(|guild| format!("{guild:?}")));
            let channels = cache.guild_channels(id);
            words.extend(channels.iter().map(|channel| format!("{channel:?}")));
            words.extend(
                cache
                    .member(id, Id::new(80))
                    .map(|member| format!("{member:?}")),
            );
            let message = cache.message(Id::new(guild + 20));
            words.extend(message.map(|message| format!("{message:?}")));
        }
        words.extend(
            cache
                .channel(Id::new(5))
                .map(|channel| format!("{channel:?}")),
        );
        words
    }

    #[test]
    fn what_is_written_is_known_again() {
        let cache = town();
        let bytes = cache.to_bytes();
        let next = Cache::from_bytes(config(), &bytes, &[shard(0), shard(1)]).unwrap();
        assert_eq!(known(&next), known(&cache));
        assert_eq!(known(&next).len(), 12);

        // And it goes on from there.
        feed(
            &next,
            "CHANNEL_DELETE",
            r#"{"id":"11","type":0,"guild_id":"1"}"#,
        );
        assert_eq!(next.guild_channels(Id::new(1)).len(), 1);
        feed(&next, "GUILD_DELETE", r#"{"id":"1"}"#);
        assert!(next.guild(Id::new(1)).is_none() && next.channel(Id::new(12)).is_none());
    }

    #[test]
    fn of_shards_that_begin_anew_nothing_is_left() {
        let bytes = town().to_bytes();
        let next = Cache::from_bytes(config(), &bytes, &[shard(1)]).unwrap();
        assert!(next.guild(Id::new(1)).is_none() && next.channel(Id::new(11)).is_none());
        assert!(next.member(Id::new(1), Id::new(80)).is_none());
        assert!(next.message(Id::new(21)).is_none() && next.channel(Id::new(5)).is_none());
        assert_eq!(known(&next).len(), 6, "the other guild, and the bot itself");
        let none = Cache::from_bytes(config(), &bytes, &[]).unwrap();
        assert_eq!(known(&none).len(), 1);
    }

    #[test]
    fn a_kind_that_is_not_kept_any_more_stays_behind() {
        let bytes = town().to_bytes();
        let next = Cache::from_bytes(Config::new(), &bytes, &[shard(0), shard(1)]).unwrap();
        assert!(next.message(Id::new(21)).is_none() && next.guild(Id::new(1)).is_some());
    }

    #[test]
    fn what_does_not_fit_is_left_out_by_whole_guilds() {
        let cache = town();
        let all = cache.to_bytes();
        for max in (0..all.len()).step_by(41) {
            let bytes = cache.to_bytes_up_to(max);
            assert!(bytes.len() <= max.max(MAGIC.len() + 4 + HEAD));
            let next = Cache::from_bytes(config(), &bytes, &[shard(0), shard(1)]).unwrap();
            for guild in [1, 1_u64 << 22].map(Id::new) {
                let channels = next.guild_channels(guild).len();
                assert!(next.guild(guild).is_none() || channels == 2, "up to {max}");
            }
        }
        assert_eq!(cache.to_bytes_up_to(all.len()).len(), all.len());
    }

    #[test]
    fn what_is_none_or_of_another_version_is_told() {
        let kind = |bytes: &[u8]| Cache::from_bytes(config(), bytes, &[]).unwrap_err().kind();
        assert_eq!(kind(b""), ErrorKind::Foreign);
        assert_eq!(kind(b"a mirror"), ErrorKind::Foreign);
        let mut bytes = town().to_bytes();
        bytes[MAGIC.len() + 3] += 1;
        assert_eq!(kind(&bytes), ErrorKind::Version);
        let whole = town().to_bytes();
        for cut in (MAGIC.len()..whole.len()).step_by(17) {
            assert_eq!(kind(&whole[..cut]), ErrorKind::Damaged, "{cut}");
        }
        assert_eq!(kind(&[&whole[..], b"x"].concat()), ErrorKind::Damaged);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..99), at in any::<prop::sample::Index>(), by in 1_u8..) {
            let framed = [MAGIC, &VERSION.to_be_bytes(), &bytes].concat();
            let _ = Cache::from_bytes(config(), &framed, &[shard(0)]);
            let mut changed = town().to_bytes();
            let at = at.index(changed.len());
            changed[at] = changed[at].wrapping_add(by);
            let _ = Cache::from_bytes(config(), &changed, &[shard(0)]);
        }
    }
}
