import type { VerifyResult } from '../backup/types.ts';
import { HoldfastError } from '../shared/errors.ts';
import { bytes, count, duration } from '../view/value.ts';
import { stack, type View } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { choice, flag, share } from './field.ts';
import { damageList } from './parts/damage-view.ts';
import { snapshotField } from './parts/snapshot-field.ts';

const DEPTH_WORDS = {
  quick: 'every object is there with its size',
  checksums: 'every object matches its checksum',
  deep: 'all content was decrypted, decompressed and hashed',
  restored: 'everything was restored',
} as const;

function present(result: VerifyResult): View {
  const { damaged, notices } = result;
  return stack(
    damaged.length === 0
      ? { kind: 'status', tone: 'good', text: `No damage found: ${DEPTH_WORDS[result.depth]}` }
      : { kind: 'status', tone: 'bad', text: [count(damaged.length, 'damaged object')] },
    damageList(damaged),
    notices.length > 0 ? { kind: 'list', items: notices, tone: 'quiet' } : undefined,
    {
      kind: 'fields',
      fields: [
        ['Checked', [count(result.objects, 'object'), ', ', bytes(result.bytes)]],
        [
          'Holding',
          [count(result.snapshots, 'snapshot'), ', ', count(result.packs, 'pack'), ', ', count(result.chunks, 'chunk')],
        ],
        ['Took', duration(result.durationMs)],
      ],
    },
  );
}

export const verify = defineCommand({
  name: 'verify',
  summary: 'Check that the backups are whole',
  details: [
    'Without an ID the whole repository is checked: --quick looks whether every object is there with its size, the default reads every object and checks its checksum, --deep also decrypts, decompresses and hashes all content. Damage gives exit status 13 and names the objects and the files that need them.',
  ],
  examples: ['verify', 'verify latest --deep', 'verify --sample 10%'],
  chat: {
    details: [
      'Without a backup the whole repository is checked. Damage is named with the files that need what is damaged.',
    ],
    examples: ['verify', 'verify latest depth:deep'],
  },
  input: {
    backup: { ...snapshotField, summary: 'Only what this snapshot needs: an ID, the beginning of one, or `latest`' },
    depth: choice('How deep to look: sizes, checksums (unless given), or all content', ['quick', 'checksums', 'deep'], {
      on: 'chat',
    }),
    quick: flag('Only look whether every object is there with its size', { on: 'shell' }),
    deep: flag('Decrypt, decompress and hash all content', { on: 'shell' }),
    sample: share('Read only this share of the packs, chosen at random', { on: 'shell' }),
  },
  access: 'owner',
  destructive: false,
  json: {
    depth: '`quick`, `checksums` or `deep`',
    objects: 'number of objects checked',
    packs: 'number of packs checked',
    snapshots: 'number of snapshots checked',
    chunks: 'number of chunks checked',
    bytes: 'bytes read',
    damaged: 'array of Damage; empty when all is well',
    notices: 'no damage, but worth knowing: an array of strings',
    durationMs: 'how long it took',
  },
  task: async () => ({ source: undefined }),
  async run(context, { backup, depth: asked, quick, deep, sample }): Promise<VerifyResult> {
    if (quick && deep) throw new HoldfastError('usage', '--quick and --deep exclude each other');
    if (quick && sample !== undefined)
      throw new HoldfastError('usage', '--quick reads no packs, so --sample means nothing with it');
    const depth = asked ?? (quick ? 'quick' : deep ? 'deep' : 'checksums');
    const repository = await context.repository({ early: true, ahead: 'nothing' });
    return repository.verify(
      { ...(backup !== undefined && { snapshot: backup }), depth, ...(sample !== undefined && { sample }) },
      context,
    );
  },
  present,
  outcome: ({ damaged }) => (damaged.length > 0 ? 'damaged' : undefined),
});
