// A bot on discord.js, written as its guide would have it. The only thing it is told about the mock
// is where the API is: `rest.api`, the library's own option. The gateway's address it asks from there.
import assert from 'node:assert/strict';
import {
  ActionRowBuilder,
  AttachmentBuilder,
  AuditLogEvent,
  ButtonBuilder,
  ButtonStyle,
  Client,
  ContainerBuilder,
  EmbedBuilder,
  Events,
  GatewayIntentBits,
  LabelBuilder,
  MessageFlags,
  ModalBuilder,
  OverwriteType,
  SlashCommandBuilder,
  TextDisplayBuilder,
  TextInputBuilder,
  TextInputStyle,
} from 'discord.js';
import { feast } from './feast.js';

const client = new Client({
  intents: [
    GatewayIntentBits.Guilds,
    GatewayIntentBits.GuildMembers,
    GatewayIntentBits.GuildMessages,
    GatewayIntentBits.MessageContent,
  ],
  rest: { api: process.env.OVENJS_API_URL },
});

client.once(Events.ClientReady, async () => {
  client.user.setActivity('the oven');
  await client.application.commands.set([
    new SlashCommandBuilder()
      .setName('echo')
      .setDescription('Says it back')
      .addStringOption((text) =>
        text
          .setName('text')
          .setDescription('What to say')
          .setRequired(true)
          .setAutocomplete(true),
      ),
    new SlashCommandBuilder().setName('later').setDescription('Answers in its own time'),
    new SlashCommandBuilder().setName('order').setDescription('Asks for an order'),
  ]);
});

client.on(Events.InteractionCreate, async (interaction) => {
  if (interaction.isAutocomplete()) {
    const typed = interaction.options.getFocused();
    const known = ['warm bread', 'cold bread'].filter((choice) => choice.startsWith(typed));
    await interaction.respond(known.map((choice) => ({ name: choice, value: choice })));
  } else if (interaction.isButton()) {
    await interaction.update({ content: `${interaction.message.content} again`, components: [] });
  } else if (interaction.isModalSubmit()) {
    await interaction.reply({
      content: `one ${interaction.fields.getTextInputValue('bread')}`,
      flags: MessageFlags.Ephemeral,
    });
  } else if (interaction.commandName === 'echo') {
    const again = new ButtonBuilder()
      .setCustomId('again')
      .setLabel('Again')
      .setStyle(ButtonStyle.Primary);
    await interaction.reply({
      content: interaction.options.getString('text'),
      components: [new ActionRowBuilder().addComponents(again)],
    });
  } else if (interaction.commandName === 'later') {
    await interaction.deferReply();
    await interaction.editReply('done');
    await interaction.followUp('and dusted');
  } else if (interaction.commandName === 'order') {
    const bread = new TextInputBuilder().setCustomId('bread').setStyle(TextInputStyle.Short);
    const label = new LabelBuilder().setLabel('Which bread?').setTextInputComponent(bread);
    await interaction.showModal(
      new ModalBuilder().setCustomId('order').setTitle('Order').addLabelComponents(label),
    );
    await interaction.channel.sendTyping();
  }
});

client.on(Events.MessageCreate, async (message) => {
  if (message.content === '!bake') {
    const bread = await message.channel.send('dough');
    await bread.edit('bread');
    await bread.react('🍞');
  } else if (message.content === '!menu') {
    const menu = new AttachmentBuilder(Buffer.from('rye, 4 €\n'), { name: 'menu.txt' });
    const today = new EmbedBuilder().setTitle('Today').setDescription('Rye');
    await message.channel.send({ files: [menu], embeds: [today] });
  } else if (message.content === '!who') {
    const found = await message.guild.members.fetch({ query: 'an', limit: 5 });
    await message.reply(found.map((member) => member.user.username).join(', '));
  } else if (message.content === '!count') {
    const everyone = await message.guild.members.fetch();
    await message.channel.send(String(everyone.size));
  } else if (message.content.startsWith('!work ')) {
    const [, ben, mel] = message.content.split(' ');
    await work(message.channel, ben, mel);
    await message.channel.send('done');
  } else if (message.content.startsWith('!feast ')) {
    const [, ben, cas, dot] = message.content.split(' ');
    const spoilt = await feast(message.channel, { ben, cas, dot });
    await message.channel.send(['done', ...spoilt].join(' '));
  }
});

// A day in the bakery, one deed after the other.
async function work(here, ben, mel) {
  const { guild } = here;
  await client.channels.fetch(here.id, { force: true });
  await here.sendTyping();

  const colors = { primaryColor: 0xc68642 };
  const baker = await guild.roles.create({ name: 'baker', colors, reason: 'hired' });
  await baker.setName('head baker');
  const member = await guild.members.fetch({ user: ben, force: true });
  await member.roles.add(baker);
  await member.setNickname('Baker Ben');
  const promoted = await guild.members.fetch({ user: ben, force: true });
  assert(promoted.roles.cache.has(baker.id));
  assert((await guild.roles.fetch()).has(baker.id));

  const bakery = await guild.channels.create({ name: 'bakery', reason: 'more room' });
  await bakery.setTopic('warm');
  await bakery.permissionOverwrites.create(baker, { ManageMessages: true });
  const type = OverwriteType.Member;
  await bakery.permissionOverwrites.create(mel, { SendMessages: false }, { type });
  await bakery.permissionOverwrites.delete(mel);
  const oven = await guild.channels.create({ name: 'old-oven' });
  await oven.delete('cold');

  const prices = await bakery.send('rye, 4 €');
  await prices.pin();
  const pins = await bakery.messages.fetchPins();
  assert.deepEqual(
    pins.items.map((pin) => pin.message.id),
    [prices.id],
  );
  assert((await bakery.messages.fetch({ message: prices.id, force: true })).pinned);
  const reaction = await prices.react('🍞');
  const users = await reaction.users.fetch();
  assert.deepEqual([...users.keys()], [client.user.id]);
  await reaction.users.remove();

  const crumbs = [];
  for (let i = 0; i < 3; i += 1) crumbs.push(await bakery.send('crumb'));
  await crumbs.pop().delete();
  await bakery.bulkDelete(crumbs);

  const sign = new ButtonBuilder()
    .setLabel('Map')
    .setStyle(ButtonStyle.Link)
    .setURL('https://example.com');
  const open = new ContainerBuilder()
    .addTextDisplayComponents(new TextDisplayBuilder().setContent('# Open'))
    .addActionRowComponents(new ActionRowBuilder().addComponents(sign));
  await bakery.send({ components: [open], flags: MessageFlags.IsComponentsV2 });

  const talk = await prices.startThread({ name: 'prices' });
  await talk.members.add(ben);
  assert.equal((await talk.members.fetch()).size, 2);
  await talk.send('too high?');

  const till = await bakery.createWebhook({ name: 'Till', reason: 'sales' });
  const sold = await till.send('sold');
  await till.editMessage(sold, 'sold out');
  assert.equal((await bakery.fetchWebhooks()).size, 1);

  await guild.bans.create(mel, { reason: 'burnt the bread' });
  assert.equal((await guild.bans.fetch(mel)).reason, 'burnt the bread');
  const log = await guild.fetchAuditLogs({ type: AuditLogEvent.MemberBanAdd });
  assert.deepEqual(
    log.entries.map((entry) => entry.reason),
    ['burnt the bread'],
  );
}

// Whoever started the bot holds its standard input; when that ends, so does the bot.
process.stdin.resume();
process.stdin.on('end', async () => {
  await client.destroy();
  process.exit(0);
});

await client.login(process.env.DISCORD_TOKEN);
