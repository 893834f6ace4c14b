import { command } from '../view/value.ts';
import { defineCommand } from './command.ts';
import { text } from './field.ts';

interface InitResult {
  repository: string;
  id: string;
  fingerprint: string;
  rescue: { name: string; sha256: string } | null;
}

export const init = defineCommand({
  name: 'init',
  summary: 'Create a repository',
  details: [
    'The passphrase is the only way in: without it nobody can read the backups, you included. Keep a copy of it away from this machine.',
  ],
  examples: ['init --repo /mnt/backup --password-file ~/.holdfast-passphrase'],
  input: { label: text('Name of the first key slot', { placeholder: 'NAME' }) },
  access: 'owner',
  destructive: false,
  json: {
    repository: 'where the repository is',
    id: 'ID of the repository',
    fingerprint: 'fingerprint of its keys: clients notice by it when a repository was swapped',
    rescue: '`{name, sha256}` of the program in the repository that reads it without Holdfast, or null',
  },
  async run(context, { label }): Promise<InitResult> {
    const { location, repositoryId, fingerprint, plainFiles } = await context.create(label);
    const [found] = Object.entries(plainFiles).filter(([name]) => name.startsWith('rescue-'));
    const rescue = found === undefined ? null : { name: found[0], sha256: found[1] };
    return { repository: location, id: repositoryId, fingerprint, rescue };
  },
  present: ({ repository, id, fingerprint, rescue }) => ({
    kind: 'stack',
    views: [
      {
        kind: 'status',
        tone: 'good',
        text: ['Created a repository in ', repository],
        next: 'Keep a copy of the passphrase away from this machine: without it, nothing in the repository can be read.',
      },
      {
        kind: 'fields',
        fields: [
          ['ID', id],
          ['Fingerprint', fingerprint],
          ...(rescue === null ? [] : [[`SHA-256 of ${rescue.name}`, rescue.sha256] as const]),
        ],
      },
      { kind: 'text', tone: 'quiet', text: ['Next: ', command('backup PATH')] },
    ],
  }),
});
