import { readProcessIdentity } from '../../src/shared/process-identity.ts';
import { openState } from '../../src/state/state.ts';

/** A program that changes the state in a folder again and again, and prints how many changes are confirmed after each. */
const state = await openState(process.argv[2] ?? '', {
  identity: readProcessIdentity(),
  onWarning: (message) => process.stdout.write(`warning ${message}\n`),
});
for (;;) {
  const count = await state.update(({ owners }) =>
    owners.push({ platform: 'p', id: 'x'.repeat(200), name: '', since: '' }),
  );
  process.stdout.write(`${count}\n`);
}
