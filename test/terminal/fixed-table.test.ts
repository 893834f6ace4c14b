import { describe, expect, it } from 'vitest';
import { snapshotTable } from '../../src/commands/parts/snapshot-view.ts';
import { fixedTable } from '../../src/terminal/fixed-table.ts';
import type { View } from '../../src/view/view.ts';
import { summary } from '../helpers/fake-engine.ts';

const OPTIONS = { nowMs: Date.UTC(2030, 0, 2), commandPrefix: '/', clean: (text: string) => text };

const layOut = (view: View) =>
  view.kind === 'table' ? fixedTable(view.columns, view.rows as readonly string[][], OPTIONS) : undefined;

describe('a table in a message', () => {
  it('of snapshots fits a phone, with what one is chosen by', () => {
    const snapshot = summary(1, { source: 'app', time: '2030-01-01T18:30:00Z', tags: ['nightly', 'before-update'] });
    const table = layOut(snapshotTable([snapshot], ''));
    expect(table?.head.split(/ {2,}/)).toEqual(['ID', 'Time (UTC)', 'Source', 'Size', 'Status']);
    expect(table?.rows[0]).toContain('01-01 18:30');
    expect(Math.max(...[table?.head ?? '', ...(table?.rows ?? [])].map(({ length }) => length))).toBeLessThanOrEqual(
      48,
    );
    expect(table?.hidden).toEqual(['Tags', 'Trigger', 'Files', 'Stored', 'Verified', 'Kept by']);
    expect(table?.squeezed).toBe(false);
  });

  it('keeps minor columns where there is room, and squeezes only what no window shows', () => {
    const columns = [{ title: 'A' }, { title: 'B', minor: true }];
    expect(fixedTable(columns, [['a', 'b']], OPTIONS).hidden).toEqual([]);
    expect(fixedTable(columns, [['x'.repeat(70), 'b']], OPTIONS)).toMatchObject({ hidden: ['B'], squeezed: false });
    expect(fixedTable(columns, [['x'.repeat(90), 'b']], OPTIONS)).toMatchObject({ hidden: ['B'], squeezed: true });
  });
});
