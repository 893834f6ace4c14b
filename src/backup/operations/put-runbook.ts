import type { Repository } from '../repository/repository.ts';

const PREFIX = 'runbook/';
const NAME = /^runbook\/\d{8}T\d{6}Z\.html$/;
/** Older ones tell of backups that may be gone. */
const KEPT = 3;

/** Puts a runbook beside the backups and removes all but the newest (docs/FORMAT.md section 2). Gives its name. */
export async function putRunbook({ store, clock }: Repository, page: Uint8Array): Promise<string> {
  const stamp = new Date(clock.now()).toISOString().replace(/[-:]|\.\d+/g, '');
  const name = `${PREFIX}${stamp}.html`;
  await store.put(name, page);
  const all = (await store.list(PREFIX)).map((info) => info.name).filter((found) => NAME.test(found) && found !== name);
  for (const old of all
    .toSorted()
    .toReversed()
    .slice(KEPT - 1))
    await store.delete(old);
  return name;
}
