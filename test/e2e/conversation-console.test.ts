import { consoleDriver } from '../helpers/conversation/console-driver.ts';
import { conversationSuite } from '../helpers/conversation/conversation-suite.ts';

conversationSuite('the console', consoleDriver, {
  alone: 'whoever sits at the terminal is its owner',
  forgets: 'a number means what this run has shown',
});
