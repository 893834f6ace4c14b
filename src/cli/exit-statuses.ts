/** What a script may rely on; the codes that lead to each are in `ERROR_EXITS`. */
export const EXIT_STATUSES: readonly (readonly [status: number, meaning: string])[] = [
  [0, 'Done'],
  [1, 'Failed'],
  [2, 'Wrong usage or configuration'],
  [3, 'Done with warnings that count: some files could not be read'],
  [10, 'Not found'],
  [11, 'Locked, or in progress'],
  [12, 'Wrong passphrase'],
  [13, 'Verification failed: something is damaged'],
  [14, 'Storage full'],
  [15, 'Refused: it would do harm, or the answer to a question is missing or no'],
  [130, 'Interrupted'],
];
