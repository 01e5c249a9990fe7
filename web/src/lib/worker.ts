import { useConn } from './conn';
import { useTrays } from './tray';

/** What the page's policy allows to make the address of a script; TypeScript's own library does not know it yet. */
interface TrustedTypes {
  createPolicy(name: 'maru', rules: { createScriptURL(): string }): { createScriptURL(from: string): string };
}
const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };

/** Has the browser keep the site's shell: see worker/sw.ts. Without it, or without https, there is none. */
export async function keepShell(shown: boolean): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  try {
    const address =
      trustedTypes?.createPolicy('maru', { createScriptURL: () => '/sw.js' }).createScriptURL('') ?? '/sw.js';
    const registration = await navigator.serviceWorker.register(address, { updateViaCache: 'none' });
    if (shown) followServer(registration);
  } catch {
    // The browser does not want one, or the line broke: the next page tries again.
  }
}

/**
 * This page came from the shell. When the server is there again it may have a newer site: the worker that brings it has
 * this page loaded anew, once, as a page of the server. Pages that the server sent stay as they are until they are left.
 */
function followServer(registration: ServiceWorkerRegistration): void {
  const stop = useConn.subscribe(({ online }) => {
    if (!online) return;
    stop();
    registration.update().catch(() => undefined);
  });
  navigator.serviceWorker.addEventListener('controllerchange', reloadAtLeisure);
}

/** What is unsent and what is drafted is kept; what is being changed, and photos that were chosen, would be lost. */
function reloadAtLeisure(): void {
  const fields = [...document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input, textarea')];
  const busy =
    fields.some(({ value, type }) => value !== '' && !['radio', 'checkbox'].includes(type)) ||
    Object.values(useTrays.getState()).some((tray) => tray.length > 0);
  if (busy) setTimeout(reloadAtLeisure, 5000);
  else location.reload();
}
