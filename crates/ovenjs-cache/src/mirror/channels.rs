//! The channels and threads of a block, and what a message changes in them.

use ovenjs_types::{Id, Permissions, Timestamp};

use super::{
    block::{Block, Shared},
    messages::{MessagePlace, message_parts},
};
use crate::{
    packed::{Object, Value, shapes},
    shelf::Shelf,
};

impl Block {
    /// A channel, or a thread as long as it is active: an archived one leaves the mirror, as Discord leaves it
    /// out of `GUILD_CREATE`.
    pub(crate) fn put_channel(&mut self, shared: &Shared, channel: Object<'_>) {
        let Some(id) = channel.id("id") else {
            return;
        };
        let is_thread = matches!(channel.number("type"), Some(10..=12));
        let metadata = channel.object("thread_metadata");
        if is_thread && metadata.is_some_and(|metadata| metadata.has("archived")) {
            return self.remove_channel(shared, id);
        }
        let shelf = if is_thread {
            &mut self.threads
        } else {
            &mut self.channels
        };
        let mut record = Vec::new();
        channel.copy_without(&["id", "guild_id"], &mut record);
        if let Some(former) = shelf.get(id)
            && is_thread
            && !channel.has("member")
        {
            // Updates of threads do not repeat whether the bot is in them.
            Object::new(&shapes::CHANNEL, former).copy_field("member", &mut record);
        }
        shelf.put(id, &record);
        shared.places.put(id, self.id);
        if self.id == 0
            && self.channels.len() > PRIVATE_MAX
            && let Some(oldest) = self.channels.first()
        {
            self.remove_channel(shared, oldest);
        }
    }

    /// A channel with its threads and messages, or a thread with its messages.
    pub(crate) fn remove_channel(&mut self, shared: &Shared, id: u64) {
        if !self.threads.remove(id) {
            self.channels.remove(id);
            // Also of one that is gone already: a session may tell again of its threads, and then of its end.
            for thread in self.threads_of(|parent| parent == id) {
                self.remove_channel(shared, thread);
            }
        }
        shared.places.remove(id, self.id);
        self.messages.remove_channel(shared, id);
        self.invites.remove_channel(id);
    }

    /// Lets go of what is in channels which the bot does not see any more: of what happens there it is told nothing.
    /// Where it sees them again, Discord lists their threads.
    pub(crate) fn forget_unseen(&mut self, shared: &Shared) {
        if self.threads.len() == 0 && self.messages.len() == 0 {
            return;
        }
        let Some(bot) = shared.bot_id().and_then(Id::new_checked) else {
            return;
        };
        let Some(member) = self.members.head(bot.get()) else {
            return;
        };
        let is_unseen = |channel| {
            let held = self.permissions_in(bot, member, channel, Timestamp::UNIX_EPOCH);
            held.is_some_and(|held| !held.contains(Permissions::VIEW_CHANNEL))
        };
        let threads = self.threads_of(is_unseen);
        let rings = self.messages.rings().map(|(channel, _)| channel);
        let silent: Vec<u64> = rings.filter(|channel| is_unseen(*channel)).collect();
        for thread in threads {
            self.remove_channel(shared, thread);
        }
        for channel in silent {
            self.remove_messages(shared, channel);
        }
    }

    /// The active threads of some channels, or of all, are these.
    pub(crate) fn sync_threads(&mut self, shared: &Shared, sync: Object<'_>) {
        let channels = sync.list("channel_ids").filter_map(|id| id.id());
        let channels: Vec<u64> = channels.collect();
        let is_synced = |parent| channels.is_empty() || channels.contains(&parent);
        let listed = sync.objects("threads").filter_map(|thread| thread.id("id"));
        let listed: Vec<u64> = listed.collect();
        for thread in self.threads_of(is_synced) {
            if !listed.contains(&thread) {
                self.remove_channel(shared, thread);
            }
        }
        for thread in sync.objects("threads") {
            self.put_channel(shared, thread);
        }
        for member in sync.objects("members") {
            self.join_thread(member);
        }
    }

    /// A thread in a forum is what was written there last, as a message is elsewhere.
    pub(crate) fn note_post(&mut self, thread: Object<'_>) {
        let Some((parent, id)) = thread.id("parent_id").zip(thread.id("id")) else {
            return;
        };
        let kind = |record| Object::new(&shapes::CHANNEL, record).number("type");
        if matches!(
            self.channels.get(parent).and_then(kind),
            Some(FORUM | MEDIA)
        ) {
            self.set_last(parent, id);
        }
    }

    pub(super) fn add_message(
        &mut self,
        shared: &Shared,
        place: MessagePlace,
        message: Object<'_>,
    ) {
        if shared.keep.messages == 0 {
            return self.see_author(shared, message);
        }
        if let Some(silent) = self.messages.crowded_out_by(place.channel) {
            self.remove_messages(shared, silent);
        }
        self.messages.add(shared, place, message);
        self.see_author(shared, message);
        let kind = |message: Object<'_>| message.at(KIND).and_then(Value::number);
        if self.threads.get(place.channel).is_some() && counts(place, kind(message)) {
            self.count_messages(place.channel, 1);
        }
    }

    /// A message is gone. One that is not known is taken for one that people wrote.
    pub(super) fn remove_message(&mut self, shared: &Shared, place: MessagePlace) {
        if self.threads.get(place.channel).is_some() {
            let known = self.messages.record(place).and_then(message_parts);
            let kind = known.and_then(|(_, message)| message.at(KIND)?.number());
            if counts(place, kind) {
                self.count_messages(place.channel, -1);
            }
        }
        if self.messages.last(place.channel) == Some(place.id) {
            self.note_last(place.channel);
        }
        self.messages.remove(shared, place.channel, place.id);
    }

    /// Lets the messages of a channel go, though they are there. How many there were.
    pub(super) fn remove_messages(&mut self, shared: &Shared, channel: u64) -> usize {
        self.note_last(channel);
        self.messages.remove_channel(shared, channel)
    }

    /// The last message of a channel is the newest that is kept, or what the channel's record says, whichever is
    /// later: so a new message changes no record. Before it goes, it is written there.
    pub(super) fn note_last(&mut self, channel: u64) {
        if let Some(last) = self.messages.last(channel) {
            self.set_last(channel, last);
        }
    }

    fn set_last(&mut self, channel: u64, last: u64) {
        for shelf in [&mut self.channels, &mut self.threads] {
            let known = |record| Object::new(&shapes::CHANNEL, record).id("last_message_id");
            if shelf
                .get(channel)
                .is_some_and(|record| known(record) < Some(last))
            {
                change(shelf, channel, &["last_message_id"], |_, out| {
                    Object::put_id(&shapes::CHANNEL, "last_message_id", last, out);
                });
            }
        }
    }

    /// How many messages are in a thread, and how many were ever written there, as far as Discord has said it before.
    fn count_messages(&mut self, thread: u64, more: i64) {
        let fields = ["message_count", "total_message_sent"];
        change(&mut self.threads, thread, &fields, |former, out| {
            for (name, more) in fields.into_iter().zip([more, more.max(0)]) {
                if let Some(count) = former.number(name) {
                    let count = count.saturating_add_signed(more);
                    Object::put_number(&shapes::CHANNEL, name, count, out);
                }
            }
        });
    }

    fn threads_of(&self, is_parent: impl Fn(u64) -> bool) -> Vec<u64> {
        let parent = |record| Object::new(&shapes::CHANNEL, record).id("parent_id");
        let threads = self.threads.iter();
        let theirs = threads.filter(|(_, record)| parent(record).is_some_and(&is_parent));
        theirs.map(|(id, _)| id).collect()
    }

    /// The bot is in a thread.
    pub(crate) fn join_thread(&mut self, member: Object<'_>) {
        if let Some(thread) = member.id("id") {
            let mut record = Vec::new();
            member.copy_without(&["id", "user_id", "guild_id"], &mut record);
            self.change_thread(thread, "member", |out| {
                Object::put_object(&shapes::CHANNEL, "member", &record, out);
            });
        }
    }

    /// How many are in a thread, and whether the bot has left it.
    pub(crate) fn thread_members(&mut self, update: Object<'_>, bot: Option<u64>) {
        let Some(thread) = update.id("id") else {
            return;
        };
        if let Some(count) = update.number("member_count") {
            self.change_thread(thread, "member_count", |out| {
                Object::put_number(&shapes::CHANNEL, "member_count", count, out);
            });
        }
        let mut removed = update.list("removed_member_ids").filter_map(|id| id.id());
        if removed.any(|user| Some(user) == bot) {
            self.change_thread(thread, "member", |_| {});
        }
    }

    pub(crate) fn pins(&mut self, update: Object<'_>) {
        let Some(id) = update.id("channel_id") else {
            return;
        };
        for shelf in [&mut self.channels, &mut self.threads] {
            change(shelf, id, &["last_pin_timestamp"], |_, out| {
                update.copy_field_as("last_pin_timestamp", &shapes::CHANNEL, out);
            });
        }
    }

    fn change_thread(&mut self, id: u64, field: &str, write: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.threads, id, &[field], |_, out| write(out));
    }
}

/// Writes some fields of a channel anew: `write` has those that it had.
fn change(
    shelf: &mut Shelf,
    id: u64,
    fields: &[&str],
    write: impl FnOnce(Object<'_>, &mut Vec<u8>),
) {
    if let Some(record) = shelf.get(id) {
        let mut changed = Vec::new();
        let former = Object::new(&shapes::CHANNEL, record);
        former.copy_without(fields, &mut changed);
        write(former, &mut changed);
        shelf.put(id, &changed);
    }
}

/// Whether a thread counts a message: not the one with which it began, nor what Discord itself has to say. A message
/// of which nothing is known is taken for one that people wrote.
fn counts(place: MessagePlace, kind: Option<u64>) -> bool {
    let is_written = matches!(
        kind,
        None | Some(DEFAULT | REPLY | CHAT_INPUT_COMMAND | CONTEXT_MENU_COMMAND)
    );
    is_written && place.id != place.channel
}

const KIND: u8 = shapes::MESSAGE.at("type");

/// The types of messages that people and bots write.
const DEFAULT: u64 = 0;
const REPLY: u64 = 19;
const CHAT_INPUT_COMMAND: u64 = 20;
const CONTEXT_MENU_COMMAND: u64 = 23;

/// The types of channels whose messages are threads.
const FORUM: u64 = 15;
const MEDIA: u64 = 16;

/// The private channels that are kept; Discord names one where something is written in it.
const PRIVATE_MAX: usize = 10_000;
