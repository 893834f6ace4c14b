/**
 * What Slack accepts in one message, modal or answer; characters unless said otherwise.
 *
 * Sources: https://docs.slack.dev/reference/block-kit, .../reference/methods/chat.postMessage, .../interactivity/handling-user-interaction
 */
export const LIMITS = {
  blocks: 50,
  modalBlocks: 100,
  header: 150,
  section: 3000,
  contextText: 2000,
  actionElements: 25,
  actionId: 255,
  buttonLabel: 75,
  buttonValue: 2000,
  placeholder: 150,
  options: 100,
  /** Of an option: label and description each. */
  optionText: 75,
  optionValue: 150,
  modalTitle: 24,
  inputLabel: 2000,
  inputText: 3000,
  privateMetadata: 3000,
  commandName: 32,
  /** A longer text is cut by Slack; with blocks it is only seen in notifications. */
  text: 4000,
  /** Uses of a response URL, and how long it lives in milliseconds. */
  responses: 5,
  responseMs: 30 * 60_000,
} as const;
