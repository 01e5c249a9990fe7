import { useEffect, useState, type CompositionEvent, type KeyboardEvent } from 'react';

/**
 * What Enter means while somebody types Korean. Browsers differ: Chrome reports Enter inside the composition, some send a
 * second Enter after it, Safari sends the committing keydown after compositionend with code 229, Android says 229 for
 * every key. Whoever asks only `isComposing` either sends the last syllable twice or needs Enter twice.
 *
 * The rule: Enter while Hangul is being composed is remembered; at compositionend, in the next task, when the field holds
 * the finished text, it counts once. Enter that commits kana or pinyin only commits.
 */
export interface KeyPress {
  key: string;
  code?: string;
  keyCode: number;
  shiftKey: boolean;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  isComposing: boolean;
  timeStamp: number;
  preventDefault(): void;
}

interface Options {
  /** Called once per meant Enter; the field's value is final. */
  enter: () => void;
  /** Runs a function in the next task. */
  later?: (run: () => void) => void;
}

const hangulEnd = /[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]$/;

/** An Enter this soon after one that committed a syllable, and counted, is the same key press, reported again. */
const echo = 60;

export function createEnterReader({ enter, later = (run) => setTimeout(run, 0) }: Options) {
  let composing = false;
  let text = '';
  let remembered = false;
  /** The composition that just ended, until the next task or key: Safari's keydown belongs to it. */
  let ended: { hangul: boolean } | undefined;
  let committedAt = -Infinity;

  const commit = (at: number) => {
    committedAt = at;
    enter();
  };

  return {
    compositionstart() {
      composing = true;
      text = '';
      ended = undefined;
    },
    compositionupdate(data: string) {
      text = data;
    },
    compositionend(data: string, timeStamp: number) {
      composing = false;
      const hangul = hangulEnd.test(data === '' ? text : data);
      text = '';
      if (remembered) {
        later(() => {
          if (!remembered) return;
          remembered = false;
          commit(timeStamp);
        });
        return;
      }
      const mark = { hangul };
      ended = mark;
      // Safari's keydown follows within the same key press, though not always within the same task.
      later(() => later(() => (ended = ended === mark ? undefined : ended)));
    },
    /** Returns whether the key was an Enter that belongs to this reader. */
    keydown(event: KeyPress): boolean {
      if (event.key !== 'Enter' && !(event.keyCode === 229 && event.code === 'Enter')) {
        if (event.keyCode !== 229) ended = undefined;
        return false;
      }
      if (event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return false;
      if (composing || event.isComposing) {
        // The input method needs this key: nothing is prevented.
        if (hangulEnd.test(text)) remembered = true;
        return true;
      }
      if (event.keyCode === 229) {
        event.preventDefault();
        const last = ended;
        ended = undefined;
        if (last?.hangul) later(() => commit(event.timeStamp));
        return true;
      }
      event.preventDefault();
      ended = undefined;
      if (remembered || event.timeStamp - committedAt < echo) return true;
      enter();
      return true;
    },
    /** The field lost the focus: what was remembered does not outlive it. */
    reset() {
      composing = false;
      remembered = false;
      ended = undefined;
      text = '';
    },
    isComposing: () => composing,
  };
}

class EnterKeys<Field extends HTMLElement> {
  #enter: (field: Field) => void = () => undefined;
  #field: Field | undefined;
  readonly #reader = createEnterReader({
    enter: () => {
      if (this.#field) this.#enter(this.#field);
    },
  });

  listen(enter: (field: Field) => void): void {
    this.#enter = enter;
  }

  readonly isComposing = () => this.#reader.isComposing();
  readonly onKeyDown = (event: KeyboardEvent<Field>): boolean => {
    this.#field = event.currentTarget;
    return this.#reader.keydown(event.nativeEvent);
  };
  /** Spread onto the field. */
  readonly composition = {
    onCompositionStart: () => this.#reader.compositionstart(),
    onCompositionUpdate: (event: CompositionEvent<Field>) => this.#reader.compositionupdate(event.data),
    onCompositionEnd: (event: CompositionEvent<Field>) => {
      this.#field = event.currentTarget;
      this.#reader.compositionend(event.data, event.timeStamp);
    },
    onBlur: () => this.#reader.reset(),
  };
}

/** The handlers of a text field in which Enter means something. `enter` may change at every render. */
export function useEnter<Field extends HTMLElement>(enter: (field: Field) => void): EnterKeys<Field> {
  const [keys] = useState(() => new EnterKeys<Field>());
  useEffect(() => keys.listen(enter));
  return keys;
}
