import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HoldfastError, systemCode } from '../shared/errors.ts';
import { type Metric, PROMETHEUS_TYPE, prometheusText } from './prometheus.ts';

/** Whether the bot can do its work, and what keeps it from it: no secrets, no paths. */
export interface Readiness {
  ready: boolean;
  reasons: readonly string[];
  repository: string;
  platforms: Readonly<Record<string, string>>;
}

export interface StatusSources {
  readiness: () => Readiness;
  metrics: () => readonly Metric[];
}

export interface StatusServer {
  /** Where it answers, such as `http://127.0.0.1:9464`. */
  readonly address: string;
  /** Releases the port. */
  close(): Promise<void>;
}

interface Answer {
  status: number;
  type: string;
  body: string;
  headers?: Readonly<Record<string, string>>;
}

/** Whoever asks a question that needs longer than this is no monitor. */
const REQUEST_MS = 5000;
const CONNECTIONS = 64;
const READS = ['GET', 'HEAD'];

/**
 * Answers /healthz, /readyz and /metrics, for monitors. It changes nothing and asks nobody for a password, so it belongs on loopback.
 *
 * @throws HoldfastError `failed` where nobody may listen there, such as on a port in use
 */
export async function openStatusServer(
  { host, port }: { host: string; port: number },
  sources: StatusSources,
): Promise<StatusServer> {
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (request, response) =>
    send(request, response, answerTo(request, sources)),
  );
  server.maxConnections = CONNECTIONS;
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    throw cannotListen(error, `${host}:${port}`);
  }
  const { address, port: taken, family } = server.address() as AddressInfo;
  return {
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answerTo({ url = '/', method = '' }: IncomingMessage, sources: StatusSources): Answer {
  const route = routeTo(url.split('?', 1)[0] ?? '/', sources);
  if (route === undefined) return plain(404, 'There is nothing here. Try /healthz, /readyz or /metrics.');
  if (!READS.includes(method)) {
    return { ...plain(405, 'This can only be read.'), headers: { allow: READS.join(', ') } };
  }
  try {
    return route();
  } catch {
    return plain(500, 'This could not be told.');
  }
}

function routeTo(path: string, { readiness, metrics }: StatusSources): (() => Answer) | undefined {
  switch (path) {
    case '/healthz':
      return () => plain(200, 'ok');
    case '/readyz':
      return () => {
        const found = readiness();
        const body = `${JSON.stringify(found)}\n`;
        return { status: found.ready ? 200 : 503, type: 'application/json; charset=utf-8', body };
      };
    case '/metrics':
      return () => ({ status: 200, type: PROMETHEUS_TYPE, body: prometheusText(metrics()) });
    default:
      return undefined;
  }
}

const plain = (status: number, words: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${words}\n`,
});

function send({ method }: IncomingMessage, response: ServerResponse, { status, type, body, headers }: Answer): void {
  response.writeHead(status, {
    ...headers,
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(method === 'HEAD' ? undefined : body);
}

function cannotListen(error: unknown, where: string): HoldfastError {
  const code = systemCode(error);
  const reason = code === 'EADDRINUSE' ? 'another process listens there' : (code ?? String(error));
  return new HoldfastError('failed', `Health and metrics cannot be served on ${where}: ${reason}`, {
    advice: 'Choose another `http.port` or `http.host`, and restart the bot.',
    cause: error,
  });
}
