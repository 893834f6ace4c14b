import { parseConfig } from '../../config/load-config.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { configText } from './config-text.ts';
import type { SetupAnswers } from './setup-answers.ts';

/**
 * The configuration that comes of it, which has to be one that can be used.
 *
 * @throws HoldfastError `usage`
 */
export function checkedText(answers: SetupAnswers, file: string): string {
  const content = configText(answers);
  try {
    parseConfig(content, file);
    return content;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const problems = (error.details.problems ?? []) as { message: string }[];
    throw new HoldfastError('usage', problems.map(({ message }) => message).join('; '), { cause: error });
  }
}

const NOTHING_WRONG: SetupAnswers = {
  store: '/repository',
  sources: [{ name: 'source', path: '/source' }],
  discord: { tokenEnv: 'TOKEN', guild: undefined },
  slack: { botTokenEnv: 'TOKEN', appTokenEnv: 'TOKEN' },
  owners: { discord: [], slack: [] },
  notify: {},
  cap: false,
  passphraseFile: '/passphrase',
};

/**
 * Judges one answer before the others are known, so that whoever is asked can be asked again.
 *
 * @throws HoldfastError `usage`
 */
export function checkAnswer(answer: Partial<SetupAnswers>): void {
  checkedText({ ...NOTHING_WRONG, ...answer }, '/holdfast.yaml');
}
