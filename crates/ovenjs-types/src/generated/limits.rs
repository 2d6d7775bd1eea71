//! Discord's limits, as numbers.
//!
//! Written by `cargo xtask codegen` from the tables of `specs/`.

/// `roles` of `MessageAllowedMentionsRequest`: at most.
pub const ALLOWED_MENTIONS_ROLES: usize = 100;

/// `users` of `MessageAllowedMentionsRequest`: at most.
pub const ALLOWED_MENTIONS_USERS: usize = 100;

/// `description` of `MessageAttachmentRequest`: at most.
pub const ATTACHMENT_DESCRIPTION: usize = 1_024;

/// `filename` of `MessageAttachmentRequest`: at most.
pub const ATTACHMENT_FILENAME: usize = 1_024;

/// `filename` of `MessageAttachmentRequest`: at least.
pub const ATTACHMENT_FILENAME_MIN: usize = 1;

/// `attachment.size`, in bytes per file by default: at most.
pub const ATTACHMENT_SIZE_BYTES: usize = 10_485_760;

/// `title` of `MessageAttachmentRequest`: at most.
pub const ATTACHMENT_TITLE: usize = 1_024;

/// `waveform` of `MessageAttachmentRequest`: at most.
pub const ATTACHMENT_WAVEFORM: usize = 400;

/// `audit_reason`, in characters: at most.
pub const AUDIT_REASON: usize = 512;

/// `rules.automod_keyword`, in keywords per rule.
pub const AUTO_MODERATION_KEYWORD: usize = 60;

/// `rules.automod_keyword`, in keywords per rule.
pub const AUTO_MODERATION_KEYWORDS: usize = 1_000;

/// `url` of `ButtonComponentForMessageRequest`: at most.
pub const BUTTON_URL: usize = 512;

/// `channel.name`, in characters: at most.
pub const CHANNEL_NAME: usize = 100;

/// `channel.name`, in characters: at least.
pub const CHANNEL_NAME_MIN: usize = 1;

/// `permission_overwrites` of `CreateGuildChannelRequest`: at most.
pub const CHANNEL_OVERWRITES: usize = 100;

/// `channel.rate_limit_per_user`, in seconds: at most.
pub const CHANNEL_RATE_LIMIT_PER_USER_SECONDS: usize = 21_600;

/// `channel.topic`, in characters.
pub const CHANNEL_TOPIC: usize = 1_024;

/// `options` of `CheckboxGroupComponentForModalRequest`: at most.
pub const CHECKBOX_GROUP_OPTIONS: usize = 10;

/// `options` of `CheckboxGroupComponentForModalRequest`: at least.
pub const CHECKBOX_GROUP_OPTIONS_MIN: usize = 1;

/// `description` of `CheckboxGroupOptionForRequest`: at most.
pub const CHECKBOX_OPTION_DESCRIPTION: usize = 100;

/// `label` of `CheckboxGroupOptionForRequest`: at most.
pub const CHECKBOX_OPTION_LABEL: usize = 100;

/// `label` of `CheckboxGroupOptionForRequest`: at least.
pub const CHECKBOX_OPTION_LABEL_MIN: usize = 1;

/// `value` of `CheckboxGroupOptionForRequest`: at most.
pub const CHECKBOX_OPTION_VALUE: usize = 100;

/// `value` of `CheckboxGroupOptionForRequest`: at least.
pub const CHECKBOX_OPTION_VALUE_MIN: usize = 1;

/// `commands.chat_input_global`, in commands: at most.
pub const COMMANDS_CHAT_INPUT_GLOBAL: usize = 100;

/// `commands.daily_creates`, in creates per day per guild: at most.
pub const COMMANDS_DAILY_CREATES: usize = 200;

/// `commands.message_global`, in commands: at most.
pub const COMMANDS_MESSAGE_GLOBAL: usize = 15;

/// `commands.options`, in options: at most.
pub const COMMANDS_OPTIONS: usize = 25;

/// `commands.permission_overwrites`, in per command: at most.
pub const COMMANDS_PERMISSION_OVERWRITES: usize = 100;

/// `commands.total_chars`, in characters: at most.
pub const COMMANDS_TOTAL_CHARS: usize = 8_000;

/// `commands.user_global`, in commands: at most.
pub const COMMANDS_USER_GLOBAL: usize = 15;

/// `choices` of `ApplicationCommandStringOption`: at most.
pub const COMMAND_CHOICES: usize = 25;

/// `name` of `ApplicationCommandOptionStringChoice`: at most.
pub const COMMAND_CHOICE_NAME: usize = 100;

/// `name` of `ApplicationCommandOptionStringChoice`: at least.
pub const COMMAND_CHOICE_NAME_MIN: usize = 1;

/// `value` of `ApplicationCommandOptionStringChoice`: at most.
pub const COMMAND_CHOICE_VALUE: usize = 6_000;

/// `description` of `ApplicationCommandCreateRequest`: at most.
pub const COMMAND_DESCRIPTION: usize = 100;

/// `name` of `ApplicationCommandCreateRequest`: at most.
pub const COMMAND_NAME: usize = 32;

/// `name` of `ApplicationCommandCreateRequest`: at least.
pub const COMMAND_NAME_MIN: usize = 1;

/// `description` of `ApplicationCommandStringOption`: at most.
pub const COMMAND_OPTION_DESCRIPTION: usize = 100;

/// `description` of `ApplicationCommandStringOption`: at least.
pub const COMMAND_OPTION_DESCRIPTION_MIN: usize = 1;

/// `max_length` of `ApplicationCommandStringOption`: at most.
pub const COMMAND_OPTION_LENGTH: usize = 6_000;

/// `max_length` of `ApplicationCommandStringOption`: at least.
pub const COMMAND_OPTION_LENGTH_MIN: usize = 1;

/// `name` of `ApplicationCommandStringOption`: at most.
pub const COMMAND_OPTION_NAME: usize = 32;

/// `name` of `ApplicationCommandStringOption`: at least.
pub const COMMAND_OPTION_NAME_MIN: usize = 1;

/// `components.action_row_buttons`, in buttons or one select: at most.
pub const COMPONENTS_ACTION_ROW_BUTTONS: usize = 5;

/// `components.button_label`, in characters: at most.
pub const COMPONENTS_BUTTON_LABEL: usize = 80;

/// `components` of `ContainerComponentForMessageRequest`: at most.
pub const COMPONENTS_CONTAINER: usize = 40;

/// `components` of `ContainerComponentForMessageRequest`: at least.
pub const COMPONENTS_CONTAINER_MIN: usize = 1;

/// `components.custom_id`, in characters: at most.
pub const COMPONENTS_CUSTOM_ID: usize = 100;

/// `components.custom_id`, in characters: at least.
pub const COMPONENTS_CUSTOM_ID_MIN: usize = 1;

/// `components.file_upload`, in files: at most.
pub const COMPONENTS_FILE_UPLOAD: usize = 10;

/// `components.legacy_rows`, in action rows without IS_COMPONENTS_V2: at most.
pub const COMPONENTS_LEGACY_ROWS: usize = 5;

/// `components.media_gallery`, in items: at most.
pub const COMPONENTS_MEDIA_GALLERY: usize = 10;

/// `components.media_gallery`, in items: at least.
pub const COMPONENTS_MEDIA_GALLERY_MIN: usize = 1;

/// `components.section_texts`, in text displays: at most.
pub const COMPONENTS_SECTION_TEXTS: usize = 3;

/// `components.section_texts`, in text displays: at least.
pub const COMPONENTS_SECTION_TEXTS_MIN: usize = 1;

/// `components.select_options`, in options: at most.
pub const COMPONENTS_SELECT_OPTIONS: usize = 25;

/// `components.text_input`, in characters: at most.
pub const COMPONENTS_TEXT_INPUT: usize = 4_000;

/// `components.v2_total`, in components per message: at most.
pub const COMPONENTS_V2_TOTAL: usize = 40;

/// `embed.author`, in characters: at most.
pub const EMBED_AUTHOR: usize = 256;

/// `color` of `RichEmbed`: at most.
pub const EMBED_COLOR: usize = 16_777_215;

/// `embed.description`, in characters: at most.
pub const EMBED_DESCRIPTION: usize = 4_096;

/// `embed.fields`, in fields: at most.
pub const EMBED_FIELDS: usize = 25;

/// `embed.field_name`, in characters: at most.
pub const EMBED_FIELD_NAME: usize = 256;

/// `embed.field_value`, in characters: at most.
pub const EMBED_FIELD_VALUE: usize = 1_024;

/// `embed.footer`, in characters: at most.
pub const EMBED_FOOTER: usize = 2_048;

/// `description` of `RichEmbedImage`: at most.
pub const EMBED_MEDIA_DESCRIPTION: usize = 4_096;

/// `embed.title`, in characters: at most.
pub const EMBED_TITLE: usize = 256;

/// `url` of `RichEmbed`: at most.
pub const EMBED_URL: usize = 2_048;

/// `emoji.application`, in application emojis: at most.
pub const EMOJI_APPLICATION: usize = 2_000;

/// `name` of `create_guild_emoji.body`: at most.
pub const EMOJI_NAME: usize = 32;

/// `name` of `create_guild_emoji.body`: at least.
pub const EMOJI_NAME_MIN: usize = 2;

/// `emoji.size`, in bytes: at most.
pub const EMOJI_SIZE_BYTES: usize = 262_144;

/// `file_types`, in file_types entries: at most.
pub const FILE_TYPES: usize = 10;

/// `forum.tags`, in available tags: at most.
pub const FORUM_TAGS: usize = 20;

/// `name` of `CreateOrUpdateThreadTagRequest`: at most.
pub const FORUM_TAG_NAME: usize = 50;

/// `channel.topic`, in characters.
pub const FORUM_TOPIC: usize = 4_096;

/// `gateway.guilds_per_shard`, in guilds per shard: at most.
pub const GATEWAY_GUILDS_PER_SHARD: usize = 2_500;

/// `gateway.identify_daily`, in IDENTIFY per 24 h: at most.
pub const GATEWAY_IDENTIFY_DAILY: usize = 1_000;

/// `gateway.large_bot_threshold`, in guilds: at most.
pub const GATEWAY_LARGE_BOT_THRESHOLD: usize = 150_000;

/// `gateway.large_threshold`, in members: at most.
pub const GATEWAY_LARGE_THRESHOLD: usize = 250;

/// `gateway.large_threshold`, in members: at least.
pub const GATEWAY_LARGE_THRESHOLD_MIN: usize = 50;

/// `gateway.payload_max`, in bytes: at most.
pub const GATEWAY_PAYLOAD_MAX_BYTES: usize = 4_096;

/// `gateway.presence_update`, in per 20 s: at most.
pub const GATEWAY_PRESENCE_UPDATE: usize = 5;

/// `gateway.privileged_intent_users`, in users: at most.
pub const GATEWAY_PRIVILEGED_INTENT_USERS: usize = 10_000;

/// `gateway.request_members.all`, in request for all members per guild per bot per 30 s: at most.
pub const GATEWAY_REQUEST_MEMBERS_ALL: usize = 1;

/// `gateway.request_members.guilds`, in guild_id per request: at most.
pub const GATEWAY_REQUEST_MEMBERS_GUILDS: usize = 1;

/// `gateway.request_members.nonce`, in bytes: at most.
pub const GATEWAY_REQUEST_MEMBERS_NONCE_BYTES: usize = 32;

/// `gateway.request_members.presence_cutoff`, in members: at most.
pub const GATEWAY_REQUEST_MEMBERS_PRESENCE_CUTOFF: usize = 75_000;

/// `gateway.request_members.query_max`, in members per prefix query: at most.
pub const GATEWAY_REQUEST_MEMBERS_QUERY_MAX: usize = 100;

/// `gateway.request_members.user_ids_max`, in user_ids: at most.
pub const GATEWAY_REQUEST_MEMBERS_USER_IDS_MAX: usize = 100;

/// `gateway.send`, in events per 60 s per connection: at most.
pub const GATEWAY_SEND: usize = 120;

/// `guild.ban_delete_seconds`, in seconds: at most.
pub const GUILD_BAN_DELETE_SECONDS: usize = 604_800;

/// `guild.bulk_ban`, in user ids: at most.
pub const GUILD_BULK_BAN: usize = 200;

/// `guild.channels`, in channels: at most.
pub const GUILD_CHANNELS: usize = 500;

/// `guild.members_limit`, in members per page: at most.
pub const GUILD_MEMBERS_LIMIT: usize = 1_000;

/// `guild.members_limit`, in members per page: at least.
pub const GUILD_MEMBERS_LIMIT_MIN: usize = 1;

/// `guild.prune_days`, in days: at most.
pub const GUILD_PRUNE_DAYS: usize = 30;

/// `guild.prune_days`, in days: at least.
pub const GUILD_PRUNE_DAYS_MIN: usize = 1;

/// `guild.timeout`, in days: at most.
pub const GUILD_TIMEOUT_DAYS: usize = 28;

/// `http.global`, in requests/second per bot: at most.
pub const HTTP_GLOBAL: usize = 50;

/// `http.invalid_requests`, in 401/403/429 responses per 10 minutes per IP: at most.
pub const HTTP_INVALID_REQUESTS: usize = 10_000;

/// `interaction.autocomplete_choices`, in choices: at most.
pub const INTERACTION_AUTOCOMPLETE_CHOICES: usize = 25;

/// `interaction.embeds`, in embeds: at most.
pub const INTERACTION_EMBEDS: usize = 10;

/// `interaction.followups_user_install`, in followups per interaction for user installed apps outside the guild: at most.
pub const INTERACTION_FOLLOWUPS_USER_INSTALL: usize = 5;

/// `interaction.initial_response`, in seconds: at most.
pub const INTERACTION_INITIAL_RESPONSE_SECONDS: usize = 3;

/// `interaction.token_validity`, in minutes: at most.
pub const INTERACTION_TOKEN_VALIDITY_MINUTES: usize = 15;

/// `invite.max_age`, in seconds: at most.
pub const INVITE_MAX_AGE_SECONDS: usize = 604_800;

/// `invite.max_uses`, in uses: at most.
pub const INVITE_MAX_USES: usize = 100;

/// `description` of `LabelComponentForModalRequest`: at most.
pub const LABEL_DESCRIPTION: usize = 100;

/// `description` of `LabelComponentForModalRequest`: at least.
pub const LABEL_DESCRIPTION_MIN: usize = 1;

/// `label` of `LabelComponentForModalRequest`: at most.
pub const LABEL_TEXT: usize = 45;

/// `label` of `LabelComponentForModalRequest`: at least.
pub const LABEL_TEXT_MIN: usize = 1;

/// `description` of `MediaGalleryItemRequest`: at most.
pub const MEDIA_DESCRIPTION: usize = 1_024;

/// `description` of `MediaGalleryItemRequest`: at least.
pub const MEDIA_DESCRIPTION_MIN: usize = 1;

/// `url` of `UnfurledMediaRequest`: at most.
pub const MEDIA_URL: usize = 2_048;

/// `nick` of `update_guild_member.body`: at most.
pub const MEMBER_NICK: usize = 32;

/// `attachments` of `MessageCreateRequest`: at most.
pub const MESSAGE_ATTACHMENTS: usize = 10;

/// `message.bulk_delete`, in messages: at most.
pub const MESSAGE_BULK_DELETE: usize = 100;

/// `message.bulk_delete`, in messages: at least.
pub const MESSAGE_BULK_DELETE_MIN: usize = 2;

/// `message.content`, in characters: at most.
pub const MESSAGE_CONTENT: usize = 2_000;

/// `message.embeds`, in rich embeds: at most.
pub const MESSAGE_EMBEDS: usize = 10;

/// `message.embed_total`, in characters over all embeds: at most.
pub const MESSAGE_EMBED_TOTAL: usize = 6_000;

/// `message.get_limit`, in messages: at most.
pub const MESSAGE_GET_LIMIT: usize = 100;

/// `message.get_limit`, in messages: at least.
pub const MESSAGE_GET_LIMIT_MIN: usize = 1;

/// `message.nonce`, in characters: at most.
pub const MESSAGE_NONCE: usize = 25;

/// `message.pins_limit`, in pins per page: at most.
pub const MESSAGE_PINS_LIMIT: usize = 50;

/// `message.pins_limit`, in pins per page: at least.
pub const MESSAGE_PINS_LIMIT_MIN: usize = 1;

/// `message.stickers`, in stickers: at most.
pub const MESSAGE_STICKERS: usize = 3;

/// `components` of `ModalInteractionCallbackRequestData`: at most.
pub const MODAL_COMPONENTS: usize = 40;

/// `components` of `ModalInteractionCallbackRequestData`: at least.
pub const MODAL_COMPONENTS_MIN: usize = 1;

/// `title` of `ModalInteractionCallbackRequestData`: at most.
pub const MODAL_TITLE: usize = 45;

/// `title` of `ModalInteractionCallbackRequestData`: at least.
pub const MODAL_TITLE_MIN: usize = 1;

/// `poll.answers`, in answers: at most.
pub const POLL_ANSWERS: usize = 10;

/// `poll.duration`, in days: at most.
pub const POLL_DURATION_DAYS: usize = 32;

/// `duration` of `PollCreateRequest`: at most.
pub const POLL_DURATION_HOURS: usize = 768;

/// `duration` of `PollCreateRequest`: at least.
pub const POLL_DURATION_HOURS_MIN: usize = 1;

/// `text` of `PollMedia`: at most.
pub const POLL_QUESTION: usize = 300;

/// `text` of `PollMedia`: at least.
pub const POLL_QUESTION_MIN: usize = 1;

/// `options` of `RadioGroupComponentForModalRequest`: at most.
pub const RADIO_GROUP_OPTIONS: usize = 10;

/// `options` of `RadioGroupComponentForModalRequest`: at least.
pub const RADIO_GROUP_OPTIONS_MIN: usize = 2;

/// `description` of `RadioGroupOptionForRequest`: at most.
pub const RADIO_OPTION_DESCRIPTION: usize = 100;

/// `label` of `RadioGroupOptionForRequest`: at most.
pub const RADIO_OPTION_LABEL: usize = 100;

/// `label` of `RadioGroupOptionForRequest`: at least.
pub const RADIO_OPTION_LABEL_MIN: usize = 1;

/// `value` of `RadioGroupOptionForRequest`: at most.
pub const RADIO_OPTION_VALUE: usize = 100;

/// `value` of `RadioGroupOptionForRequest`: at least.
pub const RADIO_OPTION_VALUE_MIN: usize = 1;

/// `name` of `CreateRoleRequest`: at most.
pub const ROLE_NAME: usize = 100;

/// `name` of `CreateRoleRequest`: at least.
pub const ROLE_NAME_MIN: usize = 1;

/// `description` of `ExternalScheduledEventCreateRequest`: at most.
pub const SCHEDULED_EVENT_DESCRIPTION: usize = 1_000;

/// `location` of `EntityMetadataExternal`: at most.
pub const SCHEDULED_EVENT_LOCATION: usize = 100;

/// `name` of `ExternalScheduledEventCreateRequest`: at most.
pub const SCHEDULED_EVENT_NAME: usize = 100;

/// `search.limit`, in messages per page of guild search: at most.
pub const SEARCH_LIMIT: usize = 25;

/// `search.limit`, in messages per page of guild search: at least.
pub const SEARCH_LIMIT_MIN: usize = 1;

/// `default_values` of `UserSelectComponentForMessageRequest`: at most.
pub const SELECT_DEFAULT_VALUES: usize = 25;

/// `description` of `StringSelectOptionForRequest`: at most.
pub const SELECT_OPTION_DESCRIPTION: usize = 100;

/// `label` of `StringSelectOptionForRequest`: at most.
pub const SELECT_OPTION_LABEL: usize = 100;

/// `label` of `StringSelectOptionForRequest`: at least.
pub const SELECT_OPTION_LABEL_MIN: usize = 1;

/// `value` of `StringSelectOptionForRequest`: at most.
pub const SELECT_OPTION_VALUE: usize = 100;

/// `value` of `StringSelectOptionForRequest`: at least.
pub const SELECT_OPTION_VALUE_MIN: usize = 1;

/// `placeholder` of `StringSelectComponentForMessageRequest`: at most.
pub const SELECT_PLACEHOLDER: usize = 150;

/// `max_values` of `StringSelectComponentForMessageRequest`: at most.
pub const SELECT_VALUES: usize = 25;

/// `max_values` of `StringSelectComponentForMessageRequest`: at least.
pub const SELECT_VALUES_MIN: usize = 1;

/// `soundboard.size`, in bytes: at most.
pub const SOUNDBOARD_SIZE_BYTES: usize = 524_288;

/// `name` of `SoundboardCreateRequest`: at most.
pub const SOUND_NAME: usize = 32;

/// `name` of `SoundboardCreateRequest`: at least.
pub const SOUND_NAME_MIN: usize = 2;

/// `topic` of `create_stage_instance.body`: at most.
pub const STAGE_TOPIC: usize = 120;

/// `topic` of `create_stage_instance.body`: at least.
pub const STAGE_TOPIC_MIN: usize = 1;

/// `description` of `create_guild_sticker.multipart`: at most.
pub const STICKER_DESCRIPTION: usize = 100;

/// `name` of `create_guild_sticker.multipart`: at most.
pub const STICKER_NAME: usize = 30;

/// `name` of `create_guild_sticker.multipart`: at least.
pub const STICKER_NAME_MIN: usize = 2;

/// `sticker.size`, in bytes: at most.
pub const STICKER_SIZE_BYTES: usize = 524_288;

/// `description` of `create_guild_template.body`: at most.
pub const TEMPLATE_DESCRIPTION: usize = 120;

/// `name` of `create_guild_template.body`: at most.
pub const TEMPLATE_NAME: usize = 100;

/// `name` of `create_guild_template.body`: at least.
pub const TEMPLATE_NAME_MIN: usize = 1;

/// `content` of `TextDisplayComponentForMessageRequest`: at most.
pub const TEXT_DISPLAY: usize = 4_000;

/// `content` of `TextDisplayComponentForMessageRequest`: at least.
pub const TEXT_DISPLAY_MIN: usize = 1;

/// `label` of `TextInputComponentForModalRequest`: at most.
pub const TEXT_INPUT_LABEL: usize = 45;

/// `label` of `TextInputComponentForModalRequest`: at least.
pub const TEXT_INPUT_LABEL_MIN: usize = 1;

/// `placeholder` of `TextInputComponentForModalRequest`: at most.
pub const TEXT_INPUT_PLACEHOLDER: usize = 100;

/// `gradient_angle` of `CustomClientThemeShareRequest`: at most.
pub const THEME_ANGLE: usize = 360;

/// `colors` of `CustomClientThemeShareRequest`: at most.
pub const THEME_COLORS: usize = 5;

/// `colors` of `CustomClientThemeShareRequest`: at least.
pub const THEME_COLORS_MIN: usize = 1;

/// `base_mix` of `CustomClientThemeShareRequest`: at most.
pub const THEME_MIX: usize = 100;

/// `thread.tags`, in applied tags: at most.
pub const THREAD_TAGS: usize = 5;

/// `description` of `ThumbnailComponentForMessageRequest`: at most.
pub const THUMBNAIL_DESCRIPTION: usize = 1_024;

/// `description` of `ThumbnailComponentForMessageRequest`: at least.
pub const THUMBNAIL_DESCRIPTION_MIN: usize = 1;

/// `voice.ip_discovery`, in bytes: at most.
pub const VOICE_IP_DISCOVERY_BYTES: usize = 74;

/// `voice.silence_frames`, in frames of F8 FF FE: at most.
pub const VOICE_SILENCE_FRAMES: usize = 5;

/// `status` of `update_voice_channel_status.body`: at most.
pub const VOICE_STATUS: usize = 500;

/// `webhook_events.ack`, in seconds: at most.
pub const WEBHOOK_EVENTS_ACK_SECONDS: usize = 3;

/// `name` of `create_webhook.body`: at most.
pub const WEBHOOK_NAME: usize = 80;

/// `name` of `create_webhook.body`: at least.
pub const WEBHOOK_NAME_MIN: usize = 1;

/// `webhook.per_channel`, in webhooks per channel: at most.
pub const WEBHOOK_PER_CHANNEL: usize = 15;

/// `webhook.username`, in characters: at most.
pub const WEBHOOK_USERNAME: usize = 80;
