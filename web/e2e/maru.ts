import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test as base, type Browser, type BrowserContext, type Page } from '@playwright/test';

/** The real program on a data folder of its own. It can be ended and started again on the same folder. */
export class Maru {
  #process: ChildProcess | undefined;

  private constructor(
    readonly data: string,
    readonly port: number,
    readonly limits: 'on' | 'off',
    readonly https: boolean,
  ) {}

  static async start(limits: 'on' | 'off' = 'off', https = false): Promise<Maru> {
    const maru = new Maru(await mkdtemp(join(tmpdir(), 'maru-e2e-')), await freePort(), limits, https);
    await maru.start();
    return maru;
  }

  get url(): string {
    return `${this.https ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const flags = ['--data', this.data, '--addr', `127.0.0.1:${this.port}`, '--admin-addr', ''];
    // Where no CA answers, it shows a certificate of its own making.
    if (this.https) flags.push('--tls-acme', 'maru.test', '--tls-acme-directory', 'https://127.0.0.1:1/directory');
    this.#process = spawn('../bin/maru', [...flags, '--rate-limits', this.limits, '--drain', '100ms'], {
      stdio: 'ignore',
    });
    for (let tries = 0; tries < 400; tries += 1) {
      // Plain HTTP is sent to HTTPS, which this does not follow: it would not believe the certificate.
      const answer = await fetch(`http://127.0.0.1:${this.port}/healthz`, { redirect: 'manual' }).catch(
        () => undefined,
      );
      if (answer && answer.status < 400) return;
      await sleep(25);
    }
    throw new Error('maru does not serve');
  }

  /** Ends the program as a power cut would. */
  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (!running) return;
    running.kill('SIGKILL');
    if (running.exitCode === null && running.signalCode === null) await once(running, 'exit');
  }

  /** Has it say nothing: connections are taken, and nothing comes of them. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  wake(): void {
    this.#process?.kill('SIGCONT');
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.data, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export const desk = { viewport: { width: 1440, height: 900 } };
export const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

export type Device = (typeof desk | typeof phone) & { serviceWorkers?: 'allow' | 'block'; ignoreHTTPSErrors?: boolean };
/** Both sizes, for what holds at each. */
export const sizes: [string, Device][] = Object.entries({ desk, phone });

/** What a page complains about; every test ends with nothing of it. */
export const complaints: string[] = [];

/** The browsers of the test, with where they are; they close with it. */
const opened = new Map<BrowserContext, string>();

/** A browser of somebody's own. */
export async function open(browser: Browser, maru: { url: string }, device: Device): Promise<Page> {
  // What goes through a worker no test can stand in for; offline.spec.ts has it.
  const context = await browser.newContext({ serviceWorkers: 'block', ...device, baseURL: maru.url, locale: 'ko-KR' });
  opened.set(context, maru.url);
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/u.test(message.text())) {
      complaints.push(`${page.url()}: ${message.text()}`);
    }
  });
  return page;
}

/** A call of the API as who is logged in there. */
export async function call<Answer>(page: Page, method: string, path: string, data?: unknown): Promise<Answer> {
  const headers = { Origin: opened.get(page.context()) ?? '' };
  const answer = await page.request.fetch(`/api/v1${path}`, { method, headers, ...(data ? { data } : {}) });
  if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
  return (answer.status() === 204 ? undefined : await answer.json()) as Answer;
}

/** A browser of somebody who has an account. */
export async function enter(browser: Browser, maru: { url: string }, device: Device, loginId: string, name: string) {
  const page = await open(browser, maru, device);
  await call(page, 'POST', '/users', { loginId, name, password: `password of ${loginId}` });
  return page;
}

interface NewRoom {
  name: string;
  category?: string;
  topic?: string;
  emoji?: string;
}

/** A room, made without the dialog; its members join without the card. */
export async function makeRoom(page: Page, room: NewRoom, ...members: Page[]): Promise<string> {
  const made = await call<{ room: { id: string } }>(page, 'POST', '/rooms', { category: '시험', ...room });
  for (const member of members) await call(member, 'PUT', `/rooms/${made.room.id}/members/me`);
  return made.room.id;
}

let told = 0;

/** A message that is on disk when this returns. */
export async function tell(page: Page, room: string, text: string): Promise<void> {
  await call(page, 'POST', `/rooms/${room}/messages`, { clientId: `told-${(told += 1)}`, text });
}

export async function signUp(page: Page, loginId: string, name: string): Promise<void> {
  await page.goto('/signup');
  await page.getByLabel('아이디', { exact: true }).fill(loginId);
  await page.getByLabel('비밀번호', { exact: true }).fill(`password of ${loginId}`);
  await page.getByLabel('이름', { exact: true }).fill(name);
  await page.getByRole('button', { name: '가입하기' }).click();
  await page.waitForURL((url) => url.pathname === '/');
}

export async function createRoom(page: Page, name: string, category: string): Promise<string> {
  await page.goto('/');
  await page.getByRole('button', { name: '방 만들기' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('방 이름').fill(name);
  const known = dialog.getByRole('radio', { name: category, exact: true });
  if ((await known.count()) > 0) await known.check({ force: true });
  else {
    const another = dialog.getByRole('radio', { name: '새 카테고리' });
    if ((await another.count()) > 0) await another.check({ force: true });
    await dialog.getByLabel('새 카테고리 이름').fill(category);
  }
  await dialog.getByRole('button', { name: '만들기' }).click();
  await page.waitForURL(/\/rooms\/[^/]+$/u);
  return new URL(page.url()).pathname.split('/')[2] ?? '';
}

export const log = (page: Page) => page.getByRole('log');
export const composer = (page: Page) => page.getByRole('textbox', { name: /보낼 메시지$/u });
/** The message that says this. */
export const message = (page: Page, text: string) => log(page).getByRole('article').filter({ hasText: text });

export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await page.getByRole('button', { name: '보내기', exact: true }).click();
}

export const test = base.extend<{ limits: 'on' | 'off'; https: boolean; maru: Maru; tidy: undefined }>({
  limits: ['off', { option: true }],
  https: [false, { option: true }],
  maru: async ({ limits, https }, use) => {
    const maru = await Maru.start(limits, https);
    await use(maru);
    await maru.remove();
  },
  // A fixture, not a hook: hooks of a shared file hold for the first file that loads it alone.
  tidy: [
    // eslint wants a pattern here, and the fixture needs nothing.
    async ({ browserName: _ }, use) => {
      complaints.splice(0);
      await use(undefined);
      await Promise.all([...opened.keys()].map((context) => context.close()));
      opened.clear();
      if (complaints.length > 0) throw new Error(`the pages complained:\n${complaints.join('\n')}`);
    },
    { auto: true },
  ],
});

export { expect } from '@playwright/test';

/** What this browser keeps. */
export const kept = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<{ outbox: unknown[]; drafts: unknown[] }>((resolve, reject) => {
        const opening = indexedDB.open('maru');
        opening.onerror = () => reject(new Error('not opened'));
        opening.onsuccess = () => {
          const db = opening.result;
          const tx = db.transaction(['outbox', 'drafts']);
          const outbox = tx.objectStore('outbox').getAll();
          const drafts = tx.objectStore('drafts').getAll();
          tx.oncomplete = () => {
            db.close();
            resolve({ outbox: outbox.result, drafts: drafts.result });
          };
        };
      }),
  );
