//! Discord's documented limits, one by one: each that concerns what a bot sends is checked before
//! it is sent, with a message that names the limit and the value.

use std::time::Duration;

use ovenjs_types::{
    ActionRow, Activity, AutoModerationAction, AutoModerationRuleDraft, BulkBanDraft, BulkDelete,
    Button, ChannelDraft, ChannelType, Choice, CommandDraft, CommandOption, CommandOptionType,
    CommandPermission, DataUri, Embed, EmbedAuthor, EmbedFooter, EmojiDraft, FileUpload,
    ForumTagDraft, GatewayCommand, Id, Identify, Intents, InteractionResponse, Invalid,
    InviteDraft, MediaGallery, MessageDraft, PollDraft, PruneDraft, RequestGuildMembers, Section,
    Select, SoundDraft, Status, StickerDraft, TextDisplay, TextInput, ThreadDraft, Timeout,
    UpdatePresence, Upload, Validate, WebhookMessage, json,
};

#[test]
fn every_documented_limit_is_kept_locally() {
    let (mut kept, mut all, mut faults) = (0, 0, Vec::new());
    for (name, documented) in documented() {
        let tries: Vec<&Try> = TRIES.iter().filter(|each| each.name == name).collect();
        let is_elsewhere = elsewhere(&name).is_some();
        let mut found: Vec<String> = tries
            .iter()
            .flat_map(|each| each.faults(&documented))
            .collect();
        match (tries.is_empty(), is_elsewhere) {
            (true, false) => {
                found.push(format!("{name} is neither tried nor said to be elsewhere"));
            }
            (false, true) => found.push(format!("{name} is tried: take it off ELSEWHERE")),
            (true, true) | (false, false) => {}
        }
        all += usize::from(!is_elsewhere);
        kept += usize::from(!is_elsewhere && found.is_empty());
        faults.extend(found);
    }
    for each in TRIES {
        assert!(
            documented().iter().any(|(name, _)| name == each.name),
            "{}",
            each.name
        );
    }
    for (name, _) in ELSEWHERE {
        assert!(
            documented().iter().any(|(known, _)| known == name),
            "{name}"
        );
    }
    println!("spec: documented limits of payloads | {kept} | {all}");
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A draft that is as large as it is told.
struct Try {
    name: &'static str,
    /// The bounds, where the table's numbers are not these.
    bounds: Option<(usize, usize)>,
    draft: fn(usize) -> Result<(), Invalid>,
}

impl Try {
    fn faults(&self, documented: &[usize]) -> Vec<String> {
        let (least, most) = self.bounds.unwrap_or_else(|| match documented {
            [most] => (0, *most),
            [least, most] => (*least, *most),
            _ => panic!("{}: {documented:?}", self.name),
        });
        let mut faults = Vec::new();
        for fine in [least.max(1), most] {
            if let Err(told) = (self.draft)(fine) {
                faults.push(format!("{}: {fine} is refused: {told}", self.name));
            }
        }
        let below = least.checked_sub(1).map(|value| (value, least));
        for (value, limit) in below.into_iter().chain([(most + 1, most)]) {
            match (self.draft)(value) {
                Ok(()) => faults.push(format!("{}: {value} is not refused", self.name)),
                Err(told) => {
                    let told = told.to_string();
                    let names = |number: usize| {
                        told.split(|letter: char| !letter.is_ascii_digit())
                            .any(|word| word == number.to_string())
                    };
                    if !names(value) || !names(limit) {
                        faults.push(format!(
                            "{}: {value} or {limit} is not in: {told}",
                            self.name
                        ));
                    }
                }
            }
        }
        faults
    }
}

macro_rules! tries {
    ($( $name:literal $(in $least:literal..=$most:literal)?: $draft:expr; )+) => {
        &[$( Try { name: $name, bounds: tries!(@ $($least $most)?), draft: $draft } ),+]
    };
    (@) => { None };
    (@ $least:literal $most:literal) => { Some(($least, $most)) };
}

const TRIES: &[Try] = tries! {
    "channel.name": |n| valid(ChannelDraft::new(text(n)));
    "channel.name": |n| valid(ThreadDraft::new(text(n)));
    "channel.rate_limit_per_user": |n| valid(ChannelDraft {
        rate_limit_per_user: Some(small(n)),
        ..ChannelDraft::new("c")
    });
    "channel.topic" in 0..=1024: |n| valid(ChannelDraft {
        topic: Some(text(n).into()),
        ..ChannelDraft::new("c")
    });
    "channel.topic" in 0..=4096: |n| valid(ChannelDraft {
        kind: Some(ChannelType::GuildForum),
        topic: Some(text(n).into()),
        ..ChannelDraft::new("c")
    });
    "commands.chat_input_global": |n| commands(n, |name| CommandDraft::slash(name, "d"));
    "commands.message_global": |n| commands(n, CommandDraft::message);
    "commands.options": |n| valid(numbers(n).fold(CommandDraft::slash("c", "d"), |draft, number| {
        let name = format!("o{number}");
        draft.option(CommandOption::new(CommandOptionType::Boolean, name, "d"))
    }));
    "commands.permission_overwrites": |n| {
        let everyone = numbers(n).map(|id| CommandPermission::user(Id::new(id), true));
        valid(everyone.collect::<Vec<_>>())
    };
    "commands.total_chars": |n| {
        // Six letters are names and descriptions.
        let value = n.saturating_sub(6);
        let (first, second) = (value / 2, value - value / 2);
        let option = CommandOption::new(CommandOptionType::String, "o", "d")
            .choice("a", text(first))
            .choice("b", text(second));
        valid(CommandDraft::slash("c", "d").option(option))
    };
    "commands.user_global": |n| commands(n, CommandDraft::user);
    "components.action_row_buttons": |n| valid(row(n));
    "components.button_label": |n| valid(Button::new("b", text(n)));
    "components.custom_id": |n| valid(Button::new(text(n), "B"));
    "components.file_upload": |n| {
        let mut upload = FileUpload::new("f").optional();
        upload.max_values = Some(small(n));
        valid(upload)
    };
    "components.legacy_rows": |n| {
        let rows = numbers(n).map(|number| {
            ActionRow::from_iter([Button::new(number.to_string(), "B")]).into()
        });
        valid(MessageDraft { components: rows.collect(), ..MessageDraft::default() })
    };
    "components.media_gallery": |n| {
        valid(MediaGallery::new(numbers(n).map(|number| {
            ovenjs_types::MediaGalleryItem::new(format!("https://example.com/{number}.png"))
        })))
    };
    "components.section_texts": |n| {
        let mut section = Section::new(["a"], Button::new("b", "B"));
        section.components = numbers(n).map(|_| TextDisplay::new("a").into()).collect();
        valid(section)
    };
    "components.select_options": |n| {
        valid(Select::strings("s", numbers(n).map(|number| (number.to_string(), "L"))))
    };
    "components.text_input": |n| valid(TextInput::short("t").value(text(n)));
    "components.v2_total": |n| {
        let texts = numbers(n).map(|_| TextDisplay::new("a"));
        valid(texts.fold(MessageDraft::new(), MessageDraft::component))
    };
    "embed.author": |n| embed(Embed::new().author(EmbedAuthor::new(text(n))));
    "embed.description": |n| embed(Embed::new().description(text(n)));
    "embed.field_name": |n| embed(Embed::new().field(text(n), "v", false));
    "embed.field_value": |n| embed(Embed::new().field("n", text(n), false));
    "embed.fields": |n| {
        embed(numbers(n).fold(Embed::new(), |embed, _| embed.field("n", "v", false)))
    };
    "embed.footer": |n| embed(Embed::new().footer(EmbedFooter::new(text(n))));
    "embed.title": |n| embed(Embed::new().title(text(n)));
    "emoji.size": |n| valid(EmojiDraft {
        name: "rye".into(),
        image: DataUri::new("image/png", vec![0; n]),
        ..EmojiDraft::default()
    });
    "attachment.size": |n| {
        MessageDraft::new().file(Upload::new("f", vec![0; n])).fits(10_485_760)
    };
    "file_types": |n| {
        valid(numbers(n).fold(FileUpload::new("f"), |upload, _| upload.file_type(".pdf")))
    };
    "file_types": |n| {
        let option = CommandOption::new(CommandOptionType::Attachment, "o", "d");
        valid(numbers(n).fold(option, |option, _| option.file_type("image")))
    };
    "forum.tags": |n| valid(ChannelDraft {
        available_tags: vec![ForumTagDraft::default(); n],
        ..ChannelDraft::new("c")
    });
    "gateway.large_threshold": |n| {
        let members = u16::try_from(n).unwrap();
        valid(Identify::new("t", Intents::GUILDS).large_threshold(members))
    };
    "gateway.payload_max": |n| {
        let frame = |state: usize| {
            let presence = UpdatePresence::new(Status::Online);
            GatewayCommand::UpdatePresence(presence.activity(Activity::custom(text(state))))
        };
        // No frame is smaller than this one.
        let state = n.saturating_sub(json::encode(&frame(0)).len());
        valid(frame(state))
    };
    "gateway.request_members.nonce": |n| {
        valid(RequestGuildMembers::all(Id::new(1)).nonce(text(n)))
    };
    "gateway.request_members.query_max": |n| {
        valid(RequestGuildMembers::named(Id::new(1), "a", small(n)))
    };
    "gateway.request_members.user_ids_max": |n| {
        valid(RequestGuildMembers::users(Id::new(1), numbers(n).map(Id::new)))
    };
    "guild.ban_delete_seconds": |n| valid(BulkBanDraft {
        user_ids: vec![Id::new(1)],
        delete_message_seconds: Some(small(n)),
    });
    "guild.bulk_ban": |n| valid(BulkBanDraft {
        user_ids: numbers(n).map(Id::new).collect(),
        ..BulkBanDraft::default()
    });
    "guild.prune_days": |n| valid(PruneDraft {
        days: Some(u8::try_from(n).unwrap()),
        ..PruneDraft::default()
    });
    // In seconds: 28 days.
    "guild.timeout" in 0..=2_419_200: |n| {
        valid(Timeout(Duration::from_secs(u64::try_from(n).unwrap())))
    };
    "interaction.autocomplete_choices": |n| {
        let choices = numbers(n).map(|number| Choice::new("c", number.to_string()));
        valid(InteractionResponse::Autocomplete(choices.collect()))
    };
    "interaction.embeds": |n| valid(InteractionResponse::Message(embeds(n)));
    "invite.max_age": |n| valid(InviteDraft {
        max_age: Some(small(n)),
        ..InviteDraft::default()
    });
    "invite.max_uses": |n| valid(InviteDraft {
        max_uses: Some(small(n)),
        ..InviteDraft::default()
    });
    "message.bulk_delete": |n| valid(BulkDelete {
        messages: numbers(n).map(Id::new).collect(),
    });
    "message.content": |n| valid(MessageDraft::from(text(n)));
    "message.embed_total": |n| {
        let half = |n| Embed::new().description(text(n));
        valid(MessageDraft::new().embed(half(n / 2)).embed(half(n - n / 2)))
    };
    "message.embeds": |n| valid(embeds(n));
    "message.nonce": |n| valid(MessageDraft::from("x").nonce(text(n)));
    "message.stickers": |n| {
        let stickers = numbers(n).map(Id::new);
        valid(stickers.fold(MessageDraft::from("x"), MessageDraft::sticker))
    };
    "poll.answers": |n| {
        let poll = PollDraft::new("?");
        valid(numbers(n).fold(poll, |poll, number| poll.answer(number.to_string().as_str())))
    };
    // In hours: 32 days.
    "poll.duration" in 1..=768: |n| {
        valid(PollDraft::new("?").answer("!").hours(u16::try_from(n).unwrap()))
    };
    "rules.automod_keyword" in 0..=1000: |n| {
        rule(AutoModerationRuleDraft::keywords("r", numbers(n).map(|number| number.to_string())))
    };
    "rules.automod_keyword" in 1..=60: |n| {
        rule(AutoModerationRuleDraft::keywords("r", [text(n)]))
    };
    "soundboard.size": |n| valid(SoundDraft {
        name: "moo".into(),
        sound: DataUri::new("audio/ogg", vec![0; n]),
        ..SoundDraft::default()
    });
    "sticker.size": |n| valid(StickerDraft {
        name: "rye".into(),
        tags: "bread".into(),
        file: Upload::new("rye.png", vec![0; n]),
        ..StickerDraft::default()
    });
    "thread.tags": |n| valid(ThreadDraft {
        applied_tags: numbers(n).map(Id::new).collect(),
        ..ThreadDraft::new("t")
    });
    "webhook.username": |n| valid(WebhookMessage {
        username: Some(text(n).into()),
        ..MessageDraft::from("x").into()
    });
};

/// Limits that no payload of this crate can break, each with the reason.
const ELSEWHERE: &[(&str, &str)] = &[
    ("audit_reason", "a header, which the REST client checks"),
    (
        "commands.daily_creates",
        "of a guild's day, not of one request",
    ),
    (
        "emoji.application",
        "of what an application has, not of one request",
    ),
    ("gateway.guilds_per_shard", "of how many shards there are"),
    ("gateway.identify_daily", "of an application's day"),
    (
        "gateway.large_bot_threshold",
        "of how many guilds there are",
    ),
    (
        "gateway.presence_update",
        "of a shard's time; the gateway's budget has it",
    ),
    (
        "gateway.privileged_intent_users",
        "of how many users there are",
    ),
    (
        "gateway.request_members.all",
        "of a guild's time; the gateway's budget has it",
    ),
    (
        "gateway.request_members.guilds",
        "the request has a field for one guild",
    ),
    (
        "gateway.request_members.presence_cutoff",
        "of what Discord sends",
    ),
    (
        "gateway.send",
        "of a shard's time; the gateway's budget has it",
    ),
    ("guild.channels", "of what a guild has, not of one request"),
    (
        "guild.members_limit",
        "of a query, whose endpoint the REST client has not",
    ),
    ("http.global", "of a bot's time; the limiter has it"),
    (
        "http.invalid_requests",
        "of an address's time; the limiter has it",
    ),
    (
        "interaction.followups_user_install",
        "of how many requests there are",
    ),
    ("interaction.initial_response", "of time"),
    ("interaction.token_validity", "of time"),
    (
        "message.get_limit",
        "of a query, which the REST client checks",
    ),
    (
        "message.pins_limit",
        "of a query, which the REST client checks",
    ),
    (
        "search.limit",
        "of a query, whose endpoint the REST client has not",
    ),
    ("voice.ip_discovery", "of a voice connection"),
    ("voice.silence_frames", "of a voice connection"),
    (
        "webhook.per_channel",
        "of what a channel has, not of one request",
    ),
    ("webhook_events.ack", "of time"),
];

fn elsewhere(name: &str) -> Option<&'static str> {
    let found = ELSEWHERE.iter().find(|(known, _)| *known == name);
    found.map(|(_, reason)| *reason)
}

/// The table of limits: names and numbers.
fn documented() -> Vec<(String, Vec<usize>)> {
    let lines = include_str!("../../../../specs/limits.txt").lines();
    let rows = lines.filter_map(|line| {
        let mut words = line.strip_prefix("limit ")?.split(' ');
        let (name, _, numbers) = (words.next()?, words.next()?, words.next()?);
        let numbers = numbers.split(',').map(|number| number.parse().unwrap());
        Some((name.to_owned(), numbers.collect()))
    });
    rows.collect()
}

fn valid(draft: impl Validate) -> Result<(), Invalid> {
    draft.validate().map(drop)
}

fn commands(count: usize, draft: fn(String) -> CommandDraft) -> Result<(), Invalid> {
    let drafts = numbers(count).map(|number| draft(format!("c{number}")));
    valid(drafts.collect::<Vec<_>>())
}

fn row(buttons: usize) -> ActionRow {
    let buttons = numbers(buttons).map(|number| Button::new(number.to_string(), "B"));
    buttons.collect()
}

fn embed(embed: Embed) -> Result<(), Invalid> {
    valid(MessageDraft::new().embed(embed))
}

fn embeds(count: usize) -> MessageDraft {
    let embeds = numbers(count).map(|_| Embed::new().title("t"));
    embeds.fold(MessageDraft::from("x"), MessageDraft::embed)
}

fn rule(rule: AutoModerationRuleDraft) -> Result<(), Invalid> {
    valid(rule.action(AutoModerationAction::block("no")))
}

fn numbers(count: usize) -> impl Iterator<Item = u64> {
    1..=u64::try_from(count).unwrap()
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap()
}

fn text(length: usize) -> String {
    "x".repeat(length)
}
