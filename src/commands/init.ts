import { command } from '../view/value.ts';
import { defineCommand } from './command.ts';
import { text } from './field.ts';

interface InitResult {
  repository: string;
  id: string;
  fingerprint: string;
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
  },
  async run(context, { label }): Promise<InitResult> {
    const { location, repositoryId, fingerprint } = await context.create(label);
    return { repository: location, id: repositoryId, fingerprint };
  },
  present: ({ repository, id, fingerprint }) => ({
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
        ],
      },
      { kind: 'text', tone: 'quiet', text: ['Next: ', command('backup PATH')] },
    ],
  }),
});
