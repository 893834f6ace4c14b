import { describe, expect, it } from 'vitest';
import { judgeBlocks, judgeModal, judgeOptions } from './judge-blocks.ts';
import { judgeArguments } from './web-methods.ts';

const plain = (text: string) => ({ type: 'plain_text', text });
const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
const button = (over: object = {}) => ({ type: 'button', action_id: 'a', text: plain('Go'), ...over });
const actions = (...elements: object[]) => ({ type: 'actions', elements });
const option = (over: object = {}) => ({ text: plain('One'), value: '1', ...over });
const select = (over: object = {}) => ({ type: 'static_select', action_id: 's', options: [option()], ...over });
const modal = (over: object = {}) => ({
  type: 'modal',
  callback_id: 'c',
  title: plain('T'),
  blocks: [section('x')],
  ...over,
});
const long = (length: number) => 'x'.repeat(length);

describe('the fake Slack', () => {
  it('takes what is within the limits', () => {
    expect(
      judgeBlocks([section(long(3000)), { type: 'header', text: plain(long(150)) }, actions(button(), select())]),
    ).toEqual([]);
    expect(judgeBlocks(Array.from({ length: 50 }, () => section('x')))).toEqual([]);
    expect(judgeModal(modal())).toEqual([]);
  });

  it.each([
    ['51 blocks', Array.from({ length: 51 }, () => section('x'))],
    ['a long section', [section(long(3001))]],
    ['an empty section', [section('')]],
    ['a long header', [{ type: 'header', text: plain(long(151)) }]],
    ['markup in a header', [{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }]],
    ['an unknown block', [{ type: 'carousel' }]],
    ['an unknown field', [{ ...section('x'), colour: 'red' }]],
    ['26 buttons', [actions(...Array.from({ length: 26 }, (_, i) => button({ action_id: `a${i}` })))]],
    ['no buttons', [actions()]],
    ['a long label', [actions(button({ text: plain(long(76)) }))]],
    ['a long value', [actions(button({ value: long(2001) }))]],
    ['a style of its own', [actions(button({ style: 'good' }))]],
    ['one action twice', [actions(button(), button())]],
    [
      'one block ID twice',
      [
        { ...section('x'), block_id: 'b' },
        { ...section('y'), block_id: 'b' },
      ],
    ],
    ['a long block ID', [{ ...section('x'), block_id: long(256) }]],
    ['101 options', [actions(select({ options: Array.from({ length: 101 }, () => option()) }))]],
    ['no options', [actions(select({ options: [] }))]],
    ['a long option', [actions(select({ options: [option({ text: plain(long(76)) })] }))]],
    ['a long option value', [actions(select({ options: [option({ value: long(151) })] }))]],
    ['11 elements of context', [{ type: 'context', elements: Array.from({ length: 11 }, () => plain('x')) }]],
    ['11 fields', [{ type: 'section', fields: Array.from({ length: 11 }, () => plain('x')) }]],
    ['too much text in all', Array.from({ length: 5 }, () => section(long(2900)))],
  ])('refuses %s', (_what, blocks) => {
    expect(judgeBlocks(blocks)).not.toEqual([]);
  });

  it.each([
    ['a long title', { title: plain(long(25)) }],
    ['long metadata', { private_metadata: long(3001) }],
    ['a long callback', { callback_id: long(256) }],
    ['101 blocks', { blocks: Array.from({ length: 101 }, () => section('x')) }],
  ])('refuses a form with %s', (_what, over) => {
    expect(judgeModal(modal(over))).not.toEqual([]);
  });

  it('refuses arguments that are missing, unknown or of the wrong kind', () => {
    expect(judgeArguments('chat.postMessage', { channel: 'C1', text: 'x' })).toEqual([]);
    expect(judgeArguments('chat.postMessage', { channel: 'C1' })).not.toEqual([]);
    expect(judgeArguments('chat.postMessage', { channel: '#general', text: 'x' })).not.toEqual([]);
    expect(judgeArguments('chat.postMessage', { channel: 'C1', text: 'x', colour: 'red' })).not.toEqual([]);
    expect(judgeOptions([option({ value: '' })])).not.toEqual([]);
  });
});
