// A bot that posts messages by discord.js' part for REST, with its limiter.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { REST } from '@discordjs/rest';

const { COURSE_HTTP, COURSE_TOKEN, COURSE_CHANNELS, COURSE_LIMITS, COURSE_POSTS, COURSE_AT_ONCE } = process.env;
const channels = readFileSync(COURSE_CHANNELS, 'utf8').trim().split('\n');
const posts = Number(COURSE_POSTS);
const atOnce = Number(COURSE_AT_ONCE);
const settings = COURSE_LIMITS === 'on' ? {} : { globalRequestsPerSecond: Number.POSITIVE_INFINITY };
const rest = new REST({ api: `${COURSE_HTTP}/api`, ...settings }).setToken(COURSE_TOKEN);

async function work(first) {
  let answered = 0;
  for (let number = first; number < posts; number += atOnce) {
    const content = `bread no. ${number}`;
    try {
      const message = await rest.post(`/channels/${channels[number % channels.length]}/messages`, { body: { content } });
      if (message.content === content) answered += 1;
    } catch {
      // What it gives up is not counted.
    }
  }
  return answered;
}

const begun = performance.now();
const all = await Promise.all(Array.from({ length: atOnce }, (_, first) => work(first)));
console.log(`${all.reduce((sum, one) => sum + one, 0)} ${(performance.now() - begun) / 1000}`);
process.exit(0);
