import { describe, expect, it } from 'vitest';
import { list } from '../../src/commands/list.ts';
import { wordsOf } from '../helpers/memory-platform.ts';

describe('a list', () => {
  it('says how many pages there are where one is asked for that is not there', () => {
    const beyond = list.present({ snapshots: [], total: 26, page: 9, pages: 2 });
    expect(wordsOf(beyond)).toContain('There are only 2 pages, with 26 snapshots.');
    expect(wordsOf(beyond)).not.toContain('Page 9');
    const single = list.present({ snapshots: [], total: 1, page: 2, pages: 1 });
    expect(wordsOf(single)).toContain('There is only one page, with 1 snapshot.');
  });
});
