import { type AttachedFile, safeFileName } from '../../terminal/attached-files.ts';

/** The files under names that are safe to show and differ from each other. */
export function nameFiles(wanted: readonly AttachedFile[]): AttachedFile[] {
  const taken = new Set<string>();
  return wanted.map(({ name, ...file }) => {
    const safe = safeFileName(name);
    let unique = safe;
    for (let number = 2; taken.has(unique); number++) unique = `${number}-${safe}`;
    taken.add(unique);
    return { ...file, name: unique };
  });
}
