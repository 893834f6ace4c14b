import { expect, it } from 'vitest';
import type { OpenServices } from '../../src/bot/chat/requests.ts';
import { Health } from '../../src/serve/health.ts';
import { HoldfastError } from '../../src/shared/errors.ts';

const servicesThat = (repository: () => Promise<unknown>): OpenServices => ({ repository }) as unknown as OpenServices;

it('is ready once the repository was opened and each platform is connected, or known to be away', async () => {
  const health = new Health(['discord', 'slack']);
  expect(health.readiness().reasons).toEqual(['repository: not opened yet', 'discord: starting', 'slack: starting']);
  await health.watched(servicesThat(async () => ({}))).repository();
  health.platformIs('discord', 'connected');
  health.platformIs('slack', 'refused');
  expect(health.readiness()).toEqual({
    ready: true,
    reasons: [],
    repository: 'open',
    platforms: { discord: 'connected', slack: 'refused' },
  });
  health.stopping();
  expect(health.readiness()).toMatchObject({ ready: false, reasons: ['the bot is stopping'] });
});

it('tells by its code alone why the repository cannot be opened', async () => {
  const health = new Health([]);
  const away = async () => {
    throw new HoldfastError('not_found', 'There is nothing in /srv/secret');
  };
  await expect(health.watched(servicesThat(away)).repository()).rejects.toThrow('/srv/secret');
  expect(health.readiness().reasons).toEqual(['repository: cannot be opened (not_found)']);
});
