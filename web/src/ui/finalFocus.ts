import { isTouch } from '../lib/layout';

/**
 * Where the focus goes when something that stood over the page closes: back, unless what was chosen there has taken it
 * somewhere already, as editing a message takes it to the field, and deleting one to the question whether to.
 */
export function finalFocus(back?: HTMLElement): HTMLElement | boolean {
  const now = document.activeElement;
  const left = now !== null && now !== document.body && now.closest('[data-base-ui-portal]') === null;
  const elsewhere = left || (now?.closest('[role="dialog"][data-open]') ?? null) !== null;
  setTimeout(toTheScreen, 100);
  return elsewhere ? false : (back ?? true);
}

/**
 * Whoever was led to another screen meanwhile has nothing to go back to: they begin with what the screen is for, which has
 * data-begin, or with its beginning. A field of a phone would open its keyboard.
 */
function toTheScreen(): void {
  if (document.activeElement !== document.body) return;
  const main = document.getElementById('main');
  const begin = isTouch() ? null : document.querySelector<HTMLElement>('[data-begin]');
  if (!begin) main?.setAttribute('tabindex', '-1');
  (begin ?? main)?.focus();
}
