// A bot on discord.js. `decode` is its gateway alone, which is JSON.parse and little more; `cache` is the
// whole client as its guide shows it, which always keeps its caches.
import process from 'node:process';
import { Client, Events, GatewayIntentBits } from 'discord.js';
import { REST } from '@discordjs/rest';
import { WebSocketManager, WebSocketShardEvents } from '@discordjs/ws';

const work = process.argv[2];
const api = `${process.env.COURSE_HTTP}/api`;
const mark = process.env.COURSE_MARK;
const intents = Object.values(GatewayIntentBits).reduce((all, bit) => (typeof bit === 'number' ? all | bit : all), 0);
let seen = 0;

function end() {
  console.log(`${seen} 0`);
  process.exit(0);
}

if (work === 'decode') {
  const rest = new REST({ api }).setToken('token');
  const manager = new WebSocketManager({
    token: 'token',
    intents,
    rest,
    fetchGatewayInformation: () => rest.get('/gateway/bot'),
  });
  manager.on(WebSocketShardEvents.Dispatch, (data) => {
    const payload = data.data ?? data;
    seen += 1;
    if (payload.t === 'INTERACTION_CREATE' && payload.d.id === mark) end();
  });
  await manager.connect();
} else {
  const client = new Client({ intents, rest: { api } });
  client.on(Events.Raw, () => {
    seen += 1;
  });
  client.on(Events.InteractionCreate, (interaction) => {
    if (interaction.id === mark) end();
  });
  await client.login('token');
}
