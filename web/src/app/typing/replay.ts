import { act } from 'react';
import { steps, type Trace } from './trace';

type Field = HTMLInputElement | HTMLTextAreaElement;

/** Goes on through all traces: no two events have the same time, and no two presses of different traces are near. */
let clock = 1000;

export const nextTask = (ms = 2) => act(() => new Promise<void>((done) => setTimeout(done, ms)));

/** The field's value as the browser changes it: past whatever React or a test has put before it. */
function write(field: Field, text: string): void {
  const { prototype } = field instanceof HTMLInputElement ? HTMLInputElement : HTMLTextAreaElement;
  Object.getOwnPropertyDescriptor(prototype, 'value')?.set?.call(field, text);
}

/** Does to a field what a browser does, in the order of a trace. */
export class Replay {
  /** What was done to the field while the input method had it. */
  readonly rewritten: string[] = [];
  /** The composed text, from where it begins. */
  #composed: { at: number; text: string } | undefined;
  readonly #children = new MutationObserver(() => undefined);

  constructor(
    readonly field: Field,
    readonly send: () => HTMLElement | null = () => null,
  ) {
    const value = Object.getOwnPropertyDescriptor(field, 'value');
    Object.defineProperty(field, 'value', {
      configurable: true,
      get: () => value?.get?.call(field) as string,
      set: (text: string) => {
        if (this.#composed) this.rewritten.push(`value: ${text}`);
        value?.set?.call(field, text);
      },
    });
    // A browser ends the composition of a field that loses the focus, and only then tells of it.
    const blur = field.blur.bind(field);
    field.blur = () => {
      if (this.#composed) this.#end(this.#composed.text);
      blur();
    };
    this.#children.observe(field, { childList: true, characterData: true, subtree: true, attributeFilter: ['value'] });
  }

  /** `between` runs after each step, in its task: what else happens on a page while somebody types. */
  async run(trace: Trace, between?: () => void): Promise<void> {
    clock += 1000;
    act(() => this.field.focus());
    for (const step of steps(trace)) {
      const [verb = '', ...words] = step.split(' ');
      if (verb === '') {
        await nextTask();
        clock += 90;
      } else if (verb === 'task') {
        await nextTask();
      } else if (verb === 'wait') {
        await nextTask(50);
      } else {
        // A browser flushes React's work with each event of a hand.
        act(() => this.#step(verb, words, words.join(' ')));
      }
      if (between) act(between);
      clock += 1;
      for (const one of this.#children.takeRecords()) {
        if (this.#composed) this.rewritten.push(`${one.type} ${one.attributeName ?? ''}`);
      }
    }
    await nextTask();
    await nextTask();
  }

  /** Text that a hand types without an input method. */
  type(text: string): void {
    this.#change('insertText', text, this.field.value + text);
  }

  #step(verb: string, words: string[], text: string): void {
    const { field } = this;
    switch (verb) {
      case 'down':
        this.#key('keydown', words);
        return;
      case 'up':
        this.#key('keyup', words);
        return;
      case 'press':
        this.#press(['Enter', 'Enter', '13']);
        return;
      case 'start':
        // The field may still be emptied: nothing is in it yet. e2e/typing.spec.ts has a real Chromium agree.
        this.#tell(new CompositionEvent('compositionstart', { bubbles: true, data: '' }));
        this.#composed = { at: field.value.length, text: '' };
        return;
      case 'compose': {
        const composed = this.#composed;
        if (!composed) throw new Error('nothing is composed');
        composed.text = text;
        this.#tell(new CompositionEvent('compositionupdate', { bubbles: true, data: text }));
        this.#change('insertCompositionText', text, field.value.slice(0, composed.at) + text);
        return;
      }
      case 'commit': {
        const composed = this.#composed;
        if (!composed) throw new Error('nothing is composed');
        composed.text = text;
        this.#change('deleteCompositionText', null, field.value.slice(0, composed.at));
        this.#change('insertFromComposition', text, field.value + text);
        return;
      }
      case 'end':
        this.#end(text);
        return;
      case 'insert':
      case 'paste':
        this.#change(verb === 'paste' ? 'insertFromPaste' : 'insertText', text, field.value + text);
        return;
      case 'space':
        this.#change('insertText', ' ', `${field.value} `);
        return;
      case 'replace':
        this.#change('insertReplacementText', text, field.value.slice(0, -1) + text);
        return;
      case 'delete':
        this.#change('deleteContentBackward', null, field.value.slice(0, -1));
        return;
      case 'break':
        this.#change('insertLineBreak', null, `${field.value}\n`);
        return;
      case 'blur':
        // Some tell of the end only after the field has lost the focus: the trace has that.
        HTMLElement.prototype.blur.call(field);
        return;
      case 'click':
      case 'click-without-blur':
        this.send()?.click();
        return;
      default:
        throw new Error(`no such step: ${verb}`);
    }
  }

  #end(data: string): void {
    this.#composed = undefined;
    this.#tell(new CompositionEvent('compositionend', { bubbles: true, data }));
  }

  #key(type: 'keydown' | 'keyup' | 'keypress', [name, place, code, ...flags]: string[]): boolean {
    const has = (flag: string) => flags.includes(flag);
    return this.#tell(
      new KeyboardEvent(type, {
        key: name === '_' ? ' ' : (name ?? ''),
        code: place === '-' ? '' : (place ?? ''),
        keyCode: Number(code),
        charCode: type === 'keypress' ? Number(code) : 0,
        isComposing: has('composing'),
        shiftKey: has('shift'),
        altKey: has('alt'),
        ctrlKey: has('ctrl'),
        metaKey: has('meta'),
        repeat: has('repeat'),
        bubbles: true,
        cancelable: true,
      }),
      () => {
        if (type === 'keydown' && name === 'Enter' && code === '13') this.#press([name, place ?? '', code, ...flags]);
      },
    );
  }

  /** The keypress of an Enter, and what a browser does with it. */
  #press(words: string[]): void {
    if (!this.#key('keypress', words)) return;
    if (this.field instanceof HTMLInputElement) this.field.form?.requestSubmit();
    else this.#change('insertLineBreak', null, `${this.field.value}\n`);
  }

  #change(inputType: string, data: string | null, after: string): void {
    const init = { inputType, data, isComposing: this.#composed !== undefined, bubbles: true };
    this.#tell(new InputEvent('beforeinput', { ...init, cancelable: !init.isComposing }), () => {
      write(this.field, after);
      this.#tell(new InputEvent('input', init));
    });
  }

  /** Dispatches with the time of the trace; returns whether the default follows, and has it follow. */
  #tell(event: Event, otherwise: () => void = () => undefined): boolean {
    clock += 0.01;
    Object.defineProperty(event, 'timeStamp', { value: clock });
    const goes = this.field.dispatchEvent(event);
    if (goes) otherwise();
    return goes;
  }
}
