import type { SeededRandom } from '../../../helpers/seeded-random.ts';
import type { Objects } from './sample-repository.ts';

/** Ways to damage a repository. */
export type HarmKind = 'flip' | 'truncate' | 'extend' | 'delete' | 'swap';

export interface Harm {
  kind: HarmKind;
  /** The objects that are not as they were. */
  objects: string[];
  description: string;
}

/** Damages one object, or swaps two of the same sort. */
export function harm(objects: Objects, kind: HarmKind, name: string, random: SeededRandom): Harm {
  const bytes = objects.get(name) as Buffer;
  if (kind === 'delete') {
    objects.delete(name);
    return { kind, objects: [name], description: `${name} deleted` };
  }
  if (kind === 'swap') return swap(objects, name, random);
  if (kind === 'flip') {
    const at = random.below(bytes.length);
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1 << random.below(8);
    objects.set(name, changed);
    return { kind, objects: [name], description: `${name} with a bit flipped in byte ${at} of ${bytes.length}` };
  }
  if (kind === 'truncate') {
    const length = random.below(bytes.length);
    objects.set(name, Buffer.from(bytes.subarray(0, length)));
    return { kind, objects: [name], description: `${name} cut to ${length} of ${bytes.length} bytes` };
  }
  objects.set(name, Buffer.concat([bytes, random.bytes(1 + random.below(100))]));
  return { kind, objects: [name], description: `${name} with bytes appended` };
}

function swap(objects: Objects, name: string, random: SeededRandom): Harm {
  const sort = name.split('/')[0];
  const others = [...objects.keys()].filter((other) => other !== name && other.split('/')[0] === sort);
  const other = others[random.below(others.length)];
  if (other === undefined) return harm(objects, 'delete', name, random);
  const [mine, theirs] = [objects.get(name) as Buffer, objects.get(other) as Buffer];
  objects.set(name, theirs);
  objects.set(other, mine);
  return { kind: 'swap', objects: [name, other], description: `${name} and ${other} swapped` };
}
