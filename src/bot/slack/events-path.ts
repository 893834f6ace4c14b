/** Where Slack sends everything, on the bot's own address. */
export const EVENTS_PATH = '/slack/events';
