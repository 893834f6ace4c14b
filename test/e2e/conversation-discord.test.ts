import { conversationSuite } from '../helpers/conversation/conversation-suite.ts';
import { discordDriver } from '../helpers/conversation/discord-driver.ts';

conversationSuite('Discord', discordDriver);
