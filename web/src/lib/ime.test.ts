import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createEnterReader, type KeyPress } from './ime';

/** Traces as browsers report them; `task` marks where the browser starts a new task. */
type Trace = (
  | { down: string; keyCode: number; isComposing?: boolean; shiftKey?: boolean; code?: string; t?: number }
  | { start: true }
  | { update: string }
  | { end: string; t?: number }
  | { value: string }
  | { task: true }
)[];

describe('Enter', () => {
  let tasks: (() => void)[];
  let sent: string[];
  let value: string;
  let prevented: number;

  beforeEach(() => {
    tasks = [];
    sent = [];
    value = '';
    prevented = 0;
  });

  function replay(trace: Trace) {
    const reader = createEnterReader({
      enter: () => {
        if (value.trim() !== '') sent.push(value.trim());
        value = '';
      },
      later: (run) => tasks.push(run),
    });
    const runTasks = () => tasks.splice(0).forEach((run) => run());
    for (const one of trace) {
      if ('start' in one) reader.compositionstart();
      else if ('update' in one) reader.compositionupdate(one.update);
      else if ('end' in one) reader.compositionend(one.end, one.t ?? 1000);
      else if ('value' in one) value = one.value;
      else if ('task' in one) runTasks();
      else {
        const press: KeyPress = {
          key: one.down,
          code: one.code ?? one.down,
          keyCode: one.keyCode,
          shiftKey: one.shiftKey ?? false,
          altKey: false,
          ctrlKey: false,
          metaKey: false,
          isComposing: one.isComposing ?? false,
          timeStamp: one.t ?? 1000,
          preventDefault: () => {
            prevented += 1;
          },
        };
        reader.keydown(press);
      }
    }
    while (tasks.length > 0) runTasks();
    return sent;
  }

  it('sends once when nothing is composed', () => {
    expect(replay([{ value: 'hello' }, { down: 'Enter', keyCode: 13 }])).toEqual(['hello']);
    expect(prevented).toBe(1);
  });
  it('sends each of two that come quickly after one another, as a fast keyboard or a program does', () => {
    const trace: Trace = [
      { value: 'one' },
      { down: 'Enter', keyCode: 13, t: 1000 },
      { value: 'two' },
      { down: 'Enter', keyCode: 13, t: 1010 },
    ];
    expect(replay(trace)).toEqual(['one', 'two']);
  });
  it('breaks the line with Shift', () => {
    expect(replay([{ value: 'hello' }, { down: 'Enter', keyCode: 13, shiftKey: true }])).toEqual([]);
    expect(prevented).toBe(0);
  });
  it('Chrome on Windows and Linux: one Enter inside the composition', () => {
    const trace: Trace = [
      { start: true },
      { update: 'ㅎ' },
      { update: '하' },
      { value: '안녕하' },
      { down: 'Enter', keyCode: 229, isComposing: true },
      { end: '하' },
      { value: '안녕하' },
      { task: true },
    ];
    expect(replay(trace)).toEqual(['안녕하']);
  });
  it('Chrome on macOS: a second Enter after the composition is the same press', () => {
    const trace: Trace = [
      { start: true },
      { update: '요' },
      { value: '좋아요' },
      { down: 'Enter', keyCode: 229, isComposing: true, t: 1000 },
      { end: '요', t: 1001 },
      { down: 'Enter', keyCode: 13, t: 1002 },
      { task: true },
    ];
    expect(replay(trace)).toEqual(['좋아요']);
  });
  it('also where that second Enter comes after the text was sent', () => {
    const trace: Trace = [
      { start: true },
      { update: '요' },
      { value: '좋아요' },
      { down: 'Enter', keyCode: 229, isComposing: true, t: 1000 },
      { end: '요', t: 1001 },
      { task: true },
      { value: '요' },
      { down: 'Enter', keyCode: 13, t: 1010 },
    ];
    expect(replay(trace)).toEqual(['좋아요']);
  });
  it('reads what the field holds after the composition, not before', () => {
    const trace: Trace = [
      { start: true },
      { update: '녀' },
      { value: '안녀' },
      { down: 'Enter', keyCode: 229, isComposing: true },
      { update: '녕' },
      { end: '녕' },
      { value: '안녕' },
      { task: true },
    ];
    expect(replay(trace)).toEqual(['안녕']);
  });
  it('Safari: the committing keydown follows compositionend with code 229', () => {
    const trace: Trace = [
      { start: true },
      { update: '요' },
      { value: '좋아요' },
      { end: '요' },
      { down: 'Enter', keyCode: 229 },
      { task: true },
    ];
    expect(replay(trace)).toEqual(['좋아요']);
  });
  it('Safari: kana is only committed, the next Enter sends', () => {
    const trace: Trace = [
      { start: true },
      { update: '日本' },
      { value: '日本' },
      { end: '日本' },
      { down: 'Enter', keyCode: 229, t: 1000 },
      { task: true },
    ];
    expect(replay(trace)).toEqual([]);
    expect(replay([{ value: '日本' }, { down: 'Enter', keyCode: 13, t: 1400 }])).toEqual(['日本']);
  });
  it('kana and pinyin: Enter inside the composition only commits', () => {
    for (const text of ['にほん', '日本', 'nihao']) {
      const trace: Trace = [
        { start: true },
        { update: text },
        { value: text },
        { down: 'Enter', keyCode: 229, isComposing: true },
        { end: text },
        { task: true },
      ];
      expect(replay(trace)).toEqual([]);
    }
  });
  it('Windows reports the key as Process', () => {
    const trace: Trace = [
      { start: true },
      { update: '가' },
      { value: '가' },
      { down: 'Process', code: 'Enter', keyCode: 229, isComposing: true },
      { end: '가' },
      { task: true },
    ];
    expect(replay(trace)).toEqual(['가']);
  });
  it('Android: 229 for every key is not Enter', () => {
    const trace: Trace = [
      { start: true },
      { down: 'Unidentified', code: '', keyCode: 229, isComposing: true },
      { update: '가' },
      { value: '가' },
      { down: 'Unidentified', code: '', keyCode: 229, isComposing: true },
      { end: '가' },
      { task: true },
    ];
    expect(replay(trace)).toEqual([]);
  });
  it('two messages typed fast are two', () => {
    const one = (text: string, t: number): Trace => [
      { start: true },
      { update: text },
      { value: text },
      { down: 'Enter', keyCode: 229, isComposing: true, t },
      { end: text, t: t + 1 },
      { task: true },
    ];
    expect(replay([...one('가', 1000), ...one('나', 1100)])).toEqual(['가', '나']);
  });
  it('forgets what was remembered when the field is left', () => {
    const enter = vi.fn();
    const later: (() => void)[] = [];
    const reader = createEnterReader({ enter, later: (run) => later.push(run) });
    reader.compositionstart();
    reader.compositionupdate('가');
    reader.keydown({
      key: 'Enter',
      keyCode: 229,
      shiftKey: false,
      altKey: false,
      ctrlKey: false,
      metaKey: false,
      isComposing: true,
      timeStamp: 1,
      preventDefault: () => undefined,
    });
    reader.blur();
    reader.compositionend('가', 2);
    later.forEach((run) => run());
    expect(enter).not.toHaveBeenCalled();
  });
});
