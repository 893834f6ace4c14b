import { defineCommand } from './command.ts';

interface WhoamiResult {
  name: string;
  owner: boolean;
}

export const whoami = defineCommand({
  name: 'whoami',
  summary: 'Tell who you are here and whether you may run commands',
  input: {},
  access: 'anyone',
  destructive: false,
  json: { name: 'your name here', owner: 'true when you may run every command' },
  run: async ({ identity }): Promise<WhoamiResult> => ({ name: identity.name, owner: identity.access === 'owner' }),
  present: ({ name, owner }) => ({
    kind: 'text',
    text: owner ? `You are ${name}, an owner.` : `You are ${name}, and no owner.`,
  }),
});
