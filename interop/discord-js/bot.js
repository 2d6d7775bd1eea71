// A bot on discord.js, written as its guide would have it. The only thing it is told about the mock
// is where the API is: `rest.api`, the library's own option. The gateway's address it asks from there.
import {
  ActionRowBuilder,
  ButtonBuilder,
  ButtonStyle,
  Client,
  Events,
  GatewayIntentBits,
  SlashCommandBuilder,
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
  await client.application.commands.set([
    new SlashCommandBuilder()
      .setName('echo')
      .setDescription('Says it back')
      .addStringOption((text) =>
        text.setName('text').setDescription('What to say').setRequired(true),
      ),
    new SlashCommandBuilder().setName('later').setDescription('Answers in its own time'),
  ]);
});

client.on(Events.InteractionCreate, async (interaction) => {
  if (interaction.isButton()) {
    await interaction.update({ content: `${interaction.message.content} again`, components: [] });
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
  }
});

client.on(Events.MessageCreate, async (message) => {
  if (message.content !== '!bake') return;
  const bread = await message.channel.send('dough');
  await bread.edit('bread');
  await bread.react('🍞');
});

// Whoever started the bot holds its standard input; when that ends, so does the bot.
process.stdin.resume();
process.stdin.on('end', async () => {
  await client.destroy();
  process.exit(0);
});

await client.login(process.env.DISCORD_TOKEN);
