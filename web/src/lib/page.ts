import type { Page } from '../wire.gen';

/** What the server put into the page: empty under the development server. */
export function readPage(): Partial<Page> {
  const text = document.getElementById('maru-page')?.textContent ?? '';
  try {
    return JSON.parse(text) as Partial<Page>;
  } catch {
    return {};
  }
}
