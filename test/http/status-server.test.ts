import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { openStatusServer, type Readiness, type StatusServer } from '../../src/http/status-server.ts';

const opened: StatusServer[] = [];
let readiness: Readiness;

async function open(port = 0, metrics: () => readonly [] = () => []): Promise<StatusServer> {
  readiness = { ready: true, reasons: [], repository: 'open', platforms: { discord: 'connected' } };
  const server = await openStatusServer({ host: '127.0.0.1', port }, { readiness: () => readiness, metrics });
  opened.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

it('tells that the process works, and whether it is ready', async () => {
  const { address } = await open();
  expect((await fetch(`${address}/healthz`)).status).toBe(200);
  expect((await fetch(`${address}/readyz?verbose`)).status).toBe(200);
  readiness = { ...readiness, ready: false, reasons: ['repository: not opened yet'] };
  const answer = await fetch(`${address}/readyz`);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ ready: false, reasons: ['repository: not opened yet'] });
  expect((await fetch(`${address}/metrics`)).headers.get('content-type')).toContain('version=0.0.4');
});

it('answers other paths with 404, other methods with 405, and HEAD without a body', async () => {
  const { address } = await open();
  expect((await fetch(`${address}/metrics/`)).status).toBe(404);
  expect((await fetch(`${address}/`, { method: 'POST' })).status).toBe(404);
  const refused = await fetch(`${address}/metrics`, { method: 'DELETE' });
  expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  const head = await fetch(`${address}/healthz`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

it('does not tell what went wrong inside', async () => {
  const { address } = await open(0, () => {
    throw new Error('/secret/path');
  });
  const answer = await fetch(`${address}/metrics`);
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain('secret');
});

it('says that a port is in use, and releases its own, also while somebody is connected', async () => {
  const first = await open();
  const port = Number(new URL(first.address).port);
  await expect(open(port)).rejects.toThrow(`127.0.0.1:${port}: another process listens there`);
  const idle = connect(port, '127.0.0.1');
  await new Promise((done) => idle.once('connect', done));
  idle.on('error', () => {});
  await first.close();
  expect((await open(port)).address).toBe(first.address);
  idle.destroy();
});
