import { encodeText, toByteString } from '../../../shared/bytes.ts';
import { printableName } from '../../../shared/printable.ts';
import type { RawString } from '../../format/bodies.ts';
import { classesOf } from '../../repository/classes.ts';
import type { SnapshotRecord } from '../../repository/snapshots.ts';
import type { SnapshotSummary, Trigger } from '../../types.ts';

/** What people and scripts are told about a snapshot. `kept` are the retention rules that keep it. */
export function summaryOf(record: SnapshotRecord, kept: readonly string[] = []): SnapshotSummary {
  const { id, body, status, pinned, pinReason, tags, verified } = record;
  return {
    id,
    time: body.time,
    source: body.source,
    host: body.host,
    paths: body.paths.map(printablePath),
    tags: [...tags],
    kind: body.kind,
    trigger: body.trigger as Trigger,
    classes: classesOf(body),
    status,
    parent: body.parent,
    files: body.totals.files,
    directories: body.totals.directories,
    size: body.totals.bytes,
    stored: body.run.stored,
    durationMs: Math.max(0, Date.parse(body.ended) - Date.parse(body.scan)),
    warnings: body.warningCount,
    pinned,
    pinReason: pinReason ?? null,
    kept: [...kept],
    verified: verified ?? null,
  };
}

function printablePath(path: RawString): string {
  return printableName(typeof path === 'string' ? encodeText(path) : toByteString(Buffer.from(path.bytes, 'base64')));
}
