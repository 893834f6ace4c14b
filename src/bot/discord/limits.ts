/**
 * What Discord accepts in one message, command or answer.
 *
 * Sources: https://docs.discord.com/developers/resources/message, .../components/reference, .../interactions/application-commands
 */
export const LIMITS = {
  content: 2000,
  embedDescription: 4096,
  componentRows: 5,
  buttonsInRow: 5,
  customId: 100,
  buttonLabel: 80,
  selectPlaceholder: 150,
  selectOptions: 25,
  /** Characters of an option's label, value and description each. */
  selectOption: 100,
  files: 10,
  attachmentDescription: 1024,
  /** Of one file for servers without boosts; kept for all files of a message together. */
  fileBytes: 10 * 1024 * 1024,
  suggestions: 25,
  /** Characters of a suggestion's or a choice's name and value each. */
  suggestion: 100,
  commandName: 32,
  commandDescription: 100,
  commandOptions: 25,
  commandChoices: 25,
  nonce: 25,
} as const;
