/** What is shown while there is nothing to tell yet. */
const PASSING = /Running: |Starting …|Looking at what would change|It goes on below/;

/** Whether a message says how something ended. */
export const isFinalText = (text: string): boolean => text !== '' && !PASSING.test(text);
