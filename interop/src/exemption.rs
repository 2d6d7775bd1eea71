//! What libraries do by themselves against Discord's schema, each with its reason.

use anyhow::{Result, bail};
use ovenjs_mock::Discord;

/// What one library does wrong wherever it is used, and what Discord lets pass.
#[derive(Clone, Copy, Debug)]
pub struct Exemption {
    /// What the mock says about it, `*` standing for the number of a list's element.
    pub warnings: &'static [&'static str],
    /// Why it is nobody's fault here.
    pub reason: &'static str,
}

/// How often a bot and the mock kept to the rules, and did not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Different operations that succeeded.
    pub operations: usize,
    /// Different violations of Discord's schema by the mock.
    pub of_the_mock: usize,
    /// Different violations by the bot that have no exemption.
    pub of_the_bot: usize,
    /// Different violations by the bot that have one.
    pub exempted: usize,
}

/// Counts what the bot and the mock did.
#[must_use]
pub fn tally(discord: &Discord, exemptions: &[Exemption]) -> Tally {
    let warnings = discord.warnings();
    let exempted = warnings
        .iter()
        .filter(|warning| exemptions.iter().any(|one| one.covers(warning)))
        .count();
    Tally {
        operations: crate::operations(discord).len(),
        of_the_mock: discord.violations().len(),
        of_the_bot: warnings.len() - exempted,
        exempted,
    }
}

/// Judges the whole story: at least `operations` different ones, no violation by either side that has
/// no exemption, and no exemption that nothing needs any more.
///
/// # Errors
///
/// When one of it is not so; the message names it.
pub fn keeps_to_the_rules(
    discord: &Discord,
    operations: usize,
    exemptions: &[Exemption],
) -> Result<()> {
    let mut complaints = Vec::new();
    let driven = crate::operations(discord);
    if driven.len() < operations {
        complaints.push(format!(
            "it drove {} different operations instead of {operations}: {driven:?}",
            driven.len()
        ));
    }
    for violation in discord.violations() {
        complaints.push(format!("the mock broke a rule: {violation}"));
    }
    let warnings = discord.warnings();
    for warning in &warnings {
        if !exemptions.iter().any(|one| one.covers(warning)) {
            complaints.push(format!("the bot broke a rule: {warning}"));
        }
    }
    for one in exemptions {
        if !warnings.iter().any(|warning| one.covers(warning)) {
            complaints.push(format!("no longer needed: {:?}", one.warnings));
        }
    }
    if complaints.is_empty() {
        return Ok(());
    }
    bail!("{}", complaints.join("\n  "))
}

impl Exemption {
    fn covers(&self, warning: &str) -> bool {
        let warning = without_places(warning);
        self.warnings.contains(&warning.as_str())
    }
}

/// `embeds.0.flags` into `embeds.*.flags`.
fn without_places(warning: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let words: Vec<String> = warning
        .split(' ')
        .map(|word| {
            let parts = word.split('.');
            let parts: Vec<&str> = parts
                .map(|part| if is_number(part) { "*" } else { part })
                .collect();
            parts.join(".")
        })
        .collect();
    words.join(" ")
}

/// discord.js 14.
pub const DISCORD_JS: &[Exemption] = &[
    Exemption {
        warnings: &[
            "POST /interactions/{interaction_id}/{interaction_token}/callback: data.enforce_nonce: wanted no such key",
            "POST /webhooks/{webhook_id}/{webhook_token}: enforce_nonce: wanted no such key",
            "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original: enforce_nonce: wanted no such key",
            "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}: enforce_nonce: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: enforce_nonce: wanted no such key",
        ],
        reason: "it writes every message by one builder, and false where nothing was said; only new \
                 messages of a bot have nonces",
    },
    Exemption {
        warnings: &[
            "POST /interactions/{interaction_id}/{interaction_token}/callback: data.tts: wanted no such key",
            "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original: tts: wanted no such key",
            "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}: tts: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: tts: wanted no such key",
        ],
        reason: "the same builder; nothing is read aloud when it is edited",
    },
    Exemption {
        warnings: &[
            "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}: username: wanted no such key",
        ],
        reason: "the same builder; an edit does not change the name under which a webhook wrote",
    },
    Exemption {
        warnings: &[
            "PUT /channels/{channel_id}/permissions/{overwrite_id}: id: wanted no such key",
        ],
        reason: "it writes the whole overwrite, whose id is in the path already",
    },
    Exemption {
        warnings: &[
            "POST /channels/{channel_id}/messages/{message_id}/threads: type: wanted no such key",
        ],
        reason: "it starts every thread by one body; that on a message has the type of its channel",
    },
    Exemption {
        warnings: &[
            "POST /channels/{channel_id}/threads: message.enforce_nonce: wanted no such key",
            "POST /channels/{channel_id}/threads: message.tts: wanted no such key",
            "POST /channels/{channel_id}/threads: message: wanted no such key",
        ],
        reason: "the builder of messages again; without files these keys make the post fit a thread \
                 without a message as well as one with a message",
    },
    Exemption {
        warnings: &["PATCH /guilds/{guild_id}: reason: wanted no such key"],
        reason: "it spreads the options into the body, the reason among them, which the header has",
    },
    Exemption {
        warnings: &[
            "PATCH /guilds/{guild_id}/members/{user_id}: communicationDisabledUntil: wanted no such key",
        ],
        reason: "it spreads the options into the body beside communication_disabled_until",
    },
    Exemption {
        warnings: &[
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.attachment: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.contentType: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.duration: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.ephemeral: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.flags: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.height: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.name: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.proxyURL: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.size: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.url: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.width: wanted no such key",
        ],
        reason: "it writes the attachments that are to stay as it holds them; Discord reads their ids",
    },
    Exemption {
        warnings: &[
            "POST /channels/{channel_id}/messages: components.*.components.*.accessory.emoji.animated: wanted no such key",
            "POST /channels/{channel_id}/messages: components.*.components.*.options.*.emoji.animated: wanted no such key",
        ],
        reason: "it writes whether an emoji is animated, which its id says",
    },
];

/// discord.py 2.
pub const DISCORD_PY: &[Exemption] = &[
    Exemption {
        warnings: &[
            "an identify asks for compressed payloads on a connection that is zlib-stream already",
            "an identify asks for compressed payloads on a connection that is zstd-stream already",
        ],
        reason: "it always asks; Discord takes the stream's compression",
    },
    Exemption {
        warnings: &["gateway command UPDATE_PRESENCE: activities.*.platform: wanted no such key"],
        reason: "it writes what it would read, null",
    },
    Exemption {
        warnings: &["the User-Agent does not begin with DiscordBot"],
        reason: "it names itself to Discord everywhere but to webhooks and interactions",
    },
    Exemption {
        warnings: &[
            "POST /interactions/{interaction_id}/{interaction_token}/callback: data.tts: wanted no such key",
            "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original: tts: wanted no such key",
            "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}: tts: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: tts: wanted no such key",
        ],
        reason: "it writes new messages and edits by one builder",
    },
    Exemption {
        warnings: &[
            "POST /channels/{channel_id}/messages: embeds.*.flags: wanted no such key",
            "POST /webhooks/{webhook_id}/{webhook_token}: embeds.*.flags: wanted no such key",
        ],
        reason: "it writes an embed's flags, which only Discord sets",
    },
    Exemption {
        warnings: &[
            "PUT /channels/{channel_id}/permissions/{overwrite_id}: id: wanted no such key",
        ],
        reason: "it writes the whole overwrite, whose id is in the path already",
    },
    Exemption {
        warnings: &[
            "PUT /guilds/{guild_id}/bans/{user_id}: delete_message_seconds: wanted no such key",
        ],
        reason: "it writes it into the query, where Discord reads it too without saying so",
    },
    Exemption {
        warnings: &[
            "POST /channels/{channel_id}/threads: use_nested_fields: wanted no such key",
            "POST /channels/{channel_id}/threads: type: wanted no such key",
        ],
        reason: "it asks for posts in the form that Discord has by now anyway, and says their type",
    },
    Exemption {
        warnings: &[
            "POST /channels/{channel_id}/threads: message.tts: wanted no such key",
            "POST /channels/{channel_id}/threads: message: wanted no such key",
        ],
        reason: "the builder of messages again; without files these keys make the post fit a thread \
                 without a message as well as one with a message",
    },
    Exemption {
        warnings: &[
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.content_type: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.height: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.proxy_url: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.size: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.spoiler: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.url: wanted no such key",
            "PATCH /channels/{channel_id}/messages/{message_id}: attachments.*.width: wanted no such key",
        ],
        reason: "it writes the attachments that are to stay as it holds them; Discord reads their ids",
    },
];

/// hikari 2.
pub const HIKARI: &[Exemption] = &[
    Exemption {
        warnings: &["a presence says game, which activities has replaced"],
        reason: "it still writes the field of an older gateway, which Discord still reads",
    },
    Exemption {
        warnings: &["gateway command IDENTIFY: capabilities: wanted no such key"],
        reason: NEWER,
    },
    Exemption {
        warnings: &["POST /guilds/{guild_id}/channels: available_tags.*.id: wanted no such key"],
        reason: "it writes 0 as the id of a tag that Discord has yet to make",
    },
];

/// serenity 0.12.
pub const SERENITY: &[Exemption] = &[
    SERENITY_SINCE,
    SERENITY_ENCODING,
    SERENITY_OPTIONS,
    SERENITY_OVERWRITE,
    SERENITY_BAN,
];

/// poise 0.7, which is serenity 0.12 below.
pub const POISE: &[Exemption] = &[
    SERENITY_SINCE,
    SERENITY_ENCODING,
    SERENITY_OPTIONS,
    SERENITY_OVERWRITE,
    SERENITY_BAN,
    Exemption {
        warnings: &[
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.autocomplete: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.channel_types: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.choices: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.max_length: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.max_value: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.min_length: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.min_value: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.options: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.options.*.autocomplete: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.options.*.channel_types: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.options.*.choices: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.options.*.max_length: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.options.*.max_value: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.options.*.min_length: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.options.*.min_value: wanted no such key",
            "PUT /applications/{application_id}/guilds/{guild_id}/commands: *.options.*.options.*.options: wanted no such key",
        ],
        reason: EVERY_OPTION,
    },
];

const SERENITY_SINCE: Exemption = Exemption {
    warnings: &["a presence says since as an object, which tells no time"],
    reason: "it writes what serde makes of a time",
};

const SERENITY_ENCODING: Exemption = Exemption {
    warnings: &["the gateway was connected to without encoding=json"],
    reason: "it asks for a version only, and json is what Discord speaks unasked",
};

const SERENITY_OPTIONS: Exemption = Exemption {
    warnings: &[
        "PUT /applications/{application_id}/commands: *.options.*.channel_types: wanted no such key",
        "PUT /applications/{application_id}/commands: *.options.*.max_value: wanted no such key",
        "PUT /applications/{application_id}/commands: *.options.*.min_value: wanted no such key",
        "PUT /applications/{application_id}/commands: *.options.*.options: wanted no such key",
    ],
    reason: EVERY_OPTION,
};

const SERENITY_OVERWRITE: Exemption = Exemption {
    warnings: &["PUT /channels/{channel_id}/permissions/{overwrite_id}: id: wanted no such key"],
    reason: "it writes the whole overwrite, whose id is in the path already",
};

const SERENITY_BAN: Exemption = Exemption {
    warnings: &[
        "PUT /guilds/{guild_id}/bans/{user_id}: delete_message_seconds: wanted no such key",
    ],
    reason: "it writes it into the query, where Discord reads it too without saying so",
};

const EVERY_OPTION: &str =
    "it writes every option with what only options of other types have, as null or empty";

/// twilight 0.18.
pub const TWILIGHT: &[Exemption] = &[
    Exemption {
        warnings: &["PUT /applications/{application_id}/commands: *.version: wanted no such key"],
        reason: "it writes the commands that it would read, and these have versions",
    },
    Exemption {
        warnings: &["gateway command IDENTIFY: presence: null is no presence"],
        reason: "it writes null for no presence, which Discord takes for one",
    },
    Exemption {
        warnings: &["gateway command IDENTIFY: capabilities: wanted no such key"],
        reason: NEWER,
    },
    Exemption {
        warnings: &[
            "gateway command UPDATE_PRESENCE: activities.*.created_at: wanted int, got null",
        ],
        reason: "it writes an activity that it would read, with null for the time that Discord sets",
    },
];

const NEWER: &str = "what a bot is capable of is newer than the tables that the mock judges by";
