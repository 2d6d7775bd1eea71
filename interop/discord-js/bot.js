// A bot on discord.js, written as its guide would have it. The only thing it is told about the mock
// is where the API is: `rest.api`, the library's own option. The gateway's address it asks from there.
import {
  ActionRowBuilder,
  AttachmentBuilder,
  ButtonBuilder,
  ButtonStyle,
  Client,
  EmbedBuilder,
  Events,
  GatewayIntentBits,
  LabelBuilder,
  MessageFlags,
  ModalBuilder,
  SlashCommandBuilder,
  TextInputBuilder,
  TextInputStyle,
} from 'discord.js';

const client = new Client({
  intents: [
    GatewayIntentBits.Guilds,
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
  }
});

// Whoever started the bot holds its standard input; when that ends, so does the bot.
process.stdin.resume();
process.stdin.on('end', async () => {
  await client.destroy();
  process.exit(0);
});

await client.login(process.env.DISCORD_TOKEN);
