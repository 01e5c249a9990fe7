import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Message } from '../../wire.gen';
import { Announcer } from './Announcer';

let page: HTMLElement;
let root: Root;
beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  vi.useFakeTimers();
  page = document.body.appendChild(document.createElement('div'));
  root = createRoot(page);
});
afterEach(() => {
  act(() => root.unmount());
  page.remove();
  vi.useRealTimers();
});

const messages: Message[] = [];
beforeEach(() => messages.splice(0));
function write(text: string, senderId = 'minho'): void {
  const seq = messages.length + 1;
  messages.push({ roomId: 'room', seq, rev: seq, kind: 'message', senderId, text });
}
const render = () =>
  act(() =>
    root.render(
      <Announcer
        messages={[...messages]}
        last={messages.at(-1)}
        me="jisu"
        nameOf={(id) => (id === 'minho' ? '민호' : id)}
      />,
    ),
  );
const wait = () => act(() => void vi.advanceTimersByTime(500));

/** What a screen reader reads: what is added. */
function reader(): string[] {
  const read: string[] = [];
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) read.push(node.textContent ?? '');
  }).observe(page.querySelector('[aria-live]') ?? page, { childList: true });
  return read;
}
/** Observers tell in a microtask. */
const heard = async (read: string[]) => {
  await Promise.resolve();
  return read.splice(0);
};

it('reads what is new, by whom, once each, and the same words as often as they are said', async () => {
  write('안녕');
  render();
  const read = reader();
  wait();
  expect(await heard(read)).toEqual([]);
  for (const text of ['네', '네']) {
    write(text);
    render();
    wait();
    expect(await heard(read)).toEqual(['민호님: 네']);
  }
  // An edit, a render for another reason.
  messages[2] = { ...messages[2], text: '네!', rev: 9 } as Message;
  render();
  wait();
  write('제 말', 'jisu');
  render();
  wait();
  expect(await heard(read)).toEqual([]);
});

it('reads a few that come together each, many by their number', async () => {
  write('안녕');
  render();
  const read = reader();
  write('하나');
  write('둘');
  render();
  write('셋');
  render();
  wait();
  expect(await heard(read)).toEqual(['민호님: 하나', '민호님: 둘', '민호님: 셋']);
  for (let i = 0; i < 30; i += 1) write(`${i}`);
  render();
  wait();
  expect(await heard(read)).toEqual([expect.stringContaining('30')]);
});
