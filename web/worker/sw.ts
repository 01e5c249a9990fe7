/**
 * The service worker: it keeps the site's shell, the page without anybody's state and the files that it needs, for when
 * the server does not answer. Where it answers, its page is always used, so that nobody sees a site of yesterday. What
 * belongs to people (/api, /images, /socket.io) does not pass through here.
 *
 * It is one file and imports nothing. The build puts BUILD before it: see vite.config.ts and docs/adr/0019.
 */
declare const BUILD: {
  /** Another one with every change of the site, and of this file. */
  version: string;
  /** The SHA-256 of the built page, in hex. */
  shell: string;
  /** The scripts and styles of the site. Their names hold a digest of what is in them. */
  files: string[];
};
const worker = self as unknown as ServiceWorkerGlobalScope;

const family = 'maru-shell-';
const current = family + BUILD.version;
const shellAddress = '/shell.html';

/** A server that says nothing for so long is not there, as far as its reader can tell. */
const patience = 4000;

/** What stands before a server says these; ours never does. */
const notOurs = [502, 504];

/** After this long the page before has given its place to the next one. */
const settled = 5000;

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== worker.location.origin) return;
  if (request.mode === 'navigate') {
    if (isPage(pathname)) event.respondWith(page(event));
  } else if (/^\/assets\/.+\.(js|css)$/u.test(pathname)) event.respondWith(file(request));
});

/** Where the server sends the site's page. */
const isPage = (pathname: string): boolean =>
  !/^\/(api|images|socket\.io|healthz|readyz)(\/|$)/u.test(pathname) && !/\.[^/]*$/u.test(pathname);

/** All of a version is kept, or nothing. Pages of an older one go on: this one begins with the next page. */
async function install(): Promise<void> {
  const cache = await caches.open(current);
  try {
    await cache.addAll(BUILD.files);
    // Without cookies: nobody's. Another node, or the next release, may answer this one.
    const shell = await fetch(shellAddress, { cache: 'no-store', credentials: 'omit', redirect: 'error' });
    if (!shell.ok || (await digestOf(shell.clone())) !== BUILD.shell)
      throw new Error('the shell is of another version');
    // Last, so that where a shell is, everything is that it needs.
    await cache.put(shellAddress, shell);
  } catch (error) {
    // The browser tries again with one of the next pages.
    await caches.delete(current);
    throw error;
  }
  await worker.skipWaiting();
}

async function digestOf(response: Response): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await response.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function activate(): Promise<void> {
  // The page is on its way while this worker is woken.
  await worker.registration.navigationPreload.enable().catch(() => undefined);
  await tidy();
}

/**
 * Removes what older versions kept, once nobody has another page open that may ask for it; till then the last of them
 * stays. What is newer than this version is being installed.
 */
async function tidy(page?: string): Promise<void> {
  const kept = (await caches.keys()).filter((name) => name.startsWith(family));
  const older = kept.slice(0, Math.max(kept.indexOf(current), 0));
  if (older.length === 0) return;
  if (page !== undefined) await pause(settled);
  const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (pages.some(({ id }) => id !== page)) older.pop();
  await Promise.all(older.map((name) => caches.delete(name)));
}

const pause = (ms: number): Promise<undefined> => new Promise((resolve) => setTimeout(() => resolve(undefined), ms));

async function page(event: FetchEvent): Promise<Response> {
  const asked = answer(event);
  const coming = asked.catch(() => undefined);
  const response = await Promise.race([coming, pause(patience)]);
  if (response && !notOurs.includes(response.status)) {
    event.waitUntil(tidy(event.resultingClientId));
    return response;
  }
  const shell = await caches.open(current).then((cache) => cache.match(shellAddress, { ignoreVary: true }));
  // With neither, the browser says it in its own words.
  return shell ?? response ?? asked;
}

async function answer(event: FetchEvent): Promise<Response> {
  const preloaded = (await event.preloadResponse) as Response | undefined;
  return preloaded ?? fetch(event.request);
}

/** Also of an older version, for a page that is still open: their names are never used twice. */
const file = async (request: Request): Promise<Response> =>
  (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
