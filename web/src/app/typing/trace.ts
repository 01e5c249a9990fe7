/**
 * What a browser tells of typing, in the order in which it tells it.
 *
 * None of these was recorded by us: there is no Windows, no Mac and no phone where this is built. Each is put together from
 * what `from` names, a specification, a browser's source, a bug report with its event log; where that leaves a step open,
 * it is the order that is harder for us.
 */
export interface Trace {
  name: string;
  from: string;
  /** desk: a pointer and a keyboard. touch: a finger. */
  on?: 'desk' | 'touch';
  /** Where it is replayed; everywhere by default. */
  only?: readonly Place[];
  /** What the field holds before. */
  given?: string;
  /**
   * One event a line; an empty line is the next key press, about a tenth of a second later. Lines without one between them
   * come in one task, as when the page is busy.
   *
   *     task                            the next task: timers have run
   *     wait                            a twentieth of a second
   *     down|up KEY CODE 229 [FLAG…]    flags: composing shift alt ctrl meta repeat; _ is the space bar, - is no code; an
   *                                     Enter that nobody takes does what Enter does
   *     press                           the keypress of Enter alone
   *     start
   *     compose TEXT                    compositionupdate, beforeinput, the field's text, input
   *     end [TEXT]                      compositionend; what was composed stays
   *     commit TEXT                     Safari: the composed text goes, this comes, outside the composition
   *     insert TEXT                     insertText at the caret
   *     space                           the same of one space
   *     replace TEXT                    insertReplacementText: instead of the last character
   *     delete                          deleteContentBackward
   *     break                           insertLineBreak, of a screen keyboard that reports no key for it
   *     paste TEXT
   *     blur
   *     click                           the button that sends
   *     click-without-blur              the same where a button takes no focus
   */
  events: string;
  /** What is sent, in order; the editor saves the first, search boxes go to it. */
  sent: readonly string[];
  /** What is in the composer at the end. */
  left: string;
}

export type Place = 'composer' | 'edit' | 'search' | 'form' | 'switcher';

/** The lines of a trace: a verb and its words. */
export function steps({ events }: Trace): string[] {
  return events
    .replace(/^\n|\n\s*$/g, '')
    .split('\n')
    .map((line) => line.trimStart());
}
