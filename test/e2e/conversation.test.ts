import { conversationSuite } from '../helpers/conversation/conversation-suite.ts';
import { memoryDriver } from '../helpers/conversation/memory-driver.ts';

conversationSuite('a chat in memory', memoryDriver);
