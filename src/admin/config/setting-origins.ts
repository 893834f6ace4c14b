import { isAlias, isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';

type Path = readonly string[];

/** Where a setting's value comes from. Lines count from 1. */
export type SettingOrigin =
  | { from: 'default' }
  | { from: 'file'; line: number }
  /** It was changed by the bot's owners since. */
  | { from: 'chat'; by: string; at: string };

/** Tells for each setting of one source or of all where the file says so; `default` where it does not. */
export function fileOrigins(content: string): (path: Path) => SettingOrigin {
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines });
  const lineOf = (path: Path): number | undefined => {
    let node: unknown = document.contents;
    let offset: number | undefined;
    for (const step of path) {
      const container = isAlias(node) ? node.resolve(document) : node;
      if (!isMap(container)) return undefined;
      const pair = container.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      if (pair === undefined) return undefined;
      offset = (pair.key as Node).range?.[0];
      node = pair.value;
    }
    return offset === undefined ? undefined : lines.linePos(offset).line;
  };
  const isWritten = (path: Path): boolean => lineOf(path) !== undefined;
  return (path) => {
    const line = placesOf(path, isWritten).map(lineOf).find(Boolean);
    return line === undefined ? { from: 'default' } : { from: 'file', line };
  };
}

/** Where a setting may be written, nearest first: what a source does not say, the file may say for all of them. */
function placesOf(path: Path, isWritten: (path: Path) => boolean): Path[] {
  const [top = '', source = '', part = '', ...rest] = path;
  if (top !== 'sources') return [path];
  const own = [top, source, part];
  if (part === 'freshness') return [path, ['freshness', ...rest]];
  // Rules of a source stand in place of all of the others.
  if (part === 'retention') return isWritten(own) ? [path] : [['retention', ...rest]];
  if (part !== 'schedules') return [path];
  const [name = '', key] = rest;
  const whole = isWritten([...own, name]) ? [...own, name] : ['schedules', name];
  if (key === undefined) return [whole];
  if (key === 'cron') return [[...whole, key], whole];
  return key === 'timeZone' || key === 'missed' ? [[...whole, key], [key]] : [[...whole, key]];
}
