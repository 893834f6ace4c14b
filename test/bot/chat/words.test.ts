import { describe, expect, it } from 'vitest';
import { busyView, endView, errorView } from '../../../src/bot/chat/words.ts';
import { HoldfastError } from '../../../src/shared/errors.ts';
import type { JobRecord } from '../../../src/state/document.ts';
import { formatSentence } from '../../../src/view/units.ts';
import type { View } from '../../../src/view/view.ts';

/** Where commands are typed as `/holdfast NAME`, as on Slack. */
const ON_SLACK = { nowMs: 0, commandPrefix: '/holdfast ' };

function nextOf(view: View): string {
  return view.kind === 'status' && view.next !== undefined ? formatSentence(view.next, ON_SLACK) : '';
}

const job = (kind: string): JobRecord => ({
  id: '12345678',
  kind,
  source: 'app',
  who: { platform: 'memory', id: '1', name: 'Ann' },
  where: { platform: 'memory', channel: 'c1', direct: false },
  message: undefined,
  state: 'interrupted',
  phase: 'ended',
  share: undefined,
  started: '2026-11-20T12:00:00.000Z',
  ended: '2026-11-20T12:01:00.000Z',
  result: 'The bot was stopped while it ran',
  told: false,
});

describe('what the bot says by itself', () => {
  it('names commands as they are typed where it is read', () => {
    const error = (advice: string) => errorView(new HoldfastError('usage', 'No', { advice }));
    expect(nextOf(error('See /jobs, or /help.'))).toBe('See /holdfast jobs, or /holdfast help.');
    expect(nextOf(busyView(job('backup')))).toBe('Wait until it has ended, or /holdfast cancel it.');
  });

  it('says what a program said in lines on one', () => {
    const error = errorView(new HoldfastError('command_failed', 'The hook failed and said:\n  one\n  two'));
    expect(error).toMatchObject({ text: ['The hook failed and said: one / two'] });
  });

  it('leaves paths alone, and options of a shell are options of a chat', () => {
    const error = errorView(new HoldfastError('usage', 'No', { advice: 'Use --to /help/list, not /nothing.' }));
    expect(nextOf(error)).toBe('Use `to` /help/list, not /nothing.');
  });

  it('tells whoever had a restore cut off that its target is whole, and what to do', () => {
    expect(nextOf(endView(job('restore')))).toContain('as it was before, or as in the backup');
    expect(nextOf(endView(job('backup')))).toBe('Nothing is half done. Ask again.');
  });
});
