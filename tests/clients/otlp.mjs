// Sends the lines of its input with OpenTelemetry's exporters: ENCODING URL TOKEN SERVICE. What an exporter gives up is
// exported again, as a collector's queue does.
import readline from 'node:readline';
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider } from '@opentelemetry/sdk-logs';

const BATCH = 500;
const [encoding, url, token, service] = process.argv.slice(2);
const Exporter = encoding === 'json' ? JsonExporter : ProtobufExporter;
const exporter = new Exporter({
  url: `${url}/v1/logs`,
  headers: { Authorization: `Bearer ${token}` },
  compression: 'gzip',
});

// Collects what a logger emits; the SDK's own batches would be given up after a while.
const queue = [];
const provider = new LoggerProvider({
  resource: resourceFromAttributes({ 'service.name': service, 'host.name': 'client' }),
  processors: [
    { onEmit: (record) => queue.push(record), forceFlush: async () => {}, shutdown: async () => {} },
  ],
});
const logger = provider.getLogger('jaga-test', '1.0');
let sent = 0;

async function flush() {
  const records = queue.splice(0, BATCH);
  const attempt = () => new Promise((resolve) => exporter.export(records, resolve));
  while ((await attempt()).code !== 0) await new Promise((resolve) => setTimeout(resolve, 50));
  sent += records.length;
}

for await (const body of readline.createInterface({ input: process.stdin })) {
  logger.emit({
    severityNumber: 9,
    severityText: 'INFO',
    body,
    attributes: { 'log.file.name': 'client.log', list: ['a', 'b'] },
  });
  if (queue.length >= BATCH) await flush();
}
while (queue.length > 0) await flush();
console.log(JSON.stringify({ sent }));
await exporter.shutdown();
