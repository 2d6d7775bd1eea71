// What a bot seldom asks of Discord, course by course. Each asserts what the library made of the
// answers.
import assert from 'node:assert/strict';
import {
  ActionRowBuilder,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  AttachmentBuilder,
  ButtonBuilder,
  ButtonStyle,
  ChannelSelectMenuBuilder,
  ChannelType,
  ContainerBuilder,
  EmbedBuilder,
  FileBuilder,
  ForumLayoutType,
  GuildOnboardingMode,
  MediaGalleryBuilder,
  MentionableSelectMenuBuilder,
  MessageFlags,
  MessageType,
  PermissionFlagsBits,
  PollLayoutType,
  RoleSelectMenuBuilder,
  SectionBuilder,
  SeparatorBuilder,
  SortOrderType,
  StringSelectMenuBuilder,
  TextDisplayBuilder,
  ThreadAutoArchiveDuration,
  ThumbnailBuilder,
  UserSelectMenuBuilder,
} from 'discord.js';

// The smallest picture there is.
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
// A quarter of a second of MP3, ten silent frames.
const FRAME = Buffer.alloc(417);
FRAME.set([0xff, 0xfb, 0x90, 0x64]);
const SOUND = Buffer.concat(Array(10).fill(FRAME));
const reason = 'for the feast';
const HOUR = 60 * 60 * 1000;

export async function feast(here, users) {
  const spoilt = [];
  for (const course of courses) {
    try {
      await course(here.guild, here, users);
    } catch (error) {
      console.error(course.name, error);
      spoilt.push(course.name);
    }
  }
  return spoilt;
}

const courses = [
  async function house(guild, here) {
    const { client } = guild;
    const fetched = await client.guilds.fetch({ guild: guild.id, withCounts: true, force: true });
    assert(fetched.approximateMemberCount > 1000);
    assert.equal((await client.guilds.fetch()).get(guild.id).name, guild.name);
    const locale = guild.preferredLocale;
    await guild.edit({ description: 'Bread', afkTimeout: 900, systemChannel: here, reason });
    assert.equal(guild.afkTimeout, 900);
    assert.equal(guild.systemChannelId, here.id);
    assert.equal(guild.preferredLocale, locale);
    await guild.setIcon(PICTURE);
    assert(guild.iconURL());
    assert((await guild.channels.fetch()).has(here.id));
    assert((await guild.fetchOwner({ force: true })).id === guild.ownerId);
    assert((await client.fetchVoiceRegions()).size > 0);
    assert.equal((await guild.fetchIntegrations()).size >= 0, true);
    await guild.setWidgetSettings({ enabled: true, channel: here });
    assert((await guild.fetchWidgetSettings()).enabled);
    assert.equal((await guild.fetchWidget()).id, guild.id);
    await guild.setIncidentActions({ invitesDisabledUntil: new Date(Date.now() + HOUR) });
    assert(guild.incidentsData.invitesDisabledUntil);
    await guild.setIncidentActions({ invitesDisabledUntil: null });
    assert.equal((await client.users.fetch(guild.ownerId, { force: true })).id, guild.ownerId);
    await client.user.setUsername('Oven');
    await client.user.setAvatar(PICTURE);
    assert(client.user.avatarURL());
  },

  async function welcome(guild, here) {
    // A guild without a rules channel is none of a community's.
    const rules = await guild.channels.create({ name: 'rules' });
    await guild.edit({
      features: [...guild.features, 'COMMUNITY'],
      rulesChannel: rules,
      publicUpdatesChannel: here,
      verificationLevel: 1,
      explicitContentFilter: 2,
    });
    assert(guild.features.includes('COMMUNITY'));
    const welcomeChannels = [{ channel: here, description: 'Talk', emoji: '🍞' }];
    await guild.editWelcomeScreen({ enabled: true, description: 'Come in', welcomeChannels });
    const screen = await guild.fetchWelcomeScreen();
    assert.equal(screen.description, 'Come in');
    assert.equal(screen.welcomeChannels.first().emoji.name, '🍞');
    assert.equal((await guild.fetchPreview()).id, guild.id);
    const onboarding = await guild.editOnboarding({
      prompts: [
        {
          title: 'Which bread?',
          options: [{ title: 'Rye', description: 'Dark', channels: [here], emoji: '🍞' }],
          singleSelect: true,
        },
      ],
      defaultChannels: [here],
      enabled: false,
      mode: GuildOnboardingMode.OnboardingDefault,
      reason,
    });
    assert.equal(onboarding.prompts.first().options.first().title, 'Rye');
    assert.equal((await guild.fetchOnboarding()).prompts.size, 1);
  },

  async function template(guild) {
    const made = await guild.createTemplate('Bakery', 'A bakery');
    assert.equal((await guild.fetchTemplates()).first().code, made.code);
    assert.equal((await guild.client.fetchGuildTemplate(made.code)).name, 'Bakery');
    assert.equal((await made.edit({ name: 'Mill' })).name, 'Mill');
    await made.sync();
    await made.delete();
  },

  async function staff(guild, here, { ben, cas, dot }) {
    const { members } = guild;
    assert.equal((await members.list({ limit: 10 })).size, 10);
    assert.equal((await members.search({ query: 'ben' })).first().id, ben);
    const member = await members.fetch({ user: ben, force: true });
    assert((await member.timeout(HOUR, reason)).isCommunicationDisabled());
    assert(!(await member.timeout(null)).isCommunicationDisabled());
    await members.editMe({ nick: 'Oven One', reason });
    assert.equal((await members.fetchMe({ force: true })).nickname, 'Oven One');
    await members.kick(cas, reason);
    await members.ban(dot, { deleteMessageSeconds: 60, reason });
    assert.equal((await guild.bans.fetch({ limit: 10, cache: false })).get(dot).reason, reason);
    await members.unban(dot, reason);
    const bulk = await guild.bans.bulkCreate([cas, dot], { reason });
    assert.deepEqual([...bulk.bannedUsers].sort(), [cas, dot].sort());
    await guild.bans.remove(cas);
    await guild.bans.remove(dot);
    assert.equal(await members.prune({ dry: true, days: 30 }), 0);
    const direct = await (await guild.client.users.fetch(ben)).createDM(true);
    const told = await direct.send('You are staff now');
    await told.edit('You are chief now');
    await told.delete();
  },

  async function ranks(guild, here, { ben }) {
    const { roles } = guild;
    const low = await roles.create({ name: 'low', permissions: [], hoist: true, mentionable: true });
    const high = await roles.create({
      name: 'high',
      permissions: [PermissionFlagsBits.ManageMessages, PermissionFlagsBits.SendPolls],
      reason,
    });
    assert(high.permissions.has(PermissionFlagsBits.ManageMessages));
    await roles.setPositions([
      { role: low, position: 2 },
      { role: high, position: 1 },
    ]);
    await low.setPosition(1);
    assert.equal((await roles.fetch(high.id, { force: true })).name, 'high');
    const member = await guild.members.fetch({ user: ben, force: true });
    await member.roles.set([low, high]);
    assert.equal((await roles.fetchMemberCounts()).get(low.id), 1);
    await member.roles.remove(high, reason);
    await low.edit({ name: 'lower', colors: { primaryColor: 1, secondaryColor: null } });
    await high.delete(reason);
    assert(!(await roles.fetch()).has(high.id));
  },

  async function rooms(guild, here) {
    const { channels } = guild;
    const floor = await channels.create({ name: 'Floor', type: ChannelType.GuildCategory });
    const hall = await channels.create({
      name: 'hall',
      type: ChannelType.GuildVoice,
      parent: floor,
      bitrate: 64000,
      userLimit: 5,
    });
    const shop = await channels.create({
      name: 'shop',
      parent: floor,
      nsfw: true,
      rateLimitPerUser: 5,
      permissionOverwrites: [{ id: guild.id, deny: [PermissionFlagsBits.AddReactions] }],
    });
    assert.equal(shop.parentId, floor.id);
    const copy = await shop.clone({ name: 'copy' });
    assert.equal(copy.rateLimitPerUser, 5);
    await channels.setPositions([
      { channel: copy, position: 0 },
      { channel: shop, position: 1, lockPermissions: true },
    ]);
    await shop.setRateLimitPerUser(0);
    await shop.edit({ name: 'store', topic: null, reason });
    await shop.permissionOverwrites.set([{ id: guild.id, allow: ['AddReactions'] }]);
    await hall.send('A voice channel has a chat');
    await hall.setUserLimit(9);
    const invite = await shop.createInvite({ maxAge: 60, maxUses: 2, unique: true, reason });
    assert.equal((await guild.client.fetchInvite(invite.code)).guild.id, guild.id);
    assert((await guild.invites.fetch()).has(invite.code));
    assert.equal((await shop.fetchInvites()).size, 1);
    await invite.delete(reason);
    await copy.delete(reason);
    await hall.delete();
  },

  async function news(guild, here) {
    const paper = await guild.channels.create({
      name: 'paper',
      type: ChannelType.GuildAnnouncement,
    });
    assert.equal(paper.type, ChannelType.GuildAnnouncement);
    await paper.addFollower(here, reason);
    const extra = await paper.send('Bread is cheap');
    await extra.crosspost();
    assert((await extra.fetch(true)).flags.has(MessageFlags.Crossposted));
    assert((await guild.fetchWebhooks()).size >= 1);
  },

  async function threads(guild, here, { ben }) {
    const room = await guild.channels.create({ name: 'talks' });
    const secret = await room.threads.create({
      name: 'secret',
      type: ChannelType.PrivateThread,
      invitable: false,
      autoArchiveDuration: ThreadAutoArchiveDuration.OneDay,
      reason,
    });
    assert.equal(secret.type, ChannelType.PrivateThread);
    await secret.members.add(ben);
    assert.equal((await secret.members.fetch({ member: ben, withMember: true })).id, ben);
    await secret.members.remove(ben);
    await secret.leave();
    await secret.join();
    const open = await room.threads.create({ name: 'open', rateLimitPerUser: 1 });
    await open.send('Hello');
    await open.setName('opened');
    await open.setLocked(true);
    assert.equal((await room.threads.fetchActive()).threads.size, 2);
    assert((await guild.channels.fetchActiveThreads()).threads.has(open.id));
    await open.setArchived(true);
    await secret.setArchived(true, reason);
    assert((await room.threads.fetchArchived()).threads.has(open.id));
    const closed = await room.threads.fetchArchived({ type: 'private', fetchAll: true });
    assert(closed.threads.has(secret.id));
    await open.setArchived(false);
    await open.delete(reason);
  },

  async function forum(guild, here) {
    const board = await guild.channels.create({
      name: 'recipes',
      type: ChannelType.GuildForum,
      topic: 'Share them',
      availableTags: [{ name: 'rye', emoji: { name: '🍞' } }, { name: 'old', moderated: true }],
      defaultReactionEmoji: { name: '👍' },
      defaultSortOrder: SortOrderType.CreationDate,
      defaultForumLayout: ForumLayoutType.ListView,
      defaultAutoArchiveDuration: ThreadAutoArchiveDuration.OneHour,
      defaultThreadRateLimitPerUser: 2,
    });
    const [rye, old] = board.availableTags;
    assert.equal(rye.emoji.name, '🍞');
    assert.equal(old.moderated, true);
    const post = await board.threads.create({
      name: 'Rye bread',
      message: { content: 'Take rye', files: [new AttachmentBuilder(PICTURE, { name: 'rye.png' })] },
      appliedTags: [rye.id],
      reason,
    });
    assert.deepEqual(post.appliedTags, [rye.id]);
    const starter = await post.fetchStarterMessage();
    assert.equal(starter.content, 'Take rye');
    await post.setAppliedTags([rye.id, old.id]);
    await post.pin();
    await board.setAvailableTags([...board.availableTags, { name: 'new' }]);
    assert.equal(board.availableTags.length, 3);
    const media = await guild.channels.create({ name: 'pictures', type: ChannelType.GuildMedia });
    await media.threads.create({ name: 'one', message: { content: 'look' } });
    await board.delete();
  },

  async function letters(guild, here, { ben }) {
    const embed = new EmbedBuilder()
      .setTitle('Menu')
      .setURL('https://example.com')
      .setDescription('What there is')
      .setColor(0xc68642)
      .setTimestamp()
      .setAuthor({ name: 'Ben', url: 'https://example.com/ben' })
      .setFooter({ text: 'Bon appétit' })
      .addFields({ name: 'Rye', value: '4 €', inline: true }, { name: 'Oat', value: '5 €' })
      .setImage('attachment://bread.png');
    const letter = await here.send({
      content: `<@${ben}> look`,
      embeds: [embed],
      files: [
        new AttachmentBuilder(PICTURE, { name: 'bread.png', description: 'A bread' }),
        new AttachmentBuilder(Buffer.from('more'), { name: 'more.txt' }).setSpoiler(true),
      ],
      allowedMentions: { parse: [] },
      nonce: 'letter',
      enforceNonce: true,
      tts: false,
    });
    assert.equal(letter.embeds[0].fields.length, 2);
    assert.equal(letter.attachments.size, 1);
    assert.equal(letter.attachments.first().name, 'SPOILER_more.txt');
    const kept = await letter.edit({ attachments: [letter.attachments.first()], embeds: [] });
    assert.equal(kept.embeds.length, 0);
    assert.equal(kept.attachments.size, 1);
    const added = await letter.edit({
      attachments: [...kept.attachments.values()],
      files: [new AttachmentBuilder(PICTURE, { name: 'b.png' })],
    });
    assert.equal(added.attachments.size, 2);
    assert.equal(added.attachments.find((file) => file.name === 'b.png').width, 1);
    await letter.suppressEmbeds(true);
    const reply = await letter.reply({ content: 'yes', allowedMentions: { repliedUser: false } });
    assert.equal(reply.type, MessageType.Reply);
    assert.equal((await reply.fetchReference()).id, letter.id);
    const forwarded = await letter.forward(here);
    assert.equal(forwarded.messageSnapshots.first().attachments.size, 2);
    const silent = await here.send({ content: 'psst', flags: MessageFlags.SuppressNotifications });
    assert(silent.flags.has(MessageFlags.SuppressNotifications));
    const history = await here.messages.fetch({ limit: 3, before: silent.id });
    assert.deepEqual([...history.keys()], [forwarded.id, reply.id, letter.id]);
    assert.equal((await here.messages.fetch({ around: reply.id, limit: 3 })).size, 3);
    await letter.react('🍞');
    await letter.react('🥐');
    await letter.reactions.cache.get('🥐').remove();
    await letter.reactions.removeAll();
    await letter.pin(reason);
    await letter.unpin(reason);
    await silent.delete();
  },

  async function poll(guild, here) {
    const asked = await here.send({
      poll: {
        question: { text: 'Which bread?' },
        answers: [{ text: 'Rye', emoji: '🍞' }, { text: 'Oat' }],
        duration: 24,
        allowMultiselect: true,
        layoutType: PollLayoutType.Default,
      },
    });
    assert.equal(asked.poll.answers.size, 2);
    assert.equal(asked.poll.allowMultiselect, true);
    assert.equal((await asked.poll.answers.get(1).voters.fetch()).size, 0);
    const ended = await asked.poll.end();
    assert(ended.poll.expiresAt <= new Date(Date.now() + 60_000));
  },

  async function sign(guild, here) {
    const select = (builder, id) => new ActionRowBuilder().addComponents(builder.setCustomId(id));
    const text = (content) => new TextDisplayBuilder().setContent(content);
    const button = new ButtonBuilder()
      .setCustomId('buy')
      .setEmoji('🍞')
      .setStyle(ButtonStyle.Success);
    const section = new SectionBuilder().addTextDisplayComponents(text('**Rye**'), text('4 €'));
    const media = 'attachment://bread.png';
    const shown = await here.send({
      flags: MessageFlags.IsComponentsV2,
      files: [new AttachmentBuilder(PICTURE, { name: 'bread.png' })],
      components: [
        text('# Bakery'),
        new ContainerBuilder()
          .setAccentColor(0xc68642)
          .setSpoiler(false)
          .addSectionComponents(section.setButtonAccessory(button))
          .addSeparatorComponents(new SeparatorBuilder().setDivider(true).setSpacing(2))
          .addSectionComponents(
            new SectionBuilder()
              .addTextDisplayComponents(text('look'))
              .setThumbnailAccessory(new ThumbnailBuilder().setURL(media).setDescription('bread')),
          )
          .addMediaGalleryComponents(
            new MediaGalleryBuilder().addItems({ media: { url: media }, spoiler: true }),
          )
          .addFileComponents(new FileBuilder().setURL(media)),
        select(
          new StringSelectMenuBuilder()
            .setPlaceholder('Bread')
            .setMaxValues(2)
            .addOptions(
              { label: 'Rye', value: 'rye', emoji: '🍞', default: true },
              { label: 'Oat', value: 'oat', description: 'light' },
            ),
          'string',
        ),
        select(new UserSelectMenuBuilder().setDefaultUsers(guild.ownerId), 'user'),
        select(new RoleSelectMenuBuilder().setMinValues(0), 'role'),
        select(new MentionableSelectMenuBuilder().setDisabled(true), 'mentionable'),
        select(new ChannelSelectMenuBuilder().setChannelTypes(ChannelType.GuildText), 'channel'),
      ],
    });
    assert.equal(shown.components.length, 7);
    assert.equal(shown.components[1].components[0].accessory.emoji.name, '🍞');
    const edited = await shown.edit({ components: [text('# Closed')] });
    assert.equal(edited.components[0].content, '# Closed');
  },

  async function hook(guild, here) {
    const hook = await here.createWebhook({ name: 'Hook', avatar: PICTURE, reason });
    const post = await guild.channels.create({ name: 'hooked' });
    await hook.edit({ name: 'Crook', channel: post, reason });
    assert.equal((await guild.client.fetchWebhook(hook.id)).name, 'Crook');
    const byToken = await guild.client.fetchWebhook(hook.id, hook.token);
    assert.equal(byToken.id, hook.id);
    const said = await hook.send({
      content: 'hear',
      username: 'Town crier',
      avatarURL: 'https://example.com/a.png',
      embeds: [{ title: 'Hear' }],
      files: [new AttachmentBuilder(PICTURE, { name: 'seal.png' })],
    });
    assert.equal(said.author.username, 'Town crier');
    assert.equal((await hook.fetchMessage(said.id)).id, said.id);
    const edited = await hook.editMessage(said, { embeds: [], content: 'heard' });
    assert.equal(edited.embeds.length, 0);
    await hook.deleteMessage(said);
    const talk = await post.threads.create({ name: 'talk' });
    await hook.send({ content: 'inside', threadId: talk.id });
    const pressable = await hook.send({
      flags: MessageFlags.IsComponentsV2,
      withComponents: true,
      components: [new TextDisplayBuilder().setContent('v2')],
    });
    assert.equal(pressable.components[0].content, 'v2');
    await hook.delete(reason);
  },

  async function emoji(guild, here) {
    const bread = await guild.emojis.create({ attachment: PICTURE, name: 'bread', reason });
    assert.equal((await bread.edit({ name: 'loaf' })).name, 'loaf');
    assert.equal((await guild.emojis.fetch(bread.id, { force: true })).name, 'loaf');
    assert((await guild.emojis.fetch()).has(bread.id));
    const said = await here.send(`${bread}`);
    const reaction = await said.react(bread);
    assert.equal((await reaction.users.fetch()).size, 1);
    await bread.delete(reason);
    const { emojis } = guild.client.application;
    const own = await emojis.create({ attachment: PICTURE, name: 'own' });
    assert.equal((await own.edit({ name: 'mine' })).name, 'mine');
    assert.equal((await emojis.fetch()).size, 1);
    assert.equal((await emojis.fetch(own.id, { force: true })).name, 'mine');
    await own.delete();
  },

  async function stickers(guild, here) {
    const file = new AttachmentBuilder(PICTURE, { name: 'bread.png' });
    const made = await guild.stickers.create({
      file,
      name: 'bread',
      tags: '🍞',
      description: 'A bread',
      reason,
    });
    assert.equal((await made.edit({ name: 'loaf' })).name, 'loaf');
    assert((await guild.stickers.fetch()).has(made.id));
    assert.equal((await guild.stickers.fetch(made.id, { force: true })).name, 'loaf');
    assert.equal((await guild.client.fetchSticker(made.id)).name, 'loaf');
    const said = await here.send({ stickers: [made] });
    assert.equal(said.stickers.first().name, 'loaf');
    await made.delete(reason);
    await guild.client.fetchStickerPacks();
  },

  async function sounds(guild) {
    const sounds = guild.soundboardSounds;
    const made = await sounds.create({
      file: SOUND,
      contentType: 'audio/mpeg',
      name: 'crunch',
      volume: 0.5,
      emojiName: '🍞',
      reason,
    });
    assert.equal(made.name, 'crunch');
    assert.equal((await made.edit({ name: 'crack' })).name, 'crack');
    assert((await sounds.fetch()).has(made.soundId));
    assert.equal((await sounds.fetch({ soundboardSound: made.soundId, force: true })).name, 'crack');
    await made.delete(reason);
    await guild.client.fetchDefaultSoundboardSounds();
  },

  async function stages(guild) {
    const stage = await guild.channels.create({ name: 'show', type: ChannelType.GuildStageVoice });
    const live = await stage.createStageInstance({ topic: 'Baking', sendStartNotification: false });
    assert.equal((await live.edit({ topic: 'Eating' })).topic, 'Eating');
    assert.equal((await guild.stageInstances.fetch(stage, { force: true })).topic, 'Eating');
    await live.delete();
  },

  async function desk(guild) {
    const { application } = guild.client;
    await application.fetch();
    assert(application.name);
    const made = await guild.commands.create({
      name: 'bread',
      description: 'Bread',
      nameLocalizations: { de: 'brot' },
      defaultMemberPermissions: PermissionFlagsBits.ManageMessages,
      options: [
        {
          name: 'buy',
          description: 'Buys',
          type: ApplicationCommandOptionType.Subcommand,
          options: [
            {
              name: 'number',
              description: 'How many',
              type: ApplicationCommandOptionType.Integer,
              minValue: 1,
              maxValue: 9,
              choices: [{ name: 'one', value: 1 }],
              required: true,
            },
            {
              name: 'where',
              description: 'Where',
              type: ApplicationCommandOptionType.Channel,
              channelTypes: [ChannelType.GuildText],
            },
          ],
        },
      ],
    });
    assert.equal(made.options[0].options[0].maxValue, 9);
    const menu = await guild.commands.create({ name: 'Weigh', type: ApplicationCommandType.Message });
    assert.equal((await guild.commands.fetch()).size, 2);
    assert.equal((await guild.commands.fetch({ withLocalizations: true })).get(made.id).nameLocalizations.de, 'brot');
    await guild.commands.edit(made, { description: 'Better bread' });
    assert.equal((await guild.commands.fetch(made.id, { force: true })).description, 'Better bread');
    await guild.commands.permissions.fetch({});
    await menu.delete();
    await guild.commands.set([]);
    await application.fetchSKUs();
    await application.entitlements.fetch();
    await application.editRoleConnectionMetadataRecords([
      { type: 2, key: 'breads', name: 'Breads', description: 'How many' },
    ]);
    await application.fetchRoleConnectionMetadataRecords();
  },

  async function book(guild) {
    const log = await guild.fetchAuditLogs({ limit: 100 });
    assert(log.entries.size > 50);
    const reasons = new Set(log.entries.map((entry) => entry.reason));
    assert(reasons.has(reason));
    // Whom and what the entries are about is made of what comes with them.
    assert(log.entries.some((entry) => entry.target && entry.changes.length > 0));
  },
];
