#!/usr/bin/env node
/*
 * Holdfast rescue: reads a Holdfast backup repository with nothing but this file and Node's standard library.
 *
 *   node rescue.mjs list    [--repo DIR]                                the snapshots
 *   node rescue.mjs check   [--repo DIR]                                reads everything, names what is damaged
 *   node rescue.mjs restore ID|latest --to DIR [--repo DIR] [--path P]...
 *
 * It follows FORMAT.md, which lies beside it in every repository; section numbers in the comments are of that page.
 * It writes nothing but the restored files, below --to, and shares no code with the product, so that each can be checked by the other.
 *
 * What to look for when reading it: every length is checked before it is used, everything is authenticated before it is
 * parsed (sections 1 and 4), every chunk is hashed again (5), every path is checked (8), a file with a missing part is left out (12).
 *
 * Where chunks are is taken from the packs themselves, their trailers or their blocks (6), and never from index/ (7), which is derived from
 * them: so a lost or wrong index cannot mislead a restore. `check` reads the index as well, and compares. Memory: 60 bytes for each stored
 * chunk, and a cache of decoded blocks; files go through chunk by chunk.
 */
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import util from 'node:util';
import zlib from 'node:zlib';

const EXIT = { done: 0, failed: 1, usage: 2, notFound: 10, passphrase: 12, damaged: 13, refused: 15, interrupted: 130 };

const KIB = 1024;
const MIB = 1024 * KIB;
// Section 14, and what keeps a hostile repository from filling the memory where the format gives no limit.
const MAX_CHUNK = 8 * MIB;
const MAX_BLOCK = 16 * MIB;
const MAX_PACK = 4 * KIB * MIB;
const MAX_BODY = 64 * MIB;
const MAX_PATH = MIB;
const MAX_ENTRIES = 65_536;
const MAX_PATHS = 64 * MIB;
const MAX_HOLES = 65_536;
const MAX_XATTRS = MIB;
const MAX_RING = MIB;
const MAX_TRAILER = 512 * MIB;
const CACHED_BLOCKS = 48 * MIB;
const HASHED_HOLES = 16 * KIB * MIB;

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY, O_NONBLOCK } = fs.constants;

const DATA = 0;
const META = 1;
const SLASH = 0x2f;
const EMPTY = Buffer.alloc(0);
const HASH_NAME = /^[0-9a-f]{64}$/;

// ---------------------------------------------------------------------------------------------------------------------
// Errors and what is printed

/** Ends the program: with a status, and a sentence on what to do. */
class Failure extends Error {
  constructor(status, message, advice = '') {
    super(message);
    this.status = status;
    this.advice = advice;
  }
}

/** Something stored is damaged, missing or malformed. `object` is its name in the store, where one can be named; the message is safe to show. */
class Damage extends Error {
  constructor(object, message) {
    super(message);
    this.object = object;
  }
}

/** Not damage at all: it authenticates, and says what this program does not know. */
class Newer extends Damage {}

/** Runs `use`; what is wrong with the content of an object is said of that object. */
function about(object, use) {
  try {
    return use();
  } catch (error) {
    if (error instanceof Damage && error.object === null) throw new error.constructor(object, error.message);
    throw error;
  }
}

const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|\\/gu;

/** Text that cannot command a terminal or pretend to be another: controls, bidi marks and backslashes become escapes. */
function shown(text) {
  return String(text).replace(UNSAFE, (character) =>
    character === '\\' ? '\\\\' : [...Buffer.from(character)].map(hexEscape).join(''),
  );
}

function hexEscape(byte) {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** A raw name: as text where it is UTF-8, else its bytes with escapes. `pathsFrom` undoes it. */
function shownName(bytes) {
  if (bytes.length === 0) return '(the top folder)';
  const text = bytes.toString();
  if (Buffer.from(text).equals(bytes)) return shown(text);
  return [...bytes]
    .map((byte) => (byte > 0x1f && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : hexEscape(byte)))
    .join('');
}

/** Strings of JSON that may be raw bytes (section 1). */
function shownRaw(value) {
  return typeof value === 'object' && value !== null && typeof value.bytes === 'string'
    ? shownName(Buffer.from(value.bytes, 'base64'))
    : shown(value ?? '');
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

/** Says each damage and each file that is not restored once, at once, and counts for the exit status. */
class Report {
  #said = new Set();
  #remarks = new Map();
  damages = 0;
  files = 0;
  failures = 0;

  damaged(object, what) {
    const line = `DAMAGED  ${object ?? 'repository'}: ${what}`;
    if (this.#said.has(line)) return;
    this.#said.add(line);
    this.damages++;
    say(line);
  }

  /** Damage that is not of one file: of an object, or of the manifest. */
  caught(error) {
    if (!(error instanceof Damage)) throw error;
    this.damaged(error.object, error.message);
  }

  /** A file that cannot be had from the repository. */
  lost(name, error, where = '') {
    this.damages++;
    this.files++;
    say(`LOST     ${where}${shownName(name)}: ${error.message}${error.object ? ` (${error.object})` : ''}`);
  }

  /** A file that is whole in the repository and could not be written here. */
  failed(name, why) {
    this.failures++;
    say(`FAILED   ${shownName(name)}: ${why}`);
  }

  /** Something that this program or this system does not restore; said in the summary. */
  remark(what, name) {
    const remark = this.#remarks.get(what) ?? { count: 0, names: [] };
    remark.count++;
    if (remark.names.length < 20) remark.names.push(shownName(name));
    this.#remarks.set(what, remark);
  }

  summary() {
    for (const [what, { count, names }] of this.#remarks) {
      say(`NOTE     ${what}: ${count}`);
      for (const name of names) say(`           ${name}`);
      if (count > names.length) say(`           and ${count - names.length} more`);
    }
  }

  get status() {
    if (this.damages > 0) return EXIT.damaged;
    return this.failures > 0 ? EXIT.failed : EXIT.done;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Section 1: numbers and bytes

/** Reads a buffer from its begin to its end, and never past it. */
class Cursor {
  constructor(bytes) {
    this.bytes = bytes;
    this.position = 0;
  }

  get left() {
    return this.bytes.length - this.position;
  }

  take(length) {
    if (length > this.left) throw new Damage(null, `a length of ${length} where ${this.left} bytes are left`);
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }

  u8() {
    return this.take(1)[0];
  }

  u32() {
    return this.take(4).readUInt32LE();
  }

  u64() {
    return toNumber(this.take(8).readBigUInt64LE());
  }

  /** LEB128: plain numbers as long as they are exact, then big ones. */
  bigVarint() {
    let value = 0;
    for (let scale = 1; scale < 2 ** 49; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return BigInt(value);
    }
    let big = BigInt(value);
    for (let shift = 49n; shift <= 63n; shift += 7n) {
      const byte = this.u8();
      big += BigInt(byte & 0x7f) << shift;
      if (byte < 0x80 && big < 1n << 64n) return big;
    }
    throw new Damage(null, 'a number beyond 64 bits');
  }

  varint() {
    return toNumber(this.bigVarint());
  }

  svarint() {
    const zigzag = this.bigVarint();
    return zigzag & 1n ? -(zigzag >> 1n) - 1n : zigzag >> 1n;
  }

  /** `bytes`: a varint length and as many bytes. */
  string() {
    return this.take(this.varint());
  }

  end() {
    if (this.left > 0) throw new Damage(null, `${this.left} bytes after its end`);
  }
}

function toNumber(big) {
  if (big > BigInt(Number.MAX_SAFE_INTEGER)) throw new Damage(null, 'a number beyond 2^53');
  return Number(big);
}

function sha256(bytes) {
  return crypto.createHash('sha256').update(bytes).digest();
}

function parseJson(bytes) {
  try {
    const value = JSON.parse(new util.TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below, without the parser's words: they quote the content.
  }
  throw new Damage(null, 'is no JSON object');
}

/** @returns `length` bytes of plain data; anything else, longer or shorter, is damage. */
function decompress(codec, data, length) {
  if (codec > 1) throw new Damage(null, `compression ${codec} is unknown`);
  let plain = data;
  if (codec === 1) {
    try {
      plain = zlib.zstdDecompressSync(data, { maxOutputLength: Math.max(length, 1) });
    } catch {
      throw new Damage(null, 'does not decompress to its length');
    }
  }
  if (plain.length !== length) throw new Damage(null, `decompresses to ${plain.length} bytes where ${length} are due`);
  return plain;
}

// ---------------------------------------------------------------------------------------------------------------------
// Section 2: the store, a folder

const COMPONENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$/;

/** An open object; reads never go past its end. */
class StoredObject {
  constructor(name, fd) {
    this.name = name;
    this.fd = fd;
    const status = fs.fstatSync(fd);
    if (!status.isFile()) throw new Damage(name, 'is not a regular file');
    this.size = status.size;
  }

  read(offset, length) {
    if (offset + length > this.size) throw new Damage(this.name, `ends at ${this.size}, before ${offset + length}`);
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const count = fs.readSync(this.fd, bytes, done, length - done, offset + done);
      if (count === 0) throw new Damage(this.name, 'became shorter while it was read');
      done += count;
    }
    return bytes;
  }
}

class Store {
  constructor(root) {
    this.root = root;
  }

  /** @returns the full names of all objects below a folder ('' for the whole store), sorted */
  list(folder, depth = 0) {
    const names = [];
    let found = [];
    try {
      found = fs.readdirSync(path.join(this.root, folder));
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    }
    for (const item of found.sort()) {
      const name = folder === '' ? item : `${folder}/${item}`;
      if (!COMPONENT.test(item) || name === 'tmp' || depth > 3) continue;
      const status = fs.lstatSync(path.join(this.root, name), { throwIfNoEntry: false });
      if (status?.isDirectory()) names.push(...this.list(name, depth + 1));
      else if (status?.isFile()) names.push(name);
    }
    return names;
  }

  /** Opens an object for the time of `use`. A file that the system cannot read is damage like any other. */
  with(name, use) {
    let fd;
    try {
      fd = fs.openSync(path.join(this.root, name), O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
      return use(new StoredObject(name, fd));
    } catch (error) {
      if (error.code === 'ENOENT' || error.code === 'ELOOP') throw new Damage(name, 'is missing');
      if (error.syscall === 'open' || error.syscall === 'read') {
        throw new Damage(name, `cannot be read (${error.code})`);
      }
      throw error;
    } finally {
      if (fd !== undefined) fs.closeSync(fd);
    }
  }

  read(name, limit) {
    return this.with(name, (object) => {
      if (object.size > limit) throw new Damage(name, `has ${object.size} bytes, more than ${limit}`);
      return object.read(0, object.size);
    });
  }

  /** The whole of an object whose name is its hash. */
  readHashed(name, limit) {
    const bytes = this.read(name, limit);
    if (sha256(bytes).toString('hex') !== idOf(name)) throw new Damage(name, 'does not hash to its name');
    return bytes;
  }

  hash(name) {
    return this.with(name, (object) => {
      const hash = crypto.createHash('sha256');
      for (let at = 0; at < object.size; at += MIB) hash.update(object.read(at, Math.min(MIB, object.size - at)));
      return hash.digest('hex');
    });
  }
}

function idOf(name) {
  return name.slice(name.lastIndexOf('/') + 1);
}

// ---------------------------------------------------------------------------------------------------------------------
// Section 3: the header, key slots and the key ring

/** @returns the repository ID as bytes, or throws Damage; a newer version is a Failure */
function parseHeader(bytes) {
  const { format, version, id } = parseJson(bytes);
  if (format !== 'holdfast' || !Number.isInteger(version) || version < 1 || !HASH_NAME.test(id)) {
    throw new Damage(null, 'is no header of a Holdfast repository');
  }
  if (version > 1) {
    throw new Failure(
      EXIT.failed,
      `The repository has format version ${version}, this program reads version 1`,
      'Use the rescue program of a newer Holdfast.',
    );
  }
  return Buffer.from(id, 'hex');
}

function parseSlot(bytes) {
  const cursor = new Cursor(bytes);
  const magic = cursor.take(4).toString('latin1');
  const [version, copy, logN, r, p] = cursor.take(5);
  if (magic !== 'HFKY' || version !== 1 || copy > 1 || logN < 15 || logN > 20 || r !== 8 || p !== 1) {
    throw new Damage(null, 'is no key slot that this program can read');
  }
  cursor.take(7);
  const slot = cursor.take(16).toString('hex');
  const salt = cursor.take(32);
  const nonce = cursor.take(12);
  const [headerLength, labelLength] = [cursor.take(2).readUInt16LE(), cursor.take(2).readUInt16LE()];
  const ringLength = cursor.u32();
  const header = cursor.take(headerLength);
  cursor.take(labelLength);
  const aad = bytes.subarray(0, cursor.position);
  const ring = cursor.take(ringLength);
  const tag = cursor.take(16);
  cursor.end();
  return { copy, logN, slot, salt, nonce, header, aad, ring, tag };
}

/** Reads all slots; damage and absent copies are reported. @returns copies by slot ID, whole ones first */
function readSlots(store, report) {
  const slots = new Map();
  for (const name of store.list('keys')) {
    try {
      const bytes = store.read(name, 256 * KIB + MAX_RING);
      const whole = sha256(bytes).toString('hex') === idOf(name);
      if (!whole) report.damaged(name, 'does not hash to its name');
      const copy = { ...about(name, () => parseSlot(bytes)), name, whole };
      slots.set(copy.slot, [...(slots.get(copy.slot) ?? []), copy]);
    } catch (error) {
      report.caught(error);
    }
  }
  for (const [slot, copies] of slots) {
    copies.sort((a, b) => Number(b.whole) - Number(a.whole));
    if (copies.length === 1) report.damaged(copies[0].name, `the other copy of key slot ${slot} is missing or damaged`);
  }
  return slots;
}

function decrypt(key, nonce, aad, ciphertext, tag) {
  const decipher = crypto.createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAAD(aad);
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return undefined;
  }
}

function openSlot({ logN, salt, nonce, aad, ring, tag }, passphrase) {
  const N = 2 ** logN;
  const key = crypto.scryptSync(passphrase, salt, 32, { N, r: 8, p: 1, maxmem: 128 * N * 8 + 64 * MIB });
  return decrypt(key, nonce, aad, ring, tag);
}

function parseRing(bytes) {
  const { id, epochs } = parseJson(bytes);
  if (!HASH_NAME.test(id) || !Array.isArray(epochs)) throw new Damage(null, 'holds no key ring');
  const secrets = new Map();
  for (const { epoch, index, meta, data } of epochs) {
    const isSound = [index, meta, data].every((secret) => HASH_NAME.test(secret)) && !secrets.has(epoch);
    if (!isSound) throw new Damage(null, 'holds no key ring');
    secrets.set(epoch, {
      index: Buffer.from(index, 'hex'),
      meta: Buffer.from(meta, 'hex'),
      data: Buffer.from(data, 'hex'),
    });
  }
  return { idSecret: Buffer.from(id, 'hex'), secrets };
}

/** A version that is one flipped bit away from a slot's copy is damage: a newer writer's slots would say so too. */
function isOneFlippedBit(file, slots) {
  return slots.some(({ header }) => {
    const different = file.length === header.length ? [...file].map((byte, i) => byte ^ header[i]).filter(Boolean) : [];
    return different.length === 1 && (different[0] & (different[0] - 1)) === 0;
  });
}

/** Opens the repository: the passphrase is asked for once there is something to open with it. */
async function openKeys(store, askPassphrase, report) {
  let header = EMPTY;
  let problem;
  try {
    header = store.read('holdfast.json', 4096);
    about('holdfast.json', () => parseHeader(header));
  } catch (error) {
    problem = error;
  }
  const slots = store.list('keys').length > 0 ? readSlots(store, report) : undefined;
  if (slots === undefined && (problem instanceof Damage || problem === undefined)) {
    if (problem === undefined) throw new Failure(EXIT.damaged, 'All key slots of this repository are missing');
    throw new Failure(
      EXIT.notFound,
      `There is no Holdfast repository in ${shown(store.root)}`,
      'Name its folder with --repo.',
    );
  }
  if (problem instanceof Failure && !isOneFlippedBit(header, [...(slots?.values() ?? [])].flat())) throw problem;
  if (slots.size === 0) throw new Failure(EXIT.damaged, 'No key slot of this repository is readable');
  const passphrase = await askPassphrase();
  let refused = false;
  for (const copy of [...slots.values()].flat()) {
    const ring = openSlot(copy, passphrase);
    if (ring === undefined) {
      refused ||= copy.whole;
      continue;
    }
    const repository = about(copy.name, () => parseHeader(copy.header));
    if (!header.equals(copy.header)) {
      report.damaged('holdfast.json', `${problem?.message ?? 'is not what the key slots say'}; their copy is used`);
    }
    return new Keys(
      repository,
      about(copy.name, () => parseRing(ring)),
    );
  }
  if (refused) throw new Failure(EXIT.passphrase, 'The passphrase opens none of the key slots');
  throw new Failure(EXIT.damaged, 'The key slots are damaged, or the passphrase is wrong');
}

// ---------------------------------------------------------------------------------------------------------------------
// Section 4: sealed objects

const TYPE = { data: 1, meta: 2, index: 3, snapshot: 4, note: 5, session: 6, mark: 7, 'mark-done': 8, config: 9 };

/** Parses the envelope at the begin of `object` (anything with `size` and `read`). */
function readEnvelope(object, types) {
  const fixed = object.read(0, 64);
  const type = fixed[4];
  if (fixed.toString('latin1', 0, 4) !== 'HFST' || !types.includes(type))
    throw new Damage(null, 'is not what its name says');
  const wrapLength = fixed.readUInt32LE(12);
  if (fixed[5] !== 1 || fixed[6] !== 0 || wrapLength !== 0)
    throw new Damage(null, 'has an envelope of an unknown kind');
  return {
    type,
    bytes: fixed,
    epoch: fixed.readUInt32LE(8),
    session: fixed.toString('hex', 16, 32),
    salt: fixed.subarray(32, 64),
    keys: {},
  };
}

class Keys {
  constructor(repository, { idSecret, secrets }) {
    this.repository = repository;
    this.idSecret = idSecret;
    this.secrets = secrets;
  }

  /** Section 5. */
  chunkId(kind, digest) {
    return crypto.createHmac('sha256', this.idSecret).update(Buffer.of(kind)).update(digest).digest();
  }

  #pieceKey(envelope, part) {
    const known = envelope.keys[part];
    if (known !== undefined) return known;
    const secrets = this.secrets.get(envelope.epoch);
    if (secrets === undefined) throw new Damage(null, `is sealed with the unknown key epoch ${envelope.epoch}`);
    let secret = secrets.meta;
    if (part === 'trailer' || part === 'page') secret = secrets.index;
    else if (envelope.type === TYPE.data) secret = secrets.data;
    const info = `holdfast v1 ${part} ${envelope.type}`;
    envelope.keys[part] = Buffer.from(crypto.hkdfSync('sha256', secret, envelope.salt, info, 32));
    return envelope.keys[part];
  }

  /** Opens a piece: `sealed` is its ciphertext and tag. */
  open(envelope, part, number, header, sealed) {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32LE(number);
    const aad = Buffer.concat([envelope.bytes, this.repository, header]);
    const end = sealed.length - 16;
    const plain = decrypt(this.#pieceKey(envelope, part), nonce, aad, sealed.subarray(0, end), sealed.subarray(end));
    if (plain === undefined) throw new Damage(null, `its ${part} ${number} does not authenticate`);
    return plain;
  }
}

/** Members that this program understands, should an object call them critical. */
const MEMBERS = new Map(
  Object.entries({
    snapshot:
      'time ended scan host source paths kind trigger tags parent manifest totals run warnings warningCount facts session writer seq prev seen program',
    note: 'snapshot note time pair copy writer',
    'note confirmed': 'body packs indexes',
    'note broken': 'reason',
    'note verified': 'depth damaged',
    'note pinned': 'reason',
    'note unpinned': 'reason',
    'note tagged': 'tags',
    'note forgotten': 'reason also',
    session: 'session number operation host machine boot pidNamespace pid pidStart started time target journal slot',
    mark: 'time session packs indexes',
    'mark-done': 'mark time',
    config: 'number pair copy features chunker files',
  }),
);

/** Reads an object of one JSON body (types 4 to 9). @returns the body */
function readBody(store, keys, name, type) {
  const read = HASH_NAME.test(idOf(name)) ? store.readHashed.bind(store) : store.read.bind(store);
  const bytes = read(name, MAX_BODY + KIB);
  return about(name, () => {
    const cursor = new Cursor(bytes);
    const envelope = readEnvelope({ read: (_offset, length) => cursor.take(length) }, [TYPE[type]]);
    const header = cursor.take(16);
    const [plainLength, sealedLength] = [header.readUInt32LE(4), header.readUInt32LE(8)];
    const sealed = cursor.take(sealedLength + 16);
    cursor.end();
    if (plainLength > MAX_BODY) throw new Damage(null, `says that its body has ${plainLength} bytes`);
    const body = parseJson(decompress(header[0], keys.open(envelope, 'body', 0, header, sealed), plainLength));
    if (body.type !== type) throw new Damage(null, 'is not what its name says');
    checkCritical(body);
    return Object.assign(body, { sealedIn: envelope.session });
  });
}

function checkCritical({ version, critical, type, note }) {
  if (version !== 1) throw new Newer(null, `needs a newer program: it is of version ${shown(version)}`);
  if (!Array.isArray(critical)) throw new Damage(null, 'does not say what is critical');
  const known = `type version critical ${MEMBERS.get(type)} ${MEMBERS.get(`note ${note}`) ?? ''}`.split(' ');
  const unknown = critical.find((member) => !known.includes(member));
  if (unknown !== undefined)
    throw new Newer(null, `needs a newer program: it says that "${shown(unknown)}" must be understood`);
}

/** Section 11: the highest readable configuration counts, also where this program is too old for it. */
function readConfig(store, keys, report) {
  const numbers = store
    .list('config')
    .map(idOf)
    .filter((item) => /^[1-9][0-9]{0,14}$/.test(item))
    .map(Number);
  if (numbers.length === 0) report.damaged('config/', 'no configuration is left');
  for (const number of numbers.sort((a, b) => b - a)) {
    try {
      const config = readNumbered(store, keys, `config/${number}`, 'config');
      const unknown = config.features?.read?.[0];
      if (unknown === undefined) return config;
      const what = `The repository uses the feature "${shown(unknown)}", which this program does not know`;
      throw new Failure(EXIT.refused, what, 'Use the rescue program of a newer Holdfast.');
    } catch (error) {
      if (error instanceof Newer) {
        throw new Failure(
          EXIT.refused,
          `${error.object} ${error.message}`,
          'Use the rescue program of a newer Holdfast.',
        );
      }
      report.caught(error);
    }
  }
  return undefined;
}

/** Configurations and sessions are not named by hash, and say their number inside instead. */
function readNumbered(store, keys, name, type) {
  const body = readBody(store, keys, name, type);
  if (String(body.number) !== idOf(name)) throw new Damage(name, `says that it is number ${shown(body.number)}`);
  return body;
}

// ---------------------------------------------------------------------------------------------------------------------
// Sections 9 and 10: snapshots and notes

/** A snapshot as its object and its notes tell it. `state`: confirmed, unfinished, broken, forgotten or damaged. */
function loadSnapshot(store, keys, report, id, notes) {
  const newest = (sort) =>
    notes
      .filter(({ note }) => note === sort)
      .sort(byTimeAndPair)
      .at(-1);
  const [confirmed, forgotten, broken] = ['confirmed', 'forgotten', 'broken'].map(newest);
  const put = { packs: stringsOf(confirmed?.packs), indexes: stringsOf(confirmed?.indexes) };
  const snapshot = { id, state: 'unfinished', tags: newest('tagged')?.tags, ...put };
  if (forgotten !== undefined) return { ...snapshot, state: 'forgotten', body: {}, forgotten: forgotten.time };
  if (confirmed !== undefined) snapshot.state = 'confirmed';
  else if (broken !== undefined) snapshot.state = 'broken';
  const name = `snapshots/${id}`;
  try {
    snapshot.body = checkSnapshot(name, readBody(store, keys, name, 'snapshot'));
    const session = /^[0-9a-f]{32}$/.test(snapshot.body.session) ? snapshot.body.session : 'none';
    if (snapshot.state === 'unfinished' && store.list(`sessions/${session}`).length === 0) {
      report.damaged(`notes/${id}/`, 'the note "confirmed" of this snapshot is missing');
    }
  } catch (error) {
    report.caught(error);
    snapshot.body = confirmed === undefined ? undefined : bodyOfNote(confirmed, id, report);
    if (snapshot.body === undefined) snapshot.state = 'damaged';
  }
  return snapshot;
}

function byTimeAndPair(a, b) {
  return timeOf(a) - timeOf(b) || (a.pair < b.pair ? -1 : 1);
}

function timeOf({ time }) {
  return Date.parse(time) || 0;
}

function stringsOf(value) {
  return Array.isArray(value) ? value.filter((item) => HASH_NAME.test(item)) : [];
}

function bodyOfNote({ body }, id, report) {
  try {
    return checkSnapshot(`notes/${id}/`, body);
  } catch (error) {
    report.caught(error);
    return undefined;
  }
}

function checkSnapshot(name, body) {
  const chunk = (item) => HASH_NAME.test(item?.id) && item.length >= 1 && item.length <= MAX_CHUNK;
  if (body?.type !== 'snapshot' || !Array.isArray(body.manifest) || !body.manifest.every(chunk)) {
    throw new Damage(name, 'holds no snapshot');
  }
  checkCritical(body);
  return body;
}

/** @returns the notes of a snapshot that can be read; `damaged` counts the others */
function readNotes(store, keys, report, snapshot) {
  const notes = [];
  let damaged = 0;
  for (const name of store.list(`notes/${snapshot}`)) {
    try {
      const note = readBody(store, keys, name, 'note');
      if (note.snapshot !== snapshot) throw new Damage(name, 'is a note of another snapshot');
      notes.push(note);
    } catch (error) {
      report.caught(error);
      damaged++;
    }
  }
  return { notes, damaged };
}

/** Each note was put twice. A copy that is damaged has been named, one that is gone has no name any more. */
function reportMissingCopies(store, report, snapshot, { notes, damaged }, isObsolete) {
  const isSingle = (note) => !notes.some((other) => other.pair === note.pair && other.copy !== note.copy);
  // While objects of its session are there, its writer died between the two or is still at it. Obsolete ones may be going.
  const isMissed = (note) => store.list(`sessions/${note.sealedIn}`).length === 0 && !isObsolete(note);
  const single = notes.filter((note) => isSingle(note) && isMissed(note));
  for (const { note, copy } of single.slice(damaged)) {
    report.damaged(`notes/${snapshot}/`, `copy ${1 - copy} of a note "${shown(note)}" is missing`);
  }
}

const DEPTHS = ['quick', 'checksums', 'deep', 'restored'];
const isCarrier = ({ note, also }) => note === 'forgotten' && Array.isArray(also);
const namedBy = ({ also }) => new Set(also.map((other) => other?.id));

/** Whether later notes say all that a note says, so that either of its objects may be gone. `all`: the notes of every snapshot. */
function obsolescence(all) {
  const carriers = all.filter(isCarrier).map((note) => ({ note, ids: namedBy(note) }));
  const testified = new Map(carriers.flatMap(({ note, ids }) => [...ids].map((id) => [id, note.time])));
  const isLater = (a, b) => byTimeAndPair(a, b) > 0 && a.pair !== b.pair;
  const saysAll = (later, { note, depth }) => {
    if (note === 'verified') return later.note === note && DEPTHS.indexOf(later.depth) >= DEPTHS.indexOf(depth);
    if (note === 'pinned' || note === 'unpinned') return later.note === 'pinned' || later.note === 'unpinned';
    return note === 'tagged' && later.note === note;
  };
  const isObsolete = (note) => {
    if (isCarrier(note)) {
      const names = [note.snapshot, ...namedBy(note)];
      return carriers.some((other) => isLater(other.note, note) && names.every((id) => other.ids.has(id)));
    }
    const isReplaced = (other) => other.snapshot === note.snapshot && isLater(other, note) && saysAll(other, note);
    return testified.has(note.snapshot) || all.some(isReplaced);
  };
  return { testified, isObsolete };
}

function loadSnapshots(store, keys, report) {
  const names = [...store.list('snapshots'), ...store.list('notes')];
  const ids = new Set(names.map((name) => name.split('/')[1]).filter((id) => HASH_NAME.test(id)));
  const read = new Map([...ids].map((id) => [id, readNotes(store, keys, report, id)]));
  const { testified, isObsolete } = obsolescence([...read.values()].flatMap(({ notes }) => notes));
  for (const [id, found] of read) reportMissingCopies(store, report, id, found, isObsolete);
  return [...read]
    .map(([id, { notes }]) =>
      testified.has(id)
        ? { id, state: 'forgotten', body: {}, packs: [], indexes: [], forgotten: testified.get(id) }
        : loadSnapshot(store, keys, report, id, notes),
    )
    .sort((a, b) => timeOf(a.body ?? {}) - timeOf(b.body ?? {}) || (a.id < b.id ? -1 : 1));
}

/** The snapshot that a person means by `latest` or by at least four digits. */
function chooseSnapshot(snapshots, given) {
  const wanted = given.toLowerCase();
  if (wanted === 'latest') {
    const latest = snapshots
      .filter(({ state, body }) => state === 'confirmed' && body.trigger !== 'pre-restore')
      .at(-1);
    if (latest !== undefined) return latest;
    throw new Failure(EXIT.notFound, 'No snapshot is confirmed', 'See the list, and give an ID.');
  }
  if (!/^[0-9a-f]{4,64}$/.test(wanted)) {
    throw new Failure(EXIT.usage, `"${shown(wanted)}" is no snapshot ID`, 'Give "latest" or at least 4 of its digits.');
  }
  const found = snapshots.filter(({ id }) => id.startsWith(wanted));
  const visible = found.filter(({ state }) => state !== 'forgotten');
  if (visible.length > 1) {
    const candidates = visible.map(({ id }) => id).join('\n  ');
    throw new Failure(EXIT.usage, `${wanted} is the begin of ${visible.length} snapshot IDs:\n  ${candidates}`);
  }
  const [snapshot] = visible;
  if (snapshot === undefined) {
    const why = found.length > 0 ? `was forgotten on ${shown(found[0].forgotten)}` : 'is not in this repository';
    throw new Failure(EXIT.notFound, `Snapshot ${wanted} ${why}`, 'See the list.');
  }
  if (snapshot.body === undefined) throw new Failure(EXIT.damaged, `Snapshot ${snapshot.id} cannot be read`);
  return snapshot;
}

// ---------------------------------------------------------------------------------------------------------------------
// Sections 5 and 6: chunks and packs

/** Where chunks are: 48 bytes for each copy (ID, pack, block, offset, length), found through a hash table. */
class Locations {
  #records = Buffer.alloc(48 * KIB);
  #slots = new Uint32Array(2 * KIB);
  count = 0;

  add(id, pack, block, offset, length) {
    const at = 48 * this.count++;
    if (at + 48 > this.#records.length) this.#records = Buffer.concat([this.#records], 2 * this.#records.length);
    id.copy(this.#records, at);
    for (const [i, value] of [pack, block, offset, length].entries())
      this.#records.writeUInt32LE(value, at + 32 + 4 * i);
    if (2 * this.count > this.#slots.length) {
      this.#slots = new Uint32Array(2 * this.#slots.length);
      for (let i = 0; i < this.count; i++) this.#place(i);
    } else this.#place(this.count - 1);
  }

  // IDs are the output of HMAC: any of their bits make a good hash.
  #place(index) {
    let slot = this.#records.readUInt32LE(48 * index) % this.#slots.length;
    while (this.#slots[slot] !== 0) slot = (slot + 1) % this.#slots.length;
    this.#slots[slot] = index + 1;
  }

  *find(id) {
    for (
      let slot = id.readUInt32LE() % this.#slots.length;
      this.#slots[slot] !== 0;
      slot = (slot + 1) % this.#slots.length
    ) {
      const at = 48 * (this.#slots[slot] - 1);
      if (this.#records.compare(id, 0, 32, at, at + 32) !== 0) continue;
      const [pack, block, offset, length] = [32, 36, 40, 44].map((field) => this.#records.readUInt32LE(at + field));
      yield { pack, block, offset, length };
    }
  }
}

/** The 32 bytes before a block; undefined where they are not what they should be. */
function parseBlockHeader(bytes) {
  if (bytes.toString('latin1', 0, 4) !== 'HFBK' || zlib.crc32(bytes.subarray(0, 28)) !== bytes.readUInt32LE(28))
    return undefined;
  const [number, plain, sealed, count] = [4, 12, 16, 20].map((offset) => bytes.readUInt32LE(offset));
  if (plain > MAX_BLOCK || sealed > plain || count < 1 || 5 * count > plain) return undefined;
  return { number, plain, sealed, count, codec: bytes[8], length: sealed + 48 };
}

/** All packs of a repository, and the chunks in them. */
class Packs {
  #cache = new Map();
  #cached = 0;
  packs = [];
  byName = new Map();
  locations = new Locations();

  constructor(store, keys, report) {
    this.store = store;
    this.keys = keys;
    this.report = report;
  }

  /** Reads the trailers of all packs, and walks the packs whose trailer is damaged. */
  load() {
    for (const name of this.store.list('packs')) {
      const pack = { name, index: this.packs.length, blocks: [], bad: new Map(), size: 0, whole: false };
      this.packs.push(pack);
      this.byName.set(name, pack);
      try {
        this.store.with(name, (object) => about(name, () => this.#load(pack, object)));
      } catch (error) {
        this.report.caught(error);
      }
    }
    return this;
  }

  #load(pack, object) {
    if (object.size > MAX_PACK) throw new Damage(null, `has ${object.size} bytes`);
    pack.size = object.size;
    pack.envelope = readEnvelope(object, [TYPE.data, TYPE.meta]);
    pack.kind = pack.envelope.type === TYPE.data ? DATA : META;
    try {
      this.#readTrailer(pack, object);
      pack.whole = true;
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      pack.blocks = [];
      this.#salvage(pack, object);
      const found = `${pack.blocks.length} blocks were found without it`;
      throw new Damage(pack.name, `its trailer cannot be used (${error.message}); ${found}`);
    }
  }

  #readTrailer(pack, object) {
    const footer = object.read(Math.max(0, object.size - 32), 32);
    if (footer.toString('latin1', 28) !== 'HFPE' || zlib.crc32(footer.subarray(0, 24)) !== footer.readUInt32LE(24)) {
      throw new Damage(null, 'the footer is damaged');
    }
    const [offset, length] = [toNumber(footer.readBigUInt64LE(0)), footer.readUInt32LE(8)];
    if (offset + length + 32 !== object.size || length < 16 || length > MAX_TRAILER)
      throw new Damage(null, 'it is not where the footer says');
    const sealed = object.read(offset, length);
    const cursor = new Cursor(this.keys.open(pack.envelope, 'trailer', 0, Buffer.from('trailer'), sealed));
    const [version, count] = [cursor.u32(), cursor.u32()];
    if (version !== 1 || 20 * count > cursor.left) throw new Damage(null, 'it is malformed');
    let [next, chunks] = [pack.envelope.bytes.length, 0];
    for (let number = 0; number < count; number++) {
      const block = { number, offset: cursor.u64(), length: cursor.u32(), plain: cursor.u32(), count: cursor.u32() };
      if (block.offset !== next || block.plain > MAX_BLOCK || block.length > block.plain + 48 || block.length < 48) {
        throw new Damage(null, `its block ${number} is malformed`);
      }
      next += block.length;
      chunks += block.count;
      pack.blocks.push(block);
    }
    if (next !== offset || 36 * chunks !== cursor.left) throw new Damage(null, 'it is malformed');
    this.#addChunks(pack, cursor);
  }

  /** Checks all lengths of a trailer, and only then believes any. */
  #addChunks(pack, cursor) {
    const first = cursor.position;
    for (const add of [false, true]) {
      cursor.position = first;
      for (const [index, { number, count, plain }] of pack.blocks.entries()) {
        let offset = 4 * count;
        for (let i = 0; i < count; i++) {
          const [id, length] = [cursor.take(32), cursor.u32()];
          if (length < 1 || length > MAX_CHUNK) throw new Damage(null, `its block ${number} is malformed`);
          if (add) this.locations.add(id, pack.index, index, offset, length);
          offset += length;
        }
        if (offset !== plain) throw new Damage(null, `its block ${number} is malformed`);
      }
    }
  }

  /** Section 6, salvage: from block to block, and from one readable header to the next where that fails. */
  #salvage(pack, object) {
    const seen = new Set();
    // Real damage costs each block once; headers made up by whoever can write to the store could cost hours.
    let patience = 8 * object.size;
    for (let at = pack.envelope.bytes.length; at + 48 <= object.size && patience > 0; ) {
      const header = parseBlockHeader(object.read(at, 32));
      const block = { ...header, offset: at };
      const content = header && !seen.has(header.number) ? this.#tryBlock(pack, block, object) : undefined;
      if (content === undefined) {
        patience -= header?.length ?? 0;
        at = findHeader(object, at + 1);
        continue;
      }
      seen.add(block.number);
      pack.blocks.push(block);
      for (const { offset, length } of chunksOf(content, block.count)) {
        const id = this.keys.chunkId(pack.kind, sha256(content.subarray(offset, offset + length)));
        this.locations.add(id, pack.index, pack.blocks.length - 1, offset, length);
      }
      at += block.length;
    }
  }

  #tryBlock(pack, block, object) {
    try {
      return this.#decode(pack, block, object);
    } catch (error) {
      if (error instanceof Damage) return undefined;
      throw error;
    }
  }

  /** Section 12, step 5. @returns the plaintext of a block */
  #decode(pack, block, object) {
    if (block.offset + block.length > object.size) throw new Damage(null, `ends before its block ${block.number}`);
    const bytes = object.read(block.offset, block.length);
    const header = parseBlockHeader(bytes.subarray(0, 32));
    const expected = header && ['number', 'plain', 'count', 'length'].every((field) => header[field] === block[field]);
    if (!expected) throw new Damage(null, `the header of its block ${block.number} is damaged`);
    const opened = this.keys.open(pack.envelope, 'block', block.number, bytes.subarray(0, 32), bytes.subarray(32));
    const plain = about(pack.name, () => decompress(header.codec, opened, header.plain));
    chunksOf(plain, header.count);
    return plain;
  }

  /** Decodes a block, or takes it from the cache; a damaged one is reported, and not read again. */
  block(pack, index) {
    const key = `${pack.index}:${index}`;
    const known = this.#cache.get(key);
    if (known !== undefined) {
      this.#cache.delete(key);
      this.#cache.set(key, known);
      return known;
    }
    if (pack.bad.has(index)) throw pack.bad.get(index);
    try {
      const read = (object) => about(pack.name, () => this.#decode(pack, pack.blocks[index], object));
      return this.#remember(key, this.store.with(pack.name, read));
    } catch (error) {
      this.#spoil(pack, index, error);
      throw error;
    }
  }

  #spoil(pack, index, error) {
    this.report.caught(error);
    pack.bad.set(index, error);
  }

  #remember(key, plain) {
    this.#cache.set(key, plain);
    this.#cached += plain.length;
    for (const [oldest, { length }] of this.#cache) {
      if (this.#cached <= CACHED_BLOCKS || oldest === key) break;
      this.#cache.delete(oldest);
      this.#cached -= length;
    }
    return plain;
  }

  /** Reads a chunk from any of its copies and recomputes its ID (section 5). The content is a view into a cached block. */
  read(id, kind, length) {
    let problem;
    for (const copy of this.locations.find(id)) {
      const pack = this.packs[copy.pack];
      try {
        const content = this.block(pack, copy.block).subarray(copy.offset, copy.offset + copy.length);
        if (this.keys.chunkId(kind, sha256(content)).equals(id)) {
          if (content.length === length) return content;
          throw new Damage(null, `chunk ${id.toString('hex')} has ${content.length} bytes, ${length} are listed`);
        }
        const error = new Damage(pack.name, `its block ${copy.block} does not hold the chunk ${id.toString('hex')}`);
        this.#spoil(pack, copy.block, error);
        throw error;
      } catch (error) {
        if (!(error instanceof Damage)) throw error;
        problem = error;
      }
    }
    throw problem ?? this.missing(id);
  }

  /** For `check`, after all blocks have been read: why a chunk cannot be had, or undefined. */
  problemOf(id, length) {
    let problem;
    for (const copy of this.locations.find(id)) {
      const error = this.packs[copy.pack].bad.get(copy.block);
      if (error === undefined && copy.length === length) return undefined;
      problem = error ?? new Damage(null, `chunk ${id.toString('hex')} has another length than listed`);
    }
    return problem ?? this.missing(id);
  }

  missing(id) {
    const { object, hint } = this.whereWas(id);
    return new Damage(object, `chunk ${id.toString('hex')} is missing${hint}`);
  }

  /** Decodes every block of a pack and recomputes every ID. */
  verify(pack) {
    for (const [index, { count, number }] of pack.blocks.entries()) {
      try {
        const plain = this.block(pack, index);
        for (const { offset, length } of chunksOf(plain, count)) {
          const id = this.keys.chunkId(pack.kind, sha256(plain.subarray(offset, offset + length)));
          const listed = [...this.locations.find(id)].some(
            (copy) =>
              copy.pack === pack.index && copy.block === index && copy.offset === offset && copy.length === length,
          );
          if (listed) continue;
          const error = new Damage(pack.name, `its trailer lists other chunks than its block ${number} holds`);
          this.#spoil(pack, index, error);
        }
      } catch (error) {
        this.report.caught(error);
      }
    }
  }
}

/** The chunk table of a block: all lengths are right, or none is believed. */
function chunksOf(plain, count) {
  const chunks = [];
  let offset = 4 * count;
  for (let i = 0; i < count; i++) {
    const length = plain.readUInt32LE(4 * i);
    chunks.push({ offset, length });
    if (length < 1 || length > MAX_CHUNK) throw new Damage(null, 'its chunk table is malformed');
    offset += length;
  }
  if (offset !== plain.length) throw new Damage(null, 'its chunk table is malformed');
  return chunks;
}

/** The next place from `from` on where a block's header may begin. */
function findHeader(object, from) {
  for (let at = from; at + 48 <= object.size; at += MIB) {
    const bytes = object.read(at, Math.min(MIB + 3, object.size - at));
    const found = bytes.indexOf('HFBK');
    if (found !== -1) return at + found;
  }
  return object.size;
}

// ---------------------------------------------------------------------------------------------------------------------
// Section 7: index runs, for `check`, and to name the pack of a chunk that is missing

/** Reads a whole run; `visit` gets each entry. @returns the packs that the run lists */
function readIndexRun(store, keys, name, visit) {
  return store.with(name, (object) => about(name, () => walkIndexRun(keys, object, visit)));
}

function walkIndexRun(keys, object, visit) {
  const envelope = readEnvelope(object, [TYPE.index]);
  const header = object.read(64, 32);
  const [directoryLength, perPage, pages] = [4, 16, 20].map((offset) => header.readUInt32LE(offset));
  const total = toNumber(header.readBigUInt64LE(8));
  const right = header.toString('latin1', 0, 4) === 'HFIX' && perPage > 0 && pages === Math.ceil(total / perPage);
  if (!right || 112 + directoryLength + 44 * total + 16 * pages !== object.size)
    throw new Damage(null, 'its header is malformed');
  const directory = new Cursor(keys.open(envelope, 'page', 0, header, object.read(96, directoryLength + 16)));
  const packs = [];
  for (let count = directory.u32(); packs.length < count; ) {
    const [id, size, kind] = [directory.take(32).toString('hex'), directory.u64(), directory.u8()];
    directory.take(19);
    packs.push({ name: `packs/${id.slice(0, 2)}/${id}`, size, kind, blocks: directory.u32() });
  }
  const blocks = [];
  for (const pack of packs) {
    for (let i = 0; i < pack.blocks; i++)
      blocks.push({ pack, index: i, offset: directory.u32(), length: directory.u32() });
  }
  let at = 112 + directoryLength;
  let last;
  for (let page = 1; page <= pages; page++) {
    const count = Math.min(perPage, total - (page - 1) * perPage);
    const entries = new Cursor(keys.open(envelope, 'page', page, header, object.read(at, 44 * count + 16)));
    at += 44 * count + 16;
    if (!entries.bytes.subarray(0, 32).equals(directory.take(32)))
      throw new Damage(null, `its page ${page} is not the one listed`);
    while (entries.left > 0) {
      const [id, position, offset, length] = [entries.take(32), entries.u32(), entries.u32(), entries.u32()];
      const block = blocks[position];
      if (block === undefined) throw new Damage(null, `an entry of page ${page} names no block`);
      const order = last === undefined ? -1 : last.id.compare(id) || last.position - position;
      if (order > 0) throw new Damage(null, `page ${page} is not in order`);
      last = { id, position };
      visit(id, block, offset, length);
    }
  }
  directory.end();
  return packs;
}

/** Names the pack in which a missing chunk was, as far as the index knows, else what confirmed notes miss. */
function lostPackFinder(store, keys, packs, snapshots, report) {
  const gone = new Locations();
  const names = [];
  let read = false;
  const readIndex = () => {
    read = true;
    for (const run of store.list('index')) {
      try {
        readIndexRun(store, keys, run, (id, { pack }) => {
          if (packs.byName.get(pack.name)?.whole) return;
          pack.number ??= names.push(pack.name) - 1;
          gone.add(id, pack.number, 0, 0, 0);
        });
      } catch (error) {
        report.caught(error);
      }
    }
  };
  return (id) => {
    if (!read) readIndex();
    const [found] = gone.find(id);
    if (found !== undefined) return { object: names[found.pack], hint: '' };
    const absent = snapshots
      .flatMap(({ state, packs: put }) => (state === 'forgotten' ? [] : put.map(packName)))
      .find((name) => !packs.byName.has(name));
    const candidate = packs.packs.find(({ whole }) => !whole)?.name ?? absent;
    return { object: null, hint: candidate === undefined ? '' : `; perhaps it was in ${candidate}` };
  };
}

function packName(id) {
  return `packs/${id.slice(0, 2)}/${id}`;
}

// ---------------------------------------------------------------------------------------------------------------------
// Section 8: the manifest

const ENTRY = { file: 1, directory: 2, symlink: 3, fifo: 4, socket: 5, characterDevice: 6, blockDevice: 7 };
const TYPE_NAMES = ['', 'file', 'folder', 'symbolic link', 'FIFO', 'socket', 'character device', 'block device'];

/** Manifest order: as if `/` sorted below every other byte. */
function comparePaths(a, b) {
  const end = Math.min(a.length, b.length);
  let i = 0;
  while (i < end && a[i] === b[i]) i++;
  if (i === end) return a.length - b.length;
  return (a[i] === SLASH ? -1 : a[i]) - (b[i] === SLASH ? -1 : b[i]);
}

function parentOf(name) {
  return name.subarray(0, Math.max(0, name.lastIndexOf(SLASH)));
}

function baseOf(name) {
  return name.subarray(name.lastIndexOf(SLASH) + 1);
}

function parseFence(bytes) {
  const cursor = new Cursor(bytes);
  if (cursor.u8() !== 0x46 || cursor.u8() !== 1) throw new Damage(null, 'is no fence chunk');
  const rows = [];
  for (let count = cursor.varint(); count > 0; count--) {
    const [first, entries] = [cursor.string(), cursor.varint()];
    const [id, length, side, sideLength] = [cursor.take(32), cursor.varint(), cursor.take(32), cursor.varint()];
    rows.push({ first, entries, id, length, side, sideLength });
  }
  cursor.end();
  return rows;
}

/** Yields the entries of a manifest chunk, which must be `expected`. Paths share their begins, so only one is built at a time. */
function* parseEntries(bytes, expected) {
  const cursor = new Cursor(bytes);
  if (cursor.u8() !== 0x4d || cursor.u8() !== 1) throw new Damage(null, 'is no manifest chunk');
  const tables = [[], []];
  for (const table of tables) {
    for (let count = cursor.varint(); count > 0; count--) {
      table.push(cursor.varint());
      cursor.string();
    }
  }
  let previous = EMPTY;
  let count = cursor.varint();
  if (count !== expected || count < 1 || count > MAX_ENTRIES)
    throw new Damage(null, `${count} entries are in it where ${expected} should be`);
  for (let paths = 0; count > 0; count--) {
    const [shared, rest] = [cursor.varint(), cursor.string()];
    paths += shared + rest.length;
    if (shared > previous.length || shared + rest.length > MAX_PATH || paths > MAX_PATHS)
      throw new Damage(null, 'a path in it is malformed');
    previous = Buffer.concat([previous.subarray(0, shared), rest]);
    yield parseEntry(cursor, previous, tables);
  }
  cursor.end();
}

/** `refusal` says what is wrong with an entry whose bytes could be told apart all the same. */
function parseEntry(cursor, name, [owners, groups]) {
  const entry = { path: name, type: cursor.u8(), mode: cursor.varint(), holes: [], xattrs: [] };
  entry.uid = owners[cursor.varint()];
  entry.gid = groups[cursor.varint()];
  entry.seconds = cursor.svarint();
  entry.nanoseconds = cursor.varint();
  const begin = cursor.position;
  if (entry.type === ENTRY.file) parseFile(cursor, entry);
  else if (entry.type === ENTRY.symlink) entry.target = cursor.string();
  else if (entry.type === ENTRY.characterDevice || entry.type === ENTRY.blockDevice)
    entry.device = [cursor.varint(), cursor.varint()];
  else if (entry.type < 1 || entry.type > 7) throw new Damage(null, `an entry has the unknown type ${entry.type}`);
  entry.content = cursor.bytes.subarray(begin, cursor.position);
  const seen = new Set();
  for (let count = cursor.varint(); count > 0; count--) {
    const [head, value] = [cursor.bigVarint(), new Cursor(cursor.string())];
    const tag = head >> 1n;
    try {
      if (tag >= 1n && tag <= 4n && seen.has(tag)) throw new Damage(null, `it has the option ${tag} twice`);
      seen.add(tag);
      parseOption(entry, tag, (head & 1n) === 1n, value);
    } catch (error) {
      entry.refusal = error.message;
    }
  }
  entry.refusal ??= refusalOf(entry);
  return entry;
}

function parseFile(cursor, entry) {
  entry.size = cursor.varint();
  entry.kind = cursor.u8();
  if (entry.kind > 5) throw new Damage(null, `a file has the unknown content kind ${entry.kind}`);
  if (entry.kind >= 1 && entry.kind <= 3) entry.digest = cursor.take(32);
  entry.chunks = [];
  if (entry.kind < 2) return;
  for (let count = cursor.varint(); count > 0; count--)
    entry.chunks.push({ id: cursor.take(32), length: cursor.varint() });
}

function parseOption(entry, tag, critical, value) {
  if (tag === 1n) parseHoles(entry, value);
  else if (tag === 2n) entry.link = value.bytes;
  else if (tag === 3n) parseXattrs(entry, value);
  else if (critical) throw new Damage(null, `it has the option ${tag}, which must be understood and is unknown`);
}

function parseXattrs(entry, value) {
  if (value.left > MAX_XATTRS) throw new Damage(null, 'it has too many extended attributes');
  for (let count = value.varint(); count > 0; count--) {
    const name = value.string().toString('latin1');
    if (name === '' || name.includes('\0')) throw new Damage(null, 'an extended attribute has no possible name');
    entry.xattrs.push(name);
    value.string();
  }
  value.end();
}

function parseHoles(entry, value) {
  let end = 0;
  const count = value.varint();
  if (count > MAX_HOLES) throw new Damage(null, `it has ${count} holes`);
  for (let i = 0; i < count; i++) {
    const start = end + value.varint();
    end = start + value.varint();
    if (end <= start || !(end <= entry.size)) throw new Damage(null, 'its holes do not fit into it');
    entry.holes.push({ start, end });
  }
  value.end();
}

function refusalOf(entry) {
  const { type, mode, uid, gid, nanoseconds, target, link } = entry;
  if (mode > 0o7777 || uid === undefined || gid === undefined || nanoseconds >= 1e9)
    return 'its mode, owner or time is malformed';
  if (type === ENTRY.symlink && (target.length === 0 || target.includes(0))) return 'its target is malformed';
  if (link !== undefined && (link.length === 0 || !isAllowed(link) || comparePaths(link, entry.path) >= 0))
    return 'it is a hard link to what cannot be listed before it';
  return type === ENTRY.file && !addsUp(entry) ? 'its chunks do not add up to its size' : undefined;
}

/** Sizes are checked before anything is made of them; of a list in chunks (kinds 3 and 5) again while it is read. */
function addsUp({ kind, size, holes, chunks }) {
  const stored = holes.reduce((sum, { start, end }) => sum - (end - start), size);
  const total = chunks.reduce((sum, { length }) => sum + length, 0);
  if (chunks.some(({ length }) => length < 1 || length > MAX_CHUNK)) return false;
  if (kind === 0 || size === 0) return kind === 0 && size === 0;
  if (kind === 1) return holes.length === 0 && size <= MAX_CHUNK;
  return kind === 2 || kind === 4
    ? total === stored
    : total % 36 === 0 && total / 36 <= stored && stored <= (total / 36) * MAX_CHUNK;
}

/** Whether every component of a path may be one. */
function isAllowed(name) {
  for (let start = 0, end = 0; end !== name.length; start = end + 1) {
    end = name.indexOf(SLASH, start);
    if (end === -1) end = name.length;
    const component = name.toString('latin1', start, end);
    if (component === '' || component === '.' || component === '..' || component.includes('\0')) return false;
  }
  return true;
}

/** The rules of section 8 for paths, one entry after the other. */
class Rules {
  #last = null;
  #gap = false;
  // The folder listed last, and where in its path it and the folders above it end: all that a parent can be.
  #folder = EMPTY;
  #ends = [];

  /** Entries were lost: the folders above the next one may be among them. */
  gap() {
    this.#gap = true;
  }

  /** @returns why an entry is refused, or undefined */
  refuse({ path: name, type }) {
    if (this.#last !== null && comparePaths(this.#last, name) >= 0) return 'it is not in order';
    if (name.length === 0) {
      if (type !== ENTRY.directory) return 'the top is not a folder';
      this.#last = name;
      return undefined;
    }
    if (!isAllowed(name)) return 'its name is not allowed';
    const parent = Math.max(0, name.lastIndexOf(SLASH));
    let common = 0;
    while (common < this.#folder.length && this.#folder[common] === name[common]) common++;
    let above = this.#ends.length;
    while (above > 0 && !(this.#ends[above - 1] <= common && name[this.#ends[above - 1]] === SLASH)) above--;
    const implied = [];
    for (let end = this.#ends[above - 1] ?? -1; Math.max(end, 0) < parent; implied.push(end)) {
      end = name.indexOf(SLASH, end + 1);
      const isLost = this.#gap && comparePaths(this.#last ?? EMPTY, name.subarray(0, end)) < 0;
      if (!isLost) return 'its folder is not listed before it';
    }
    this.#ends.length = above;
    for (const end of implied) this.#ends.push(end);
    if (type === ENTRY.directory) this.#ends.push(name.length);
    this.#folder = name;
    this.#last = name;
    this.#gap = false;
    return undefined;
  }
}

/** The manifest of one snapshot, read anew for every pass: it may be larger than memory. */
class Manifest {
  constructor(snapshot, packs) {
    this.snapshot = snapshot;
    this.packs = packs;
    this.isWhole = true;
  }

  /** Rows of the fence chunks; `lost` is told about those that cannot be read. */
  *rows(lost) {
    for (const { id, length } of this.snapshot.body.manifest) {
      try {
        yield* parseFence(this.packs.read(Buffer.from(id, 'hex'), META, length));
      } catch (error) {
        if (!(error instanceof Damage)) throw error;
        lost(new Damage(error.object, `a part of the manifest is lost: ${error.message}`));
      }
    }
  }

  /** Entries that keep all rules. `lost` hears of parts of the manifest, `refused` of entries. */
  *entries({ lost = () => {}, refused = () => {} } = {}) {
    const rules = new Rules();
    const missed = (error) => {
      this.isWhole = false;
      rules.gap();
      lost(error);
    };
    for (const row of this.rows(missed)) {
      try {
        yield* this.#chunk(row, rules, refused);
      } catch (error) {
        if (!(error instanceof Damage)) throw error;
        const where = `up to ${row.entries} entries from ${shownName(row.first)} on are lost`;
        missed(new Damage(error.object, `${where}: ${error.message}`));
      }
    }
  }

  /** All of a chunk is parsed before any of it is used: what is malformed further on is not believed before. */
  *#chunk(row, rules, refused) {
    const bytes = Buffer.from(this.packs.read(row.id, META, row.length));
    let isFirst = true;
    for (const entry of parseEntries(bytes, row.entries)) {
      if (isFirst && !entry.path.equals(row.first)) throw new Damage(null, 'it does not begin where it should');
      isFirst = false;
    }
    for (const entry of parseEntries(bytes, row.entries)) {
      const why = entry.refusal ?? rules.refuse(entry);
      if (why === undefined) yield entry;
      else refused(entry.path, new Damage(null, `refused, ${why}`));
    }
  }

  /** The chunks of a file's content, in order. A long list is itself read chunk by chunk (kinds 3 and 5). */
  *chunksOf({ kind, chunks, digest, size }) {
    if (kind === 1) yield { id: this.packs.keys.chunkId(DATA, digest), length: size };
    if (kind === 2 || kind === 4) yield* chunks;
    if (kind !== 3 && kind !== 5) return;
    let rest = EMPTY;
    for (const { id, length } of chunks) {
      const records = Buffer.concat([rest, this.packs.read(id, META, length)]);
      let at = 0;
      for (; at + 36 <= records.length; at += 36) {
        yield { id: records.subarray(at, at + 32), length: records.readUInt32LE(at + 32) };
      }
      rest = records.subarray(at);
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Section 12, steps 6 and 7: writing below --to and nowhere else

const OPEN_FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
const OPEN_FOLDERS = 200;

/**
 * The way down to the folder that is being written to. Each folder is opened inside the one above, as /proc/self/fd/N/name: the kernel takes
 * the folder that the descriptor holds, whatever has happened to its path, and O_NOFOLLOW refuses a link in place of a folder.
 * Without /proc full paths are used, and each folder on the way is checked to be no link when it is entered.
 */
class Folders {
  #path = EMPTY;
  #levels;

  constructor(root) {
    const fd = fs.openSync(root, O_RDONLY | O_DIRECTORY);
    this.#levels = [{ end: 0, fd }];
    this.root = Buffer.from(root);
    const own = fs.fstatSync(fd);
    const other = fs.statSync(`/proc/self/fd/${fd}/.`, { throwIfNoEntry: false });
    this.byDescriptor = other?.ino === own.ino && other?.dev === own.dev;
  }

  /** Goes to a folder, from the nearest one above that is open. With `create` it makes those that are missing. */
  go(folder, create = false) {
    let common = 0;
    while (common < this.#path.length && this.#path[common] === folder[common]) common++;
    const isAbove = ({ end }) => end === 0 || (end <= common && (end === folder.length || folder[end] === SLASH));
    while (!isAbove(this.#levels.at(-1))) {
      const { fd } = this.#levels.pop();
      if (fd !== undefined) fs.closeSync(fd);
    }
    this.#path = folder;
    for (let { end } = this.#levels.at(-1); end < folder.length; ) {
      const next = folder.indexOf(SLASH, end + 1);
      end = next === -1 ? folder.length : next;
      this.#enter(end, create);
    }
  }

  #enter(end, create) {
    const name = this.#nameOf(this.#levels.length, end);
    const inside = this.at(name);
    let fd;
    try {
      fd = fs.openSync(inside, OPEN_FOLDER);
    } catch (error) {
      if (!create || error.code !== 'ENOENT') throw error;
      fs.mkdirSync(inside, 0o700);
      fd = fs.openSync(inside, OPEN_FOLDER);
    }
    this.#levels.push({ end, fd });
    const far = this.#levels[this.#levels.length - 1 - OPEN_FOLDERS];
    if (far !== undefined && far.end > 0 && far.fd !== undefined) {
      fs.closeSync(far.fd);
      far.fd = undefined;
    }
  }

  #nameOf(level, end = this.#levels[level].end) {
    const start = this.#levels[level - 1].end;
    return this.#path.subarray(start === 0 ? 0 : start + 1, end);
  }

  /** The descriptor of the present folder; folders far above that were closed are opened again on the way up. */
  get fd() {
    let open = this.#levels.length - 1;
    while (this.#levels[open].fd === undefined) open--;
    for (let level = open + 1; level < this.#levels.length; level++) {
      this.#levels[level].fd = fs.openSync(this.#inside(level - 1, this.#nameOf(level)), OPEN_FOLDER);
      // The way up leads through those that stay open, so that it is not gone from the top again for each.
      const far = level - OPEN_FOLDERS;
      if (far <= open) continue;
      fs.closeSync(this.#levels[far].fd);
      this.#levels[far].fd = undefined;
    }
    return this.#levels.at(-1).fd;
  }

  /** The path of a name in the present folder, for a system call. */
  at(name) {
    return this.#inside(this.#levels.length - 1, name, this.fd);
  }

  #inside(level, name, fd = this.#levels[level].fd) {
    if (this.byDescriptor) return Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), name]);
    const folder = this.#path.subarray(0, this.#levels[level].end);
    return Buffer.concat([this.root, Buffer.from('/'), folder, Buffer.from(folder.length > 0 ? '/' : ''), name]);
  }
}

/** Writes stored data around the holes of a file, and hashes the logical content. */
class FileWriter {
  #position = 0;
  #hole = 0;
  #hash = crypto.createHash('sha256');

  constructor(fd, entry) {
    this.fd = fd;
    this.entry = entry;
    const empty = entry.holes.reduce((sum, { start, end }) => sum + end - start, 0);
    this.isHashed = (entry.kind === 2 || entry.kind === 3) && empty <= HASHED_HOLES;
  }

  write(data) {
    for (let done = 0; done < data.length; ) {
      this.#skipHoles();
      const next = this.entry.holes[this.#hole]?.start ?? this.entry.size;
      const piece = data.subarray(done, done + Math.min(data.length - done, next - this.#position));
      if (piece.length === 0) throw new Damage(null, 'its chunks hold more than its size');
      for (let at = 0; at < piece.length; )
        at += fs.writeSync(this.fd, piece, at, piece.length - at, this.#position + at);
      if (this.isHashed) this.#hash.update(piece);
      this.#position += piece.length;
      done += piece.length;
    }
  }

  #skipHoles() {
    for (; this.entry.holes[this.#hole]?.start === this.#position; this.#hole++) {
      const { start, end } = this.entry.holes[this.#hole];
      for (let left = this.isHashed ? end - start : 0; left > 0; left -= ZEROS.length) {
        this.#hash.update(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
      }
      this.#position = end;
    }
  }

  finish() {
    this.#skipHoles();
    const { size, digest, holes } = this.entry;
    if (this.#position !== size) throw new Damage(null, `its chunks end at ${this.#position} of ${size}`);
    if (this.isHashed && !this.#hash.digest().equals(digest))
      throw new Damage(null, 'its content does not hash to its digest');
    if (holes.at(-1)?.end === size) fs.ftruncateSync(this.fd, size);
  }
}

const ZEROS = Buffer.alloc(MIB);
const NOT_CREATED = Symbol('said in the summary');

/** Restores one snapshot into an empty folder, in three passes over its manifest. */
class Restorer {
  /** By path of the first member of a hard-link group: what became of it. */
  #links = new Map();
  #refused = new Set();
  restored = 0;

  constructor({ manifest, paths, report }) {
    this.manifest = manifest;
    this.paths = paths;
    this.report = report;
  }

  run(target) {
    this.folders = new Folders(target);
    this.sources = new Folders(target);
    for (const entry of this.#selected()) this.#attempt(entry, () => this.#createFirst(entry));
    const open = [];
    for (const entry of this.#selected()) {
      while (open.length > 0 && !isAtOrBelow(entry.path, open.at(-1).path)) this.#finishFolder(open.pop());
      if (entry.type === ENTRY.directory) open.push(entry);
      if (entry.type === ENTRY.symlink) this.#attempt(entry, () => this.#createLast(entry));
    }
    while (open.length > 0) this.#finishFolder(open.pop());
  }

  *#selected() {
    for (const entry of this.manifest.entries()) if (isSelected(entry.path, this.paths)) yield entry;
  }

  /** Before anything is created: every entry is checked, what hard links refer to is gathered. @returns the --path that match nothing */
  survey() {
    const unmatched = new Set(this.paths);
    const heard = {
      lost: (error) => this.report.caught(error),
      refused: (name, error) => {
        this.#refused.add(name.toString('latin1'));
        this.report.lost(name, error);
      },
    };
    for (const { path: name, link, type } of this.manifest.entries(heard)) {
      for (const wanted of unmatched) if (isAtOrBelow(name, wanted)) unmatched.delete(wanted);
      if (link !== undefined && type !== ENTRY.directory)
        this.#links.set(link.toString('latin1'), { seen: false, made: undefined, content: undefined });
    }
    return [...unmatched];
  }

  /** What is not whole is left out; what this system does not take is named; only a full disk ends the restore. */
  #attempt(entry, create) {
    try {
      if (create() !== NOT_CREATED) this.restored++;
    } catch (error) {
      if (error instanceof Damage) this.report.lost(entry.path, error);
      else if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
        throw new Failure(
          EXIT.failed,
          'There is no room left for the restored files',
          'Restore into a larger file system.',
        );
      } else if (error.code === undefined) throw error;
      else this.report.failed(entry.path, `${error.syscall ?? 'call'} failed with ${error.code}`);
    }
  }

  /** First pass: all but symbolic links, so that no link can stand in the way of anything. */
  #createFirst(entry) {
    if (entry.type === ENTRY.directory) return this.folders.go(entry.path, true);
    if (entry.type === ENTRY.file) return this.#create(entry, () => this.#createFile(entry));
    if (entry.type === ENTRY.fifo) return this.#create(entry, () => this.#createFifo(entry));
    if (entry.type !== ENTRY.symlink) this.report.remark(`a ${TYPE_NAMES[entry.type]} is not created`, entry.path);
    return NOT_CREATED;
  }

  #createLast(entry) {
    this.#create(entry, () => {
      const inside = this.folders.at(baseOf(entry.path));
      fs.symlinkSync(entry.target, inside);
      this.#finishByName(entry, inside);
    });
  }

  /** Creates an entry, or links it to the member of its hard-link group that was created before. */
  #create(entry, make) {
    this.folders.go(parentOf(entry.path), true);
    const group = this.#links.get((entry.link ?? entry.path).toString('latin1'));
    const content = group && sha256(Buffer.concat([Buffer.of(entry.type), entry.content])).toString('hex');
    if (entry.link !== undefined) this.#checkFirst(entry.link, group, content);
    else if (group !== undefined) group.seen = true;
    if (group?.made !== undefined) {
      try {
        this.sources.go(parentOf(group.made));
        fs.linkSync(this.sources.at(baseOf(group.made)), this.folders.at(baseOf(entry.path)));
        return undefined;
      } catch (error) {
        if (error.code === 'EEXIST') throw error;
        this.report.remark(`a hard link is restored as a file of its own (${error.code})`, entry.path);
      }
    }
    if (make() === NOT_CREATED) return NOT_CREATED;
    if (group !== undefined && group.made === undefined) Object.assign(group, { made: entry.path, content });
    return undefined;
  }

  /** The first of a group must have been listed, unless it may be what was lost of the manifest, and must be the same. */
  #checkFirst(link, { seen, made, content: known }, content) {
    const mayBeLost = !this.manifest.isWhole || this.#refused.has(link.toString('latin1'));
    if (!seen && made === undefined && !mayBeLost && isSelected(link, this.paths))
      throw new Damage(null, 'it is a hard link to what is not listed');
    if (made !== undefined && known !== content)
      throw new Damage(null, 'it is a hard link to other content than its own');
  }

  #createFile(entry) {
    const chunks = this.manifest.chunksOf(entry);
    // The first chunk is read before the file is created: most files have only one.
    const first = chunks.next();
    const data = first.done ? undefined : this.#read(first.value);
    const inside = this.folders.at(baseOf(entry.path));
    const fd = fs.openSync(inside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      const writer = new FileWriter(fd, entry);
      if (data !== undefined) writer.write(data);
      for (const chunk of chunks) writer.write(this.#read(chunk));
      writer.finish();
      if (!writer.isHashed && (entry.kind === 2 || entry.kind === 3)) {
        this.report.remark('holes are too large to compare the hash of the whole file', entry.path);
      }
      this.#finishByDescriptor(entry, fd);
    } catch (error) {
      fs.unlinkSync(inside);
      throw error;
    } finally {
      fs.closeSync(fd);
    }
  }

  #read({ id, length }) {
    return this.manifest.packs.read(id, DATA, length);
  }

  /** Node has no mkfifo. The tool takes no raw names: it makes one with a plain name, which gets its own name by link. */
  #createFifo(entry) {
    const plain = Buffer.from(`.rescue-${crypto.randomBytes(8).toString('hex')}`);
    const inside = this.folders.at(plain);
    const forTool = inside.toString().replace('/proc/self/', `/proc/${process.pid}/`);
    try {
      execFileSync('mkfifo', ['-m', '600', '--', forTool], { stdio: 'ignore' });
    } catch {
      this.report.remark('a FIFO is not created, mkfifo does not work here', entry.path);
      return NOT_CREATED;
    }
    let fd;
    try {
      fd = fs.openSync(inside, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
      this.#finishByDescriptor(entry, fd);
      fs.linkSync(inside, this.folders.at(baseOf(entry.path)));
    } finally {
      fs.unlinkSync(inside);
      if (fd !== undefined) fs.closeSync(fd);
    }
    return undefined;
  }

  #finishFolder(entry) {
    try {
      this.folders.go(entry.path);
      this.#finishByDescriptor(entry, this.folders.fd);
    } catch (error) {
      if (error.code === undefined) throw error;
      // A folder that could not be created has been named.
      if (error.code !== 'ENOENT')
        this.report.failed(entry.path, `${error.syscall ?? 'call'} failed with ${error.code}`);
    }
  }

  /** Owner, then mode (a change of owner clears set-ID bits), then times. */
  #finishByDescriptor(entry, fd) {
    const owned = this.#setOwner(entry, fs.fstatSync(fd), () => fs.fchownSync(fd, entry.uid, entry.gid));
    fs.fchmodSync(fd, owned ? entry.mode : entry.mode & 0o1777);
    fs.futimesSync(fd, timeText(entry), timeText(entry));
    this.#noteLosses(entry, fs.fstatSync(fd, { bigint: true }));
  }

  #finishByName(entry, inside) {
    this.#setOwner(entry, fs.lstatSync(inside), () => fs.lchownSync(inside, entry.uid, entry.gid));
    fs.lutimesSync(inside, timeText(entry), timeText(entry));
    this.#noteLosses(entry, fs.lstatSync(inside, { bigint: true }));
  }

  /** @returns false where the owner is another: set-ID bits would then apply to somebody else. */
  #setOwner({ path: name, uid, gid }, status, change) {
    if (status.uid === uid && status.gid === gid) return true;
    try {
      change();
      return true;
    } catch {
      this.report.remark('owner or group could not be set (setuid and setgid are then left out)', name);
      return false;
    }
  }

  #noteLosses({ path: name, seconds, nanoseconds, xattrs }, { mtimeNs }) {
    if (mtimeNs !== seconds * 1_000_000_000n + BigInt(nanoseconds)) {
      this.report.remark('the modification time is not exact to the nanosecond, Node sets it as a float', name);
    }
    if (xattrs.some((attribute) => attribute.startsWith('system.posix_acl_'))) {
      this.report.remark('access control lists are not restored, Node cannot set them', name);
    }
    if (xattrs.some((attribute) => !attribute.startsWith('system.posix_acl_'))) {
      this.report.remark('extended attributes are not restored, Node cannot set them', name);
    }
  }
}

/** Seconds as text: Node would take a negative number for "now". */
function timeText({ seconds, nanoseconds }) {
  return String(Number(seconds) + nanoseconds / 1e9);
}

function isAtOrBelow(name, folder) {
  if (folder.length === 0 || name.equals(folder)) return true;
  return name[folder.length] === SLASH && name.subarray(0, folder.length).equals(folder);
}

/** Without --path all; else what was named, what is below it, and the folders above it. */
function isSelected(name, paths) {
  return paths.length === 0 || paths.some((wanted) => isAtOrBelow(name, wanted) || isAtOrBelow(wanted, name));
}

// ---------------------------------------------------------------------------------------------------------------------
// check: every object, every block, every manifest

const HASHED = /^((keys|index|snapshots|gc)|packs\/([0-9a-f]{2})(?=\/\3)|notes\/[0-9a-f]{64})\/[0-9a-f]{64}$/;
const NUMBERED = /^(config|sessions\/[0-9a-f]{32})\/(0|[1-9][0-9]{0,14})$/;
const PLAIN = /^(holdfast\.json|rescue-[^/]+\.mjs|FORMAT\.md|runbook\/[^/]+)$/;

class Checker {
  constructor({ store, keys, report, packs, snapshots, config }) {
    Object.assign(this, { store, keys, report, packs, snapshots, config });
    this.marked = new Set();
    this.misnamed = new Set();
    this.covered = new Set();
    this.totals = { objects: 0, chunks: packs.locations.count, files: 0 };
  }

  run() {
    const names = this.store.list('');
    for (const name of names) this.#guard(() => this.#object(name));
    this.#configurations(names.filter((name) => name.startsWith('config/')));
    for (const pack of this.packs.packs) this.packs.verify(pack);
    for (const name of names) if (name.startsWith('index/')) this.#guard(() => this.#index(name));
    this.#lostRuns(new Set(names));
    for (const snapshot of this.snapshots)
      if (snapshot.body !== undefined && snapshot.state !== 'forgotten') this.#snapshot(snapshot);
    return this.totals;
  }

  #guard(use) {
    try {
      use();
    } catch (error) {
      this.report.caught(error);
    }
  }

  #object(name) {
    this.totals.objects++;
    if (HASHED.test(name)) {
      if (this.store.hash(name) !== idOf(name)) {
        this.misnamed.add(name);
        throw new Damage(name, 'does not hash to its name');
      }
      if (name.startsWith('gc/')) this.#mark(readBody(this.store, this.keys, name, 'mark'));
    } else if (name.endsWith('.done') && HASHED.test(name.slice(0, -5))) {
      const { mark } = readBody(this.store, this.keys, name, 'mark-done');
      if (`gc/${mark}.done` !== name) throw new Damage(name, 'is of another mark');
    } else if (name.startsWith('sessions/') && NUMBERED.test(name)) {
      const { session } = readNumbered(this.store, this.keys, name, 'session');
      if (name.split('/')[1] !== session) throw new Damage(name, 'is of another session');
    } else if (!NUMBERED.test(name) && !PLAIN.test(name))
      this.report.remark('a file is no part of the repository', Buffer.from(name));
  }

  #mark({ packs, indexes }) {
    for (const id of stringsOf(packs)) this.marked.add(packName(id));
    for (const id of stringsOf(indexes)) this.marked.add(`index/${id}`);
  }

  /** Section 11: each was written twice, and gives the hashes of the plain files. */
  #configurations(names) {
    const pairs = new Map();
    for (const name of names) {
      this.#guard(() => {
        const { pair } = readNumbered(this.store, this.keys, name, 'config');
        pairs.set(pair, [...(pairs.get(pair) ?? []), name]);
      });
    }
    for (const [name, ...others] of pairs.values()) {
      if (others.length === 0) this.report.damaged(name, 'the other copy of this configuration is missing or damaged');
    }
    for (const [name, hash] of Object.entries(this.config?.files ?? {})) {
      this.#guard(() => {
        if (PLAIN.test(name) && this.store.hash(name) !== hash)
          throw new Damage(name, 'does not have the hash that the configuration gives');
      });
    }
  }

  /** A run must say of the packs that are what their names promise what they say themselves, and name none that is gone without a mark. */
  #index(name) {
    const listed = readIndexRun(this.store, this.keys, name, (id, block, offset, length) => {
      const pack = this.packs.byName.get(block.pack.name);
      if (!pack?.whole || this.misnamed.has(pack.name)) return;
      const own = pack.blocks[block.index];
      const agrees = (copy) =>
        copy.pack === pack.index && copy.block === block.index && copy.offset === offset && copy.length === length;
      if (
        own?.offset === block.offset &&
        own.length === block.length &&
        [...this.packs.locations.find(id)].some(agrees)
      )
        return;
      throw new Damage(null, `says of ${pack.name} what its trailer does not say`);
    });
    for (const { name: packed, size } of listed) {
      this.covered.add(packed);
      const pack = this.packs.byName.get(packed);
      if (pack === undefined && !this.marked.has(packed)) this.report.damaged(packed, 'is missing');
      if (pack !== undefined && pack.size !== size)
        this.report.damaged(packed, `has ${pack.size} bytes where the index says ${size}`);
    }
  }

  /** Merged runs replace others, so an absent run is lost only when a pack of its session is now in none. A forgotten snapshot's may be in use. */
  #lostRuns(names) {
    for (const { packs, indexes } of this.snapshots) {
      const uncovered = packs
        .map(packName)
        .find((name) => names.has(name) && !this.covered.has(name) && !this.marked.has(name));
      if (uncovered === undefined) continue;
      const lost = indexes.map((id) => `index/${id}`).filter((name) => !names.has(name) && !this.marked.has(name));
      for (const name of lost) this.report.damaged(name, 'is missing (it can be rebuilt, nothing else is lost by it)');
      if (lost.length === 0) this.report.damaged('index/', `no readable index run covers ${uncovered}`);
    }
  }

  #snapshot(snapshot) {
    const where = `${snapshot.id.slice(0, 12)}: `;
    const manifest = new Manifest(snapshot, this.packs);
    // Nobody was told that an unfinished one is whole.
    if (snapshot.state !== 'confirmed') {
      this.report.remark('a snapshot is not finished, its content is not checked', Buffer.from(snapshot.id));
      return;
    }
    const lost = (error) => this.report.damaged(error.object, `${where}${error.message}`);
    for (const entry of manifest.entries({ lost, refused: (name, error) => this.report.lost(name, error, where) })) {
      this.totals.files += entry.type === ENTRY.file ? 1 : 0;
      const problem = this.#problemOf(manifest, entry);
      if (problem !== undefined) this.report.lost(entry.path, problem, where);
    }
    for (const { side, sideLength } of manifest.rows(() => {})) {
      const problem = sideLength > 0 ? this.packs.problemOf(side, sideLength) : undefined;
      if (problem !== undefined)
        this.report.damaged(problem.object, `${where}a side chunk is lost (no file is): ${problem.message}`);
    }
  }

  #problemOf(manifest, entry) {
    if (entry.type !== ENTRY.file) return undefined;
    try {
      for (const { id, length } of manifest.chunksOf(entry)) {
        const problem = this.packs.problemOf(id, length);
        if (problem !== undefined) return problem;
      }
      return undefined;
    } catch (error) {
      if (error instanceof Damage) return error;
      throw error;
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// The command line

const USAGE = `Usage: node rescue.mjs list|check [--repo DIR]
       node rescue.mjs restore ID|latest --to DIR [--repo DIR] [--path P]...

  --repo DIR            the repository; by default the folder in which this program lies
  --to DIR              a new or empty folder, in which everything is restored
  --path P              restore only this file or folder; may be repeated
  --password-file F     the passphrase is the first line of this file; else it is taken from
                        HOLDFAST_PASSWORD_FILE (a file), HOLDFAST_PASSWORD, or asked for

Exit status: 0 done, 1 failed, 2 usage, 10 not found, 12 wrong passphrase, 13 damage found, 15 refused`;

const OPTIONS = {
  repo: { type: 'string' },
  to: { type: 'string' },
  path: { type: 'string', multiple: true, default: [] },
  'password-file': { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
};

function parseArguments(args) {
  let parsed;
  try {
    parsed = util.parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new Failure(EXIT.usage, error.message, USAGE);
  }
  const [command, ...rest] = parsed.positionals;
  const expected = { list: 0, check: 0, restore: 1 }[command];
  if (parsed.values.help) return { command: 'help' };
  if (expected === undefined || rest.length !== expected)
    throw new Failure(EXIT.usage, 'The command is not understood', USAGE);
  if (command === 'restore' && parsed.values.to === undefined)
    throw new Failure(EXIT.usage, 'Say where to restore to: --to DIR', USAGE);
  return { command, id: rest[0], ...parsed.values };
}

/** The first line of a file, byte for byte. */
function readPassphrase(file) {
  try {
    const bytes = fs.readFileSync(file);
    const end = bytes.indexOf('\n') === -1 ? bytes.length : bytes.indexOf('\n');
    const line = bytes.subarray(0, bytes[end - 1] === 0x0d ? end - 1 : end);
    if (line.length > 0) return line;
  } catch (error) {
    throw new Failure(EXIT.usage, `The passphrase file ${shown(file)} cannot be read (${error.code})`);
  }
  throw new Failure(EXIT.usage, `The passphrase file ${shown(file)} is empty`);
}

async function findPassphrase(file) {
  const { HOLDFAST_PASSWORD_FILE: named, HOLDFAST_PASSWORD: given } = process.env;
  if (file ?? named) return readPassphrase(file ?? named);
  if (given) return Buffer.from(given);
  if (!process.stdin.isTTY) {
    throw new Failure(
      EXIT.usage,
      'No passphrase is given',
      'Use --password-file F, HOLDFAST_PASSWORD_FILE or HOLDFAST_PASSWORD.',
    );
  }
  process.stderr.write('passphrase: ');
  process.stdin.setRawMode(true).setEncoding('utf8');
  let typed = [];
  try {
    for await (const text of process.stdin) {
      for (const character of text) {
        if (character === '\r' || character === '\n') return Buffer.from(typed.join(''));
        if (character === '\x03' || character === '\x04') throw new Failure(EXIT.interrupted, 'Interrupted');
        if (character === '\x15') typed = [];
        else if (character === '\x7f' || character === '\b') typed.pop();
        else typed.push(character);
      }
    }
  } finally {
    process.stdin.setRawMode(false);
    process.stderr.write('\n');
  }
  throw new Failure(EXIT.usage, 'No passphrase is given');
}

function findRepository(given) {
  const folder = given ?? path.dirname(fileURLToPath(import.meta.url));
  const exists = ['holdfast.json', 'keys'].some((name) => fs.existsSync(path.join(folder, name)));
  if (exists) return folder;
  throw new Failure(
    EXIT.notFound,
    `There is no Holdfast repository in ${shown(folder)}`,
    'Name its folder with --repo.',
  );
}

/** --path as it is typed, and as it is printed here: with escapes for bytes that are not text. */
function pathsFrom(texts) {
  return texts.flatMap((text) => {
    const trimmed = text.replace(/^(\.?\/)+|\/+$/g, '');
    if (trimmed === '' || trimmed === '.')
      throw new Failure(EXIT.usage, `--path ${shown(text)} names nothing`, 'Leave it out to restore all.');
    const bytes = trimmed.split(/(\\x[0-9a-f]{2}|\\\\)/).map((part, i) => {
      if (i % 2 === 0) return Buffer.from(part);
      return part === '\\\\' ? Buffer.from('\\') : Buffer.from(part.slice(2), 'hex');
    });
    return [Buffer.concat(bytes)];
  });
}

/** Section 12, step 6: what is restored goes into a folder of its own, so it can replace nothing. */
function prepareTarget(to, repository) {
  fs.mkdirSync(to, { recursive: true });
  const relative = path.relative(fs.realpathSync(repository), fs.realpathSync(to));
  if (relative === '' || !(relative.startsWith('..') || path.isAbsolute(relative))) {
    throw new Failure(EXIT.refused, `${shown(to)} lies in the repository`, 'Restore to somewhere else.');
  }
  if (fs.readdirSync(to).length > 0) {
    throw new Failure(
      EXIT.refused,
      `${shown(to)} is not empty`,
      'Give a new or empty folder: this program replaces nothing.',
    );
  }
}

function printSnapshots(snapshots) {
  const rows = snapshots.filter(
    ({ state, body }) => state !== 'forgotten' && (body !== undefined || state === 'damaged'),
  );
  for (const { id, state, tags, body = {} } of rows) {
    const { time, host, source, trigger, totals } = body;
    const labels = tags ?? body.tags;
    const facts = [
      id.slice(0, 16),
      shown(time ?? '-'),
      state,
      `${shown(host ?? '-')}:${shownRaw(source)}`,
      shown(trigger ?? '-'),
      `${shown(totals?.files ?? '-')} files`,
      `${shown(totals?.bytes ?? '-')} bytes`,
      ...(Array.isArray(labels) ? labels.map(shownRaw) : []),
    ];
    say(facts.join('  '));
  }
  say(`${rows.length} snapshots`);
}

function restore({ id, to, path: texts }, { store, packs, snapshots, report }) {
  const snapshot = chooseSnapshot(snapshots, id);
  const paths = pathsFrom(texts);
  prepareTarget(to, store.root);
  if (snapshot.state !== 'confirmed')
    report.remark(`this snapshot is ${snapshot.state}: it may lack files`, Buffer.from(snapshot.id));
  packs.load();
  const manifest = new Manifest(snapshot, packs);
  const restorer = new Restorer({ manifest, paths, report });
  const [unmatched] = restorer.survey();
  if (unmatched !== undefined && manifest.isWhole) {
    throw new Failure(EXIT.notFound, `The snapshot holds no ${shownName(unmatched)}`, 'Nothing was restored.');
  }
  restorer.run(to);
  report.summary();
  const { time, source } = snapshot.body;
  say(
    `${restorer.restored} entries of snapshot ${snapshot.id.slice(0, 16)} (${shown(time)}, ${shownRaw(source)}) restored to ${shown(to)}`,
  );
  if (report.damages + report.failures === 0) return;
  say(
    report.files + report.failures === 0
      ? 'Every file was restored, but see the damage above.'
      : 'Not everything was restored: see above.',
  );
}

function check(repository) {
  repository.packs.load();
  const { objects, chunks, files } = new Checker(repository).run();
  repository.report.summary();
  say(`${objects} objects, ${chunks} chunks and ${files} files in ${repository.snapshots.length} snapshots checked`);
  const { damages, files: lost } = repository.report;
  say(
    damages === 0
      ? 'No damage was found.'
      : `${damages} problems were found, ${lost} of them files that cannot be restored.`,
  );
}

async function main(args) {
  if (typeof zlib.zstdDecompressSync !== 'function' || typeof zlib.crc32 !== 'function') {
    throw new Failure(
      EXIT.failed,
      `This is Node ${process.version}; rescue.mjs needs Node 22.15 or newer`,
      'Get it from https://nodejs.org.',
    );
  }
  const request = parseArguments(args);
  if (request.command === 'help') {
    say(USAGE);
    return EXIT.done;
  }
  const report = new Report();
  const store = new Store(findRepository(request.repo));
  const keys = await openKeys(store, () => findPassphrase(request['password-file']), report);
  const config = readConfig(store, keys, report);
  const snapshots = loadSnapshots(store, keys, report);
  const packs = new Packs(store, keys, report);
  packs.whereWas = lostPackFinder(store, keys, packs, snapshots, report);
  if (request.command === 'list') printSnapshots(snapshots);
  if (request.command === 'check') check({ store, keys, report, packs, snapshots, config });
  if (request.command === 'restore') restore(request, { store, packs, snapshots, report });
  return report.status;
}

// A reader of the output that goes away (`| head`) is no error.
process.stdout.on('error', () => process.exit(EXIT.failed));
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isKnown = error instanceof Failure || error instanceof Damage || error.code !== undefined;
  const text = isKnown ? error.message : error.stack;
  process.stderr.write(`rescue: ${error.code === undefined ? text : shown(text)}\n`);
  if (error.advice) process.stderr.write(`${error.advice}\n`);
  process.exitCode = error instanceof Damage ? EXIT.damaged : (error.status ?? EXIT.failed);
}
