// Sends the lines of its input with Elasticsearch's own client: URL TOKEN INDEX. Requests that were refused, or had no
// answer, are sent again by the client; an item that was refused ends this program.
import readline from 'node:readline';
import { Client } from '@elastic/elasticsearch';

const [node, token, index] = process.argv.slice(2);

const client = new Client({
  node,
  auth: { apiKey: { id: 'jaga', api_key: token } },
  maxRetries: 1000,
  retryBackoff: () => 50,
});

async function* events() {
  for await (const message of readline.createInterface({ input: process.stdin })) {
    yield { '@timestamp': new Date().toISOString(), message };
  }
}

const info = await client.info();
if (info.tagline !== 'You Know, for Search') throw new Error('not what the client expects');

const done = await client.helpers.bulk({
  datasource: events(),
  onDocument: () => ({ create: { _index: index } }),
  onDrop: (drop) => {
    throw new Error(`dropped: ${JSON.stringify(drop)}`);
  },
  flushBytes: 64 * 1024,
  flushInterval: 200,
  concurrency: 4,
});
console.log(JSON.stringify({ sent: done.successful, failed: done.failed }));
await client.close();
