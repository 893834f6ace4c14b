import { chmod, type FileHandle, lstat, mkdir, open, unlink } from 'node:fs/promises';
import { connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { HoldfastError, systemCode } from '../shared/errors.ts';

/** What a kernel takes as the path of a socket, in bytes (unix(7)), without the NUL at its end. */
const LONGEST_PATH = 107;

const folderIn = (state: string): string => join(state, 'control');

/** Calls `use` with a path to the socket that is short enough, however deep the folder lies. */
async function withPath<T>(state: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(folderIn(state), 'socket');
  if (Buffer.byteLength(path) <= LONGEST_PATH) return use(path);
  const folder: FileHandle = await open(folderIn(state), 'r');
  try {
    return await use(`/proc/self/fd/${folder.fd}/socket`);
  } finally {
    await folder.close();
  }
}

/**
 * Lets a server listen on the socket of a state folder, whose lock the caller holds: a socket that is there belongs to a dead process. It lies in a folder that only its
 * owner and root may enter, so that the kernel keeps others away from the first moment on.
 *
 * @throws HoldfastError `refused` where the folder belongs to somebody else
 */
export async function listenIn(state: string, server: Server): Promise<void> {
  const folder = folderIn(state);
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw error;
  });
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new HoldfastError('refused', `${folder} is no folder of this user's own`, { advice: 'Remove it.' });
  }
  await chmod(folder, 0o700);
  await withPath(state, async (path) => {
    await unlink(path).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path }, resolve);
    });
    await chmod(path, 0o600);
  });
}

/**
 * A connection to the process that owns a state folder; undefined where none listens.
 *
 * @throws HoldfastError `permission` where it runs as another user
 */
export async function connectIn(state: string): Promise<Socket | undefined> {
  try {
    return await withPath(state, opened);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(code)) return undefined;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new HoldfastError('permission', `The bot's folder ${state} belongs to another user`, {
      cause: error,
      advice: 'Run this as the user that the bot runs as, or as root.',
    });
  }
}

function opened(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

const ATTEMPTS = 10;

/** Whether a process listens there, or begins to within a moment. */
export async function isAnswered(state: string, pause: () => Promise<void>): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const socket = await connectIn(state);
    socket?.destroy();
    if (socket !== undefined) return true;
    await pause();
  }
  return false;
}
