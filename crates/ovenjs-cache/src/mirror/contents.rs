//! What changes on a message that is kept, beside what its author writes: reactions, votes, and parts that Discord
//! sends by themselves.

use super::{
    block::Shared,
    messages::{MessagePlace, Messages, message_parts},
};
use crate::packed::{
    Object,
    shapes::{
        ANSWER_COUNT, MESSAGE, POLL, POLL_RESULTS, REACTION, REACTION_COUNTS, REACTION_EMOJI,
    },
};

impl Messages {
    /// A message as it is now, where it is known: one that has fallen out does not come back. What Discord may leave
    /// out although it is there stays.
    pub(super) fn update(&mut self, shared: &Shared, place: MessagePlace, message: Object<'_>) {
        const REACTIONS: u8 = MESSAGE.at("reactions");
        const POLL: u8 = MESSAGE.at("poll");

        let Some((_, former)) = self.record(place).and_then(message_parts) else {
            if self.takes_unknown && shared.keep.messages > 0 {
                self.put(shared, place, message, 0, &[]);
            }
            return;
        };
        let (mut left_out, mut kept) = (0, Vec::new());
        if message.at(REACTIONS).is_none() {
            former.copy_at(REACTIONS, &mut kept);
        }
        let lacks_votes = |poll: Object<'_>| !poll.has("results");
        let poll = message.at(POLL).and_then(|poll| poll.object());
        if poll.is_some_and(lacks_votes) && former.at(POLL).is_some() {
            left_out |= MESSAGE.bits(["poll"]);
            former.copy_at(POLL, &mut kept);
        }
        self.put(shared, place, message, left_out, &kept);
    }

    /// Some fields of a message are now so: those that were `named` and are not in `part` have no value any more.
    pub(super) fn merge(&mut self, place: MessagePlace, part: Object<'_>, named: u64) {
        self.rewrite(place, named, |_, out| {
            part.copy_but(Self::ASIDE | MESSAGE.bits(["author"]), out);
        });
    }

    /// Somebody reacts with an emoji, or takes that back.
    pub(super) fn react(
        &mut self,
        place: MessagePlace,
        event: Object<'_>,
        bot: Option<u64>,
        comes: bool,
    ) {
        let Some(emoji) = event.object("emoji") else {
            return;
        };
        let is_bot = bot.is_some() && event.id("user_id") == bot;
        self.rewrite_reactions(place, |reactions| {
            let is_it = |reaction: &Reaction| reaction.is_of(emoji);
            if comes && reactions.len() < REACTIONS_MAX && !reactions.iter().any(is_it) {
                reactions.push(Reaction::of(emoji));
            }
            if let Some(reaction) = reactions.iter_mut().find(|reaction| is_it(reaction)) {
                reaction.change(event, is_bot, comes);
            }
            reactions.retain(|reaction| reaction.normal + reaction.burst > 0);
        });
    }

    /// Nobody reacts any more: with this emoji, where there is one in the event, or with any.
    pub(super) fn clear_reactions(&mut self, place: MessagePlace, event: Object<'_>) {
        let emoji = event.object("emoji");
        self.rewrite_reactions(place, |reactions| {
            reactions.retain(|reaction| emoji.is_some_and(|emoji| !reaction.is_of(emoji)));
        });
    }

    /// Somebody votes for an answer, or takes that back.
    pub(super) fn vote(
        &mut self,
        place: MessagePlace,
        event: Object<'_>,
        bot: Option<u64>,
        comes: bool,
    ) {
        let Some(answer) = event.number("answer_id") else {
            return;
        };
        let is_bot = bot.is_some() && event.id("user_id") == bot;
        self.rewrite(place, MESSAGE.bits(["poll"]), |former, out| {
            let Some(poll) = former.object("poll") else {
                return;
            };
            let results = poll.object("results");
            let known = results
                .into_iter()
                .flat_map(|results| results.objects("answer_counts"));
            let mut counts: Vec<Votes> = known.filter_map(Votes::read).collect();
            let is_it = |votes: &Votes| votes.answer == answer;
            if comes && counts.len() < ANSWERS_MAX && !counts.iter().any(is_it) {
                counts.push(Votes {
                    answer,
                    count: 0,
                    has_bot: false,
                });
            }
            if let Some(votes) = counts.iter_mut().find(|votes| is_it(votes)) {
                votes.change(is_bot, comes);
            }
            let mut list = Vec::new();
            for votes in counts.iter().filter(|votes| votes.count > 0) {
                votes.write(&mut list);
            }
            let mut of_results = Vec::new();
            if let Some(results) = results {
                results.copy_without(&["answer_counts"], &mut of_results);
            }
            Object::put_list(&POLL_RESULTS, "answer_counts", &list, &mut of_results);
            let mut fields = Vec::new();
            poll.copy_without(&["results"], &mut fields);
            Object::put_object(&POLL, "results", &of_results, &mut fields);
            Object::put_object(&MESSAGE, "poll", &fields, out);
        });
    }

    fn rewrite_reactions(&mut self, place: MessagePlace, change: impl FnOnce(&mut Vec<Reaction>)) {
        self.rewrite(place, MESSAGE.bits(["reactions"]), |former, out| {
            let mut reactions: Vec<Reaction> = former
                .objects("reactions")
                .filter_map(Reaction::read)
                .collect();
            change(&mut reactions);
            let mut list = Vec::new();
            for reaction in &reactions {
                reaction.write(&mut list);
            }
            Object::put_list(&MESSAGE, "reactions", &list, out);
        });
    }
}

/// The reactions to a message with one emoji.
struct Reaction {
    emoji: Vec<u8>,
    normal: u64,
    burst: u64,
    /// Whether the bot is among them, and whether with a super reaction.
    has_bot: bool,
    has_bot_burst: bool,
    /// The colours of super reactions, as a field.
    colors: Vec<u8>,
}

impl Reaction {
    fn of(emoji: Object<'_>) -> Self {
        Self {
            emoji: emoji.bytes().to_vec(),
            normal: 0,
            burst: 0,
            has_bot: false,
            has_bot_burst: false,
            colors: Vec::new(),
        }
    }

    fn read(reaction: Object<'_>) -> Option<Self> {
        let details = reaction.object("count_details");
        let detail = |name| details.and_then(|details| details.number(name));
        let burst = detail("burst").unwrap_or_default();
        let count = reaction.number("count").unwrap_or_default();
        let mut read = Self::of(reaction.object("emoji")?);
        read.normal = detail("normal").unwrap_or_else(|| count.saturating_sub(burst));
        read.burst = burst;
        read.has_bot = reaction.has("me");
        read.has_bot_burst = reaction.has("me_burst");
        reaction.copy_field("burst_colors", &mut read.colors);
        Some(read)
    }

    /// Of emojis with an id the name may be another one by now.
    fn is_of(&self, emoji: Object<'_>) -> bool {
        let known = Object::new(&REACTION_EMOJI, &self.emoji);
        match (known.id("id"), emoji.id("id")) {
            (None, None) => known.text("name") == emoji.text("name"),
            (one, other) => one == other,
        }
    }

    fn change(&mut self, event: Object<'_>, is_bot: bool, comes: bool) {
        let is_burst = event.has("burst");
        let (count, has_bot) = if is_burst {
            (&mut self.burst, &mut self.has_bot_burst)
        } else {
            (&mut self.normal, &mut self.has_bot)
        };
        if is_bot && *has_bot == comes {
            // It is told twice.
            return;
        }
        *count = match comes {
            true => count.saturating_add(1),
            false => count.saturating_sub(1),
        };
        *has_bot = if is_bot { comes } else { *has_bot };
        if comes && event.has("burst_colors") {
            self.colors.clear();
            event.copy_field_as("burst_colors", &REACTION, &mut self.colors);
        }
    }

    fn write(&self, list: &mut Vec<u8>) {
        let mut fields = Vec::new();
        Object::put_object(&REACTION, "emoji", &self.emoji, &mut fields);
        let most = u64::from(u32::MAX);
        let count = self.normal.saturating_add(self.burst).min(most);
        Object::put_number(&REACTION, "count", count, &mut fields);
        let mut details = Vec::new();
        Object::put_number(
            &REACTION_COUNTS,
            "burst",
            self.burst.min(most),
            &mut details,
        );
        Object::put_number(
            &REACTION_COUNTS,
            "normal",
            self.normal.min(most),
            &mut details,
        );
        Object::put_object(&REACTION, "count_details", &details, &mut fields);
        for (name, is_so) in [("me", self.has_bot), ("me_burst", self.has_bot_burst)] {
            if is_so {
                Object::put_flag(&REACTION, name, &mut fields);
            }
        }
        fields.extend(&self.colors);
        Object::put_element(&fields, list);
    }
}

/// The votes for one answer.
struct Votes {
    answer: u64,
    count: u64,
    has_bot: bool,
}

impl Votes {
    fn read(votes: Object<'_>) -> Option<Self> {
        Some(Self {
            answer: votes.number("id")?,
            count: votes.number("count").unwrap_or_default(),
            has_bot: votes.has("me_voted"),
        })
    }

    fn change(&mut self, is_bot: bool, comes: bool) {
        if is_bot && self.has_bot == comes {
            return;
        }
        self.count = match comes {
            true => self.count.saturating_add(1),
            false => self.count.saturating_sub(1),
        };
        self.has_bot = if is_bot { comes } else { self.has_bot };
    }

    fn write(&self, list: &mut Vec<u8>) {
        let mut fields = Vec::new();
        Object::put_number(&ANSWER_COUNT, "id", self.answer, &mut fields);
        Object::put_number(&ANSWER_COUNT, "count", self.count, &mut fields);
        if self.has_bot {
            Object::put_flag(&ANSWER_COUNT, "me_voted", &mut fields);
        }
        Object::put_element(&fields, list);
    }
}

/// As many emojis as Discord lets stand under one message.
const REACTIONS_MAX: usize = 20;

/// More than a poll has answers, which is ten.
const ANSWERS_MAX: usize = 32;
