import { useEffect, useState, type CompositionEvent, type KeyboardEvent } from 'react';
import { isTouch } from './layout';

/**
 * What Enter means while somebody types Korean. Browsers differ: Chrome reports Enter inside the composition, and on macOS
 * and Windows once more after it; Firefox on macOS adds a keypress alone; Safari tells of the key after the text, with code
 * 229, and composes Hangul mostly without any composition; Android says 229 for every key. Whoever asks only `isComposing`
 * either sends the last syllable twice or needs Enter twice. The orders are written down in app/typing.
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
  repeat?: boolean;
  timeStamp: number;
  preventDefault(): void;
}

interface Options {
  /** Called once per meant Enter; the field's value is final. */
  enter: () => void;
  /** The field's text before the caret. */
  before: () => string;
  /** Runs a function in the next task, or after some milliseconds. */
  later?: (run: () => void, ms: number) => void;
  /** When Enter finished a syllable and counted, in any field: the same press may be reported to the one that has the focus next. */
  finished?: { at: number };
}

const hangulEnd = /[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]$/;

/** The input method had this key first. */
const taken = 229;

/** An Enter this soon after one that finished a syllable, and counted, is the same key press, reported again. */
const echo = 60;

/** For a text that was emptied at its end and comes by itself: IBus does both by messages of their own. */
const delivery = 30;

const anywhere = { at: -Infinity };

/** The input method hides a key's name, not its place. */
const isEnter = ({ key, code, keyCode }: KeyPress) =>
  key === 'Enter' || (keyCode === taken && (code === 'Enter' || code === 'NumpadEnter'));

const isBare = (key: Pick<KeyPress, 'shiftKey' | 'altKey' | 'ctrlKey' | 'metaKey'>) =>
  !key.shiftKey && !key.altKey && !key.ctrlKey && !key.metaKey;

export function createEnterReader({
  enter,
  before,
  later = (run, ms) => setTimeout(run, ms),
  finished = anywhere,
}: Options) {
  let composing = false;
  let text = '';
  /** Enter came inside the composition: it counts when that ends. */
  let remembered = false;
  /** Since when a remembered Enter is to count: the composition has ended, the next task has not come. */
  let due: number | undefined;

  const count = () => {
    if (due === undefined) return;
    const at = due;
    due = undefined;
    // Hanja that Enter chose from a list is only chosen.
    if (!hangulEnd.test(before())) return;
    finished.at = at;
    enter();
  };

  return {
    compositionstart() {
      count();
      composing = true;
      text = '';
    },
    compositionupdate(data: string) {
      text = data;
    },
    compositionend(timeStamp: number, data: string) {
      composing = false;
      if (remembered) {
        due = timeStamp;
        later(count, data === '' ? delivery : 0);
      }
      remembered = false;
      text = '';
    },
    /** Returns whether the key was Enter, or is the input method's: nobody else is to act on it. */
    keydown(event: KeyPress): boolean {
      const methods = composing || event.isComposing || event.keyCode === taken;
      if (!isEnter(event) || !isBare(event)) {
        // Timers wait for a fast typist's keys; what is typed from here on is the next text.
        count();
        finished.at = -Infinity;
        remembered = false;
        return methods;
      }
      if (composing || event.isComposing) {
        // The input method needs this key: nothing is prevented.
        remembered ||= hangulEnd.test(text);
        return true;
      }
      event.preventDefault();
      // A key that is held down says nothing new.
      if (event.repeat) return true;
      if (due !== undefined) {
        count();
        return true;
      }
      if (event.timeStamp - finished.at < echo) return true;
      // Safari's, after the text is there: what it committed stands before the caret.
      if (event.keyCode === taken && !hangulEnd.test(before())) return true;
      enter();
      return true;
    },
    /**
     * The same on a screen keyboard. It composes every word, Latin too, and goes on composing after Enter: that comes as
     * itself when the keyboard does not need it.
     */
    touched(event: KeyPress): boolean {
      if (event.key !== 'Enter' || event.keyCode === taken) {
        return composing || event.isComposing || event.keyCode === taken;
      }
      event.preventDefault();
      if (!event.repeat) enter();
      return true;
    },
    /** The field lost the focus: what was remembered does not outlive it, what is only waiting for its task does. */
    blur() {
      count();
      composing = false;
      remembered = false;
      text = '';
    },
    isComposing: () => composing,
  };
}

type Field = HTMLInputElement | HTMLTextAreaElement;

class EnterKeys<F extends Field> {
  #enter: (field: F) => void = () => undefined;
  #field: F | undefined;
  readonly #reader = createEnterReader({
    enter: () => {
      if (this.#field) this.#enter(this.#field);
    },
    before: () => this.#field?.value.slice(0, this.#field.selectionEnd ?? undefined) ?? '',
  });

  listen(enter: (field: F) => void): void {
    this.#enter = enter;
  }

  /** Has the browser end what is composed in the field, whose text is then read or replaced: never under the input method. */
  readonly finish = (field: F): void => {
    if (!this.#reader.isComposing()) return;
    field.blur();
    field.focus();
  };
  /** Returns whether nobody else is to act on the key. */
  readonly onKeyDown = (event: KeyboardEvent<F>): boolean => {
    this.#field = event.currentTarget;
    return isTouch() ? this.#reader.touched(event.nativeEvent) : this.#reader.keydown(event.nativeEvent);
  };
  /** Spread onto the field. */
  readonly composition = {
    onCompositionStart: () => this.#reader.compositionstart(),
    onCompositionUpdate: (event: CompositionEvent<F>) => this.#reader.compositionupdate(event.data),
    onCompositionEnd: (event: CompositionEvent<F>) => {
      this.#field = event.currentTarget;
      this.#reader.compositionend(event.timeStamp, event.data);
    },
    // Every Enter that may break a line or submit a form was seen as a key, but for Firefox's on macOS that ends Hangul.
    onKeyPress: (event: KeyboardEvent<F>) => {
      if (event.key === 'Enter' && isBare(event) && !isTouch()) event.preventDefault();
    },
    onBlur: () => this.#reader.blur(),
  };
}

/** The handlers of a text field in which Enter means something. `enter` may change at every render. */
export function useEnter<F extends Field>(enter: (field: F) => void): EnterKeys<F> {
  const [keys] = useState(() => new EnterKeys<F>());
  useEffect(() => keys.listen(enter));
  return keys;
}
