import { good } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required, text } from './field.ts';

/** Whoever is no owner yet is dealt with before a command runs, so this one only ever meets owners. It does not even look at the code. */
export const claim = defineCommand({
  name: 'claim',
  summary: 'Become the first owner, with the code that the program printed when it started',
  chat: {
    details: ['For whoever is an owner already it changes nothing.'],
    examples: ['claim 7K2M-Q9XF-4BTR-HW3N'],
  },
  input: { code: required(text('The code', { position: 'CODE', secret: true })) },
  access: 'owner',
  destructive: false,
  json: {},
  run: async (): Promise<object> => ({}),
  present: () => good('You are an owner already; nothing had to be claimed'),
});
