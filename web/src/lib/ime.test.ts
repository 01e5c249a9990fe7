import { describe, expect, it, vi } from 'vitest';
import { createEnterReader, type KeyPress } from './ime';

// What browsers report, and what fields make of it, is in app/typing: here is what those cannot show.

function key(name: string, more: Partial<Omit<KeyPress, 'preventDefault'>> = {}) {
  return {
    key: name,
    code: name,
    keyCode: 13,
    shiftKey: false,
    altKey: false,
    ctrlKey: false,
    metaKey: false,
    isComposing: false,
    timeStamp: 1000,
    preventDefault: vi.fn(),
    ...more,
  };
}
const composing = { keyCode: 229, isComposing: true };

/** A field that holds a text that ends in Hangul. */
function field(finished = { at: -Infinity }) {
  const enter = vi.fn();
  const tasks: (() => void)[] = [];
  const reader = createEnterReader({ enter, before: () => '네', later: (run) => tasks.push(run), finished });
  return { enter, reader, runTasks: () => tasks.splice(0).forEach((run) => run()) };
}

describe('Enter', () => {
  it('is its reader’s where it counts, and the input method’s while it composes', () => {
    const { reader } = field();
    const plain = key('Enter');
    expect(reader.keydown(plain)).toBe(true);
    expect(plain.preventDefault).toHaveBeenCalled();
    reader.compositionstart();
    const within = key('Enter', composing);
    expect(reader.keydown(within)).toBe(true);
    expect(within.preventDefault).not.toHaveBeenCalled();
    expect(reader.keydown(key('ArrowUp', composing))).toBe(true);
    expect(reader.keydown(key('Escape', { keyCode: 229 }))).toBe(true);
  });
  it('is nobody’s with a modifier, and no other key is', () => {
    const { reader, enter } = field();
    for (const modifier of ['shiftKey', 'altKey', 'ctrlKey', 'metaKey']) {
      const pressed = key('Enter', { [modifier]: true });
      expect(reader.keydown(pressed)).toBe(false);
      expect(pressed.preventDefault).not.toHaveBeenCalled();
    }
    expect(reader.keydown(key('ArrowUp', { keyCode: 38 }))).toBe(false);
    expect(enter).not.toHaveBeenCalled();
  });
  it('counts in the next task after the composition, not before', () => {
    const { reader, enter, runTasks } = field();
    reader.compositionstart();
    reader.compositionupdate('네');
    reader.keydown(key('Enter', composing));
    reader.compositionend(1001, '네');
    expect(enter).not.toHaveBeenCalled();
    runTasks();
    expect(enter).toHaveBeenCalledTimes(1);
  });
  it('that finished a syllable in one field is not told to the one that has the focus next', () => {
    const finished = { at: -Infinity };
    const [first, next] = [field(finished), field(finished)];
    first.reader.compositionstart();
    first.reader.compositionupdate('네');
    first.reader.keydown(key('Enter', composing));
    first.reader.compositionend(1001, '네');
    first.runTasks();
    const again = key('Enter', { timeStamp: 1010 });
    expect(next.reader.keydown(again)).toBe(true);
    expect(again.preventDefault).toHaveBeenCalled();
    expect(next.enter).not.toHaveBeenCalled();
    next.reader.keydown(key('Enter', { timeStamp: 1100 }));
    expect(next.enter).toHaveBeenCalledTimes(1);
  });
});
