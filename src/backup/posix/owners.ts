import fs from 'node:fs';
import type { ByteString } from '../../shared/bytes.ts';
import { systemCode } from '../../shared/errors.ts';

/** The largest number that an owner can have: 2^32 - 1 means "leave as it is" to chown. */
const MAX_ID = 2 ** 32 - 2;

/** Owners by number and by name, as passwd(5) and group(5) have them. */
export class Owners {
  readonly #users: Names;
  readonly #groups: Names;

  /** The content of /etc/passwd and of /etc/group. */
  constructor(passwd: ByteString, group: ByteString) {
    this.#users = parse(passwd);
    this.#groups = parse(group);
  }

  userName(uid: number): ByteString | undefined {
    return this.#users.byId.get(uid);
  }

  groupName(gid: number): ByteString | undefined {
    return this.#groups.byId.get(gid);
  }

  userId(name: ByteString): number | undefined {
    return this.#users.byName.get(name);
  }

  groupId(name: ByteString): number | undefined {
    return this.#groups.byName.get(name);
  }
}

/** This machine's owners, read now. Users of a directory service (LDAP) are not in the files and stay without a name. */
export function readOwners(): Owners {
  return new Owners(readIfPresent('/etc/passwd'), readIfPresent('/etc/group'));
}

interface Names {
  byId: Map<number, ByteString>;
  byName: Map<ByteString, number>;
}

/** Both files have the name first and the number third. The first line with a number or a name wins, as in the C library. */
function parse(text: ByteString): Names {
  const names: Names = { byId: new Map(), byName: new Map() };
  for (const line of text.split('\n')) {
    const [name, , number] = line.split(':') as [ByteString, string?, string?];
    if (name === '' || number === undefined || !/^[0-9]+$/.test(number)) continue;
    const id = Number(number);
    if (id > MAX_ID) continue;
    if (!names.byId.has(id)) names.byId.set(id, name);
    if (!names.byName.has(name)) names.byName.set(name, id);
  }
  return names;
}

function readIfPresent(path: string): ByteString {
  try {
    return fs.readFileSync(path, 'latin1') as ByteString;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '' as ByteString;
    throw error;
  }
}
