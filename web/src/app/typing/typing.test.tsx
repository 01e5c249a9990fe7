import { QueryClientProvider } from '@tanstack/react-query';
import { act, useState, type ReactNode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Router } from 'wouter';
import { memoryLocation } from 'wouter/memory-location';
import { Composer } from '../../features/room/Composer';
import { Switcher } from '../../features/switcher/Switcher';
import { api } from '../../lib/api';
import { draftOf, keepDraft } from '../../lib/drafts';
import { setLobby } from '../../lib/lobby';
import { outbox } from '../../lib/live';
import { queryClient } from '../../lib/queryClient';
import { setMyRooms } from '../../lib/rooms';
import { SearchField } from '../../ui/SearchField';
import { TextField } from '../../ui/TextField';
import type { Message, MyRoom } from '../../wire.gen';
import { nextTask, Replay } from './replay';
import type { Place, Trace } from './trace';
import { android } from './traces/android';
import { candidates } from './traces/candidates';
import { hands } from './traces/hands';
import { mac } from './traces/mac';
import { safari } from './traces/safari';
import { windows } from './traces/windows';

const corpus = [...windows, ...mac, ...safari, ...android, ...candidates, ...hands];
const of = (place: Place) => corpus.filter(({ only }) => only === undefined || only.includes(place));

const nothing = () => undefined;

let page: HTMLElement;
let root: Root;
const render = (node: ReactNode) => root.render(<QueryClientProvider client={queryClient}>{node}</QueryClientProvider>);
const show = (node: ReactNode) =>
  act(async () => {
    render(node);
    await Promise.resolve();
  });

function find<E extends Element>(kind: new () => E, selector: string): E {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`no ${selector}`);
  return found;
}
const textarea = () => find(HTMLTextAreaElement, 'textarea');
const input = () => find(HTMLInputElement, 'input');

/** What holds wherever one types. */
function wasLeftAlone({ field, rewritten }: Replay): void {
  expect(rewritten).toEqual([]);
  expect(field.isConnected).toBe(true);
  expect(document.querySelector(field.tagName)).toBe(field);
}

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  page = document.body.appendChild(document.createElement('div'));
  root = createRoot(page);
});

afterEach(async () => {
  await act(async () => {
    root.unmount();
    await Promise.resolve();
  });
  page.remove();
  queryClient.clear();
});

// A dialog that closes looks a tenth of a second later where the focus is: the document has to be there still.
afterAll(() => new Promise((resolve) => setTimeout(resolve, 150)));

/** A finger, where the trace is one's. */
function pointAs({ on }: Trace): void {
  const screen = window.matchMedia.bind(window);
  vi.spyOn(window, 'matchMedia').mockImplementation((media) =>
    media === '(pointer: coarse)' ? Object.assign(screen(media), { matches: on === 'touch' }) : screen(media),
  );
}

interface Room {
  id?: string;
  hint?: string;
  editing?: Message | undefined;
  onSave?: (text: string) => void;
  onCancel?: () => void;
  onEditLast?: () => void;
}
const room = ({ id = 'here', hint = '', editing, onSave, onCancel, onEditLast }: Room = {}) => (
  <Composer
    key={id}
    roomId={id}
    name="방"
    hint={hint}
    editing={editing}
    saving={false}
    onSave={(_, text) => onSave?.(text)}
    onCancelEdit={() => onCancel?.()}
    onEditLast={() => onEditLast?.()}
  />
);
const button = () => find(HTMLButtonElement, 'button[type=submit]');

describe('the composer', () => {
  afterEach(() => keepDraft('here', ''));

  it.each(of('composer'))('$name', async (trace) => {
    pointAs(trace);
    const add = vi.spyOn(outbox, 'add').mockReturnValue('');
    const onEditLast = vi.fn();
    await show(room({ onEditLast }));
    const replay = new Replay(textarea(), button);
    act(() => replay.type(trace.given ?? ''));
    let rendered = 0;
    // Messages come and go meanwhile: everything is rendered anew after each step.
    await replay.run(trace, () => render(room({ onEditLast, hint: String((rendered += 1)) })));
    expect(add.mock.calls.map(([, text]) => text)).toEqual(trace.sent);
    expect(textarea().value).toBe(trace.left);
    expect(draftOf('here')).toBe(trace.left);
    expect(onEditLast).not.toHaveBeenCalled();
    wasLeftAlone(replay);
  });

  it('keeps what is composed with its room when another one is opened, and tells nobody', async () => {
    const add = vi.spyOn(outbox, 'add').mockReturnValue('');
    await show(room());
    const replay = new Replay(textarea(), button);
    // A click elsewhere ends the composition, then takes the focus, then opens the room.
    await replay.run({
      name: '',
      from: '',
      events: 'down Process KeyD 229\nstart\ncompose 안\n\nend 안\nstart\ncompose 녀\n\nend 녀\nblur',
      sent: [],
      left: '안녀',
    });
    await show(room({ id: 'there' }));
    expect(textarea()).not.toBe(replay.field);
    expect(textarea().value).toBe('');
    expect(draftOf('there')).toBe('');
    await show(room());
    expect(textarea().value).toBe('안녀');
    expect(add).not.toHaveBeenCalled();
    expect(replay.rewritten).toEqual([]);
  });

  it('ends what is composed before it shows another text', async () => {
    keepDraft('here', '쓰던 말');
    const message: Message = { roomId: 'here', seq: 1, rev: 1, kind: 'message', senderId: 'me', text: '고칠 말' };
    await show(room({ editing: message }));
    const replay = new Replay(textarea(), button);
    await replay.run({ name: '', from: '', events: 'down Process KeyD 229\nstart\ncompose 안', sent: [], left: '' });
    // The edit was answered meanwhile.
    await show(room());
    expect(textarea().value).toBe('쓰던 말');
    expect(document.activeElement).toBe(textarea());
    wasLeftAlone(replay);
  });
});

describe('the composer, editing', () => {
  const message = (text: string): Message => ({
    roomId: 'here',
    seq: 1,
    rev: 1,
    kind: 'message',
    senderId: 'me',
    text,
  });

  function Editing({ text, onSave, onCancel }: { text: string; onSave: (text: string) => void; onCancel: () => void }) {
    const [editing, setEditing] = useState<Message | undefined>(() => message(text));
    const save = (saved: string) => {
      onSave(saved);
      setEditing(undefined);
    };
    return room({ editing, onSave: save, onCancel });
  }

  it.each(of('edit'))('$name', async (trace) => {
    pointAs(trace);
    const add = vi.spyOn(outbox, 'add').mockReturnValue('');
    const onSave = vi.fn();
    const onCancel = vi.fn();
    await show(<Editing text={trace.given ?? ''} onSave={onSave} onCancel={onCancel} />);
    const replay = new Replay(textarea(), button);
    await replay.run(trace);
    expect(onSave.mock.calls).toEqual(trace.sent.map((text) => [text]));
    expect(onCancel).not.toHaveBeenCalled();
    expect(add).not.toHaveBeenCalled();
    expect(textarea().value).toBe(trace.left);
    expect(draftOf('here')).toBe('');
    wasLeftAlone(replay);
  });
});

describe('a search field', () => {
  it.each(of('search'))('$name', async (trace) => {
    pointAs(trace);
    const entered: string[] = [];
    let query = '';
    const field = (
      <SearchField label="찾기" clear="지우기" onQuery={(text) => (query = text)} onEnter={() => entered.push(query)} />
    );
    await show(field);
    const replay = new Replay(input());
    act(() => replay.type(trace.given ?? ''));
    await replay.run(trace);
    expect(entered.map((text) => text.trim())).toEqual(trace.sent);
    expect(query.trim()).toBe(trace.sent[0] ?? trace.left);
    expect(input().value.normalize('NFC').trim()).toBe(trace.sent[0] ?? trace.left);
    wasLeftAlone(replay);
  });
});

describe('a form', () => {
  it.each(of('form'))('$name', async (trace) => {
    pointAs(trace);
    const submitted: string[] = [];
    await show(
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submitted.push(input().value.normalize('NFC').trim());
        }}
      >
        <TextField label="이름" defaultValue={trace.given} />
      </form>,
    );
    const replay = new Replay(input());
    await replay.run(trace);
    expect(submitted).toEqual(trace.sent);
    wasLeftAlone(replay);
  });
});

describe('the switcher', () => {
  const mine = (name: string): MyRoom => ({
    room: { id: 'found', kind: 'public', name, memberCount: 2, head: 0, history: 'all' },
    membership: { userId: 'me', roomId: 'found', joinedAt: '', visibleAfter: 0, readSeq: 0, role: 'member' },
    unread: 0,
  });

  it.each(of('switcher'))('$name', async (trace) => {
    pointAs(trace);
    // jsdom lays nothing out.
    Element.prototype.scrollIntoView = nothing;
    vi.spyOn(api, 'findUsers').mockResolvedValue({ users: [] });
    const text = trace.sent[0] ?? trace.left;
    setMyRooms([mine(`${text} 방`)]);
    setLobby([]);
    const onClose = vi.fn();
    const { hook, history } = memoryLocation({ path: '/', record: true });
    await show(
      <Router hook={hook}>
        <Switcher open onClose={onClose} />
      </Router>,
    );
    while (!document.querySelector('input')) await nextTask();
    const replay = new Replay(input());
    act(() => replay.type(trace.given ?? ''));
    await replay.run(trace);
    expect(document.querySelectorAll('[role=option]')).toHaveLength(1);
    expect(history.at(-1)).toBe(trace.sent.length === 0 ? '/' : '/rooms/found');
    expect(onClose).toHaveBeenCalledTimes(trace.sent.length);
    wasLeftAlone(replay);
  });
});
