import { conversationSuite } from '../helpers/conversation/conversation-suite.ts';
import { slackDriver } from '../helpers/conversation/slack-driver.ts';

conversationSuite('Slack', slackDriver);
