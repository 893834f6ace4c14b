/** Chats refuse a message in which an ID or a value is empty, too long, or there twice. `seen` takes note of what was used. */
export function isUsableId(id: string, limit: number, seen: Set<string>): boolean {
  if (id === '' || id.length > limit || seen.has(id)) return false;
  seen.add(id);
  return true;
}
