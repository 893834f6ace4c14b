import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HTTPReceiver, type Logger } from '@slack/bolt';
import { HoldfastError, systemCode } from '../../shared/errors.ts';
import { EVENTS_PATH } from './events-path.ts';

/** Slack sends less; what is longer is not read. */
const BODY_LIMIT = 1024 * 1024;
/** How far Slack's clock and ours may differ, in seconds. Source: https://docs.slack.dev/authentication/verifying-requests-from-slack */
const TOLERATED_S = 300;

export interface HttpDoorOptions {
  signingSecret: string;
  port: number;
  logger: Logger;
  /** Milliseconds since 1970. */
  now: () => number;
  onRejected: (what: { reason: string; detail?: string }) => void;
}

/** Receives Slack's requests over HTTP. The server is our own, so that refused requests can be told of and connections ended. */
export class HttpDoor {
  readonly receiver: HTTPReceiver;
  readonly #options: HttpDoorOptions;
  #server: Server | undefined;

  constructor(options: HttpDoorOptions) {
    this.#options = options;
    const { signingSecret, logger } = options;
    this.receiver = new HTTPReceiver({ signingSecret, logger, endpoints: EVENTS_PATH, bodyLimit: BODY_LIMIT });
  }

  /** @throws HoldfastError `usage` where the port cannot be listened on */
  async open(): Promise<number> {
    const server = createServer((request, response) => this.#receive(request, response));
    const { port } = this.#options;
    try {
      await once(server.listen(port), 'listening');
    } catch (error) {
      throw new HoldfastError('usage', `Cannot listen for Slack on port ${port} (${systemCode(error) ?? 'failed'})`, {
        cause: error,
        advice: 'Choose another port in the configuration, or stop what listens there.',
      });
    }
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    response.on('finish', () => {
      if (response.statusCode === 401) this.#options.onRejected({ reason: this.#whyRejected(request) });
    });
    if (isAhead(request, this.#options.now())) {
      // The library looks only whether a signature is old: one of the future would be good for too long.
      response.writeHead(401).end();
      return;
    }
    if (Number(request.headers['content-length']) > BODY_LIMIT) {
      // The library would leave the rest unread, in front of what comes next over the same connection.
      response.writeHead(413, { connection: 'close' }).end();
      return;
    }
    try {
      this.receiver.requestListener(request, response);
    } catch {
      // Anything but a POST to the one path.
      response.writeHead(404).end();
    }
  }

  #whyRejected({ headers }: IncomingMessage): string {
    const stamp = Number(headers['x-slack-request-timestamp']);
    if (headers['x-slack-signature'] === undefined || Number.isNaN(stamp)) return 'no signature';
    const ageS = this.#options.now() / 1000 - stamp;
    if (ageS < -TOLERATED_S) return 'a signature of the future';
    return ageS > TOLERATED_S ? 'an old signature' : 'a bad signature';
  }
}

function isAhead({ headers }: IncomingMessage, nowMs: number): boolean {
  return Number(headers['x-slack-request-timestamp']) - nowMs / 1000 > TOLERATED_S;
}
