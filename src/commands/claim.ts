import { HoldfastError } from '../shared/errors.ts';
import { good } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required, text } from './field.ts';

/** Whoever is no owner yet is dealt with before a command runs, so this one only ever meets owners. */
export const claim = defineCommand({
  name: 'claim',
  summary: 'Become the first owner, with the code that the program printed when it started',
  input: { code: required(text('The code', { position: 'CODE', secret: true })) },
  access: 'owner',
  destructive: false,
  json: {},
  run(): Promise<object> {
    throw new HoldfastError('refused', 'You are an owner already', { advice: 'See /help for what you can do.' });
  },
  present: () => good('You are an owner now'),
});
