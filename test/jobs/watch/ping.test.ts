import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ping } from '../../../src/jobs/watch/ping.ts';

let server: Server;
let address: string;
const asked: string[] = [];
let status = 200;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(status).end('OK');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => server.close());

describe('a dead-man ping', () => {
  it('fetches the address after a success, and the one below it after a failure', async () => {
    await ping(`${address}/a-secret?x=1`, true);
    await ping(`${address}/a-secret?x=1`, false);
    await ping(`${address}/a-secret/`, false);
    expect(asked).toEqual(['GET /a-secret?x=1', 'GET /a-secret/fail?x=1', 'GET /a-secret/fail']);
  });

  it('says what went wrong without the address', async () => {
    status = 404;
    const refused = ping(`${address}/a-secret`, true);
    await expect(refused).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining('status 404') });
    const gone = ping('http://127.0.0.1:9/a-secret', true);
    await expect(gone).rejects.toMatchObject({ message: expect.stringContaining('it cannot be reached') });
    for (const failed of [refused, gone]) {
      await expect(failed).rejects.not.toMatchObject({ message: expect.stringMatching(/secret|127/) });
    }
  });
});
