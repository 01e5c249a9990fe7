/**
 * Where the focus goes when something that stood over the page closes: back, unless what was chosen there has taken it
 * somewhere already, as editing a message takes it to the field.
 */
export function finalFocus(back?: HTMLElement): HTMLElement | boolean {
  const now = document.activeElement;
  const elsewhere = now !== null && now !== document.body && now.closest('[data-base-ui-portal]') === null;
  return elsewhere ? false : (back ?? true);
}
