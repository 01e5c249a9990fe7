import type { Page } from '@playwright/test';
import { Front } from './front';
import {
  call,
  composer,
  desk,
  enter,
  expect,
  kept,
  log,
  makeRoom,
  message,
  open,
  phone,
  say,
  tell,
  test,
} from './maru';
import { copied, shellKept } from './shell';

const withWorker = { ...desk, serviceWorkers: 'allow' } as const;

/**
 * Waits until the worker of a new release has taken over. Chromium loses a navigation that arrives in the very milliseconds
 * in which one worker gives way to the next (6 of 950 tries that were aimed there): the browser's, not ours.
 */
const takenOver = (page: Page) =>
  expect
    .poll(
      () =>
        page.evaluate(async () => {
          const workers = await navigator.serviceWorker.getRegistration();
          return [workers?.installing?.state, workers?.waiting?.state, workers?.active?.state];
        }),
      { timeout: 15_000 },
    )
    .toEqual([undefined, undefined, 'activated']);

/** Everything that this browser keeps, as text. */
const everything = (page: Page) =>
  page.evaluate(async () => {
    const found: string[] = [JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        found.push(`${name} ${request.url}`);
        if (!/\/assets\//u.test(request.url)) found.push((await (await cache.match(request))?.text()) ?? '');
      }
    }
    for (const { name = '' } of await indexedDB.databases()) {
      const db = await new Promise<IDBDatabase>((resolve, reject) => {
        const opening = indexedDB.open(name);
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(new Error(name));
      });
      for (const store of db.objectStoreNames) {
        const all = db.transaction(store).objectStore(store).getAll();
        await new Promise((resolve) => {
          all.onsuccess = resolve;
        });
        found.push(`${name}/${store}: ${JSON.stringify(all.result)}`);
      }
      db.close();
    }
    return found.join('\n');
  });

const row = (page: Page, name: RegExp) => page.getByRole('navigation').getByRole('link', { name });
const offline = (page: Page) => page.getByText('연결이 끊겼어요');

for (const [lang, name] of [
  ['ko', '마루'],
  ['en', 'Maru'],
] as const) {
  test(`the site can be installed as ${name}`, async ({ browser, maru }) => {
    const page = await open(browser, maru, { ...phone, serviceWorkers: 'allow' });
    await page.context().addCookies([{ name: 'maru_lang', value: lang, url: maru.url }]);
    await page.goto('/');
    await shellKept(page);
    const cdp = await page.context().newCDPSession(page);
    const { errors, data = '{}' } = await cdp.send('Page.getAppManifest');
    expect(errors).toEqual([]);
    // A context of tests is as private as a window without a memory, where nothing can be installed.
    const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
    expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual([]);
    const manifest = JSON.parse(data) as Record<string, unknown> & {
      icons: { src: string; sizes: string; purpose: string }[];
    };
    expect(manifest).toMatchObject({ name, short_name: name, lang, start_url: '/', scope: '/', display: 'standalone' });
    // Around an installed page the system draws the colour that the page itself names.
    const colour = page.locator('meta[name="theme-color"][media*="light"]');
    expect(manifest['theme_color']).toBe(await colour.getAttribute('content'));
    expect(manifest.icons.map(({ sizes, purpose }) => `${sizes} ${purpose}`)).toEqual([
      '192x192 any',
      '512x512 any',
      '192x192 maskable',
      '512x512 maskable',
    ]);
    const touch = await page.locator('link[rel="apple-touch-icon"]').getAttribute('href');
    for (const { src, sizes } of [...manifest.icons, { src: touch ?? '', sizes: '180x180' }]) {
      const size = await page.evaluate(async (src) => {
        const answer = await fetch(src);
        const image = await createImageBitmap(await answer.blob());
        return `${answer.headers.get('content-type')} ${image.width}x${image.height}`;
      }, src);
      expect(size).toBe(`image/png ${sizes}`);
    }
  });
}

test('without a server the list and the last rooms are there to read, and what is written goes when it is back', async ({
  browser,
  maru,
}) => {
  const jisu = await enter(browser, maru, withWorker, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const first = await makeRoom(jisu, { name: '첫째 방' }, minho);
  const second = await makeRoom(jisu, { name: '둘째 방' }, minho);
  for (let i = 0; i < 120; i += 1) await tell(minho, first, `첫째 ${i}.`);
  await tell(minho, second, '둘째의 말.');
  await jisu.goto(`/rooms/${second}`);
  await expect(message(jisu, '둘째의 말.')).toBeVisible();
  // So much is unread that it opens far from its newest messages.
  await row(jisu, /첫째 방/u).click();
  await expect(message(jisu, '첫째 0.')).toBeVisible();
  await expect(message(jisu, '첫째 119.')).toHaveCount(0);
  await shellKept(jisu);
  await copied(jisu, '첫째 119.');
  await copied(jisu, '둘째의 말.');
  // Nothing of anybody is in what the worker keeps.
  const shell = await jisu.evaluate(async () => (await caches.match('/shell.html'))?.text());
  expect(shell).toMatch(/id="maru-page">\s*\{\}\s*<\/script>/u);
  expect(shell).not.toContain('최지수');

  await jisu.goto('about:blank');
  // Meanwhile the room goes on: more is said, something is changed, something deleted.
  for (let i = 120; i < 150; i += 1) await tell(minho, first, `첫째 ${i}.`);
  const { messages } = await call<{ messages: { seq: number; text?: string }[] }>(
    minho,
    'GET',
    `/rooms/${first}/messages?limit=60`,
  );
  const seqOf = (text: string) => messages.find((one) => one.text === text)?.seq ?? 0;
  await call(minho, 'PATCH', `/rooms/${first}/messages/${seqOf('첫째 100.')}`, { text: '고친 말' });
  await call(minho, 'DELETE', `/rooms/${first}/messages/${seqOf('첫째 110.')}`);
  await maru.kill();

  await test.step('the shell, with what was read last', async () => {
    await jisu.goto(`/rooms/${first}`);
    await expect(message(jisu, '첫째 119.')).toBeVisible();
    await expect(message(jisu, '첫째 120.')).toHaveCount(0);
    await expect(log(jisu).getByRole('article')).toHaveCount(100);
    await expect(log(jisu).getByText('김민호').first()).toBeAttached();
    await expect(jisu.getByText('최지수').first()).toBeVisible();
    await row(jisu, /둘째 방/u).click();
    await expect(message(jisu, '둘째의 말.')).toBeVisible();
    await expect(offline(jisu)).toBeVisible();
    await row(jisu, /첫째 방/u).click();
    await say(jisu, '비행기에서');
    await expect(message(jisu, '비행기에서')).toContainText('기다리는 중');
    // A page that goes before that asks whether it may.
    await expect.poll(async () => (await kept(jisu)).outbox).toHaveLength(1);
    await jisu.reload();
    await expect(message(jisu, '비행기에서')).toContainText('기다리는 중');
    await jisu.goto('/');
    await expect(jisu.getByRole('heading', { name: '전체 채팅방' })).toBeVisible();
    await expect(jisu.getByRole('main').getByRole('link', { name: /둘째 방/u })).toBeVisible();
    await jisu.goto(`/rooms/${first}`);
    await expect(message(jisu, '첫째 119.')).toBeVisible();
  });

  await test.step('back again it catches up, without a hole and without a new page', async () => {
    await jisu.evaluate(() => Object.assign(window, { same: true }));
    await maru.start();
    await expect(message(jisu, '첫째 149.')).toBeAttached({ timeout: 20_000 });
    await expect(offline(jisu)).toHaveCount(0, { timeout: 20_000 });
    await expect(message(jisu, '비행기에서')).toHaveCount(1);
    await expect(message(jisu, '비행기에서')).not.toContainText('기다리는 중');
    await expect(message(jisu, '고친 말')).toHaveCount(1);
    await expect(message(jisu, '첫째 110.')).toHaveCount(0);
    const shown = (await log(jisu).getByRole('article').allInnerTexts()).flatMap((text) => {
      const found = /첫째 (\d+)\./u.exec(text)?.[1];
      return found === undefined ? [] : [Number(found)];
    });
    const expected = Array.from({ length: 150 }, (_, i) => i).filter((i) => i !== 100 && i !== 110);
    expect(shown).toEqual(expected.slice(-shown.length));
    expect(shown.length).toBeGreaterThanOrEqual(120);
    expect(await jisu.evaluate(() => 'same' in window)).toBe(true);
  });
});

test('a server that says nothing is waited for a few seconds, and then the shell is shown', async ({
  browser,
  maru,
}) => {
  const jisu = await enter(browser, maru, withWorker, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '느린 방' });
  await tell(jisu, room, '빠를 때.');
  await jisu.goto(`/rooms/${room}`);
  await shellKept(jisu);
  await copied(jisu, '빠를 때.');
  maru.pause();
  const asked = Date.now();
  await jisu.goto(`/rooms/${room}`);
  await expect(message(jisu, '빠를 때.')).toBeVisible();
  // The server still says nothing, so that this is the shell: whoever waits for it waits for ever.
  expect(Date.now() - asked).toBeGreaterThan(3000);
  maru.wake();
  await expect(offline(jisu)).toHaveCount(0, { timeout: 20_000 });
  await tell(jisu, room, '다시 빠르게.');
  await expect(message(jisu, '다시 빠르게.')).toBeVisible();
});

test('whoever was never here is told that there is no connection, and sees the site when it comes', async ({
  browser,
  maru,
}) => {
  const visitor = await open(browser, maru, withWorker);
  await visitor.goto('/');
  await shellKept(visitor);
  await visitor.context().addCookies([{ name: 'maru_lang', value: 'en', url: maru.url }]);
  await maru.kill();
  await visitor.goto('/');
  await expect(visitor.getByRole('heading', { name: 'All rooms' })).toBeVisible();
  await expect(visitor.getByRole('button', { name: 'Try again' })).toBeVisible({ timeout: 15_000 });
  await maru.start();
  await expect(visitor.getByRole('button', { name: 'Try again' })).toHaveCount(0, { timeout: 20_000 });
});

const releaseOf = (page: Page) => page.locator('html').getAttribute('data-release');
const cachesOf = (page: Page) => page.evaluate(() => caches.keys());

test('a new release is there with the next page; tabs of the old one go on till they are left', async ({
  browser,
  maru,
}) => {
  const front = await Front.before(maru);
  const jisu = await enter(browser, front, withWorker, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '새 판' });
  await tell(jisu, room, '예전 판에서.');
  await jisu.goto(`/rooms/${room}`);
  await shellKept(jisu);
  await copied(jisu, '예전 판에서.');
  const [old] = await cachesOf(jisu);
  const tab = await jisu.context().newPage();
  await tab.goto('/');
  await expect(tab.getByRole('heading', { name: '전체 채팅방' })).toBeVisible();
  await tab.evaluate(() => Object.assign(window, { same: true }));

  front.release = 2;
  await jisu.reload();
  expect(await releaseOf(jisu)).toBe('2');
  await expect(message(jisu, '예전 판에서.')).toBeVisible();
  await expect.poll(async () => (await cachesOf(jisu)).length, { timeout: 15_000 }).toBe(2);
  // A part of the old release that was not needed before is not on the server any more.
  await tab.getByRole('link', { name: '사람 찾기' }).click();
  await expect(tab.getByRole('searchbox')).toBeVisible();
  expect(await tab.evaluate(() => 'same' in window)).toBe(true);
  expect(await releaseOf(tab)).toBeNull();

  await takenOver(jisu);
  await tab.close();
  await jisu.reload();
  await expect.poll(() => cachesOf(jisu), { timeout: 20_000 }).not.toContain(old);
  expect(await cachesOf(jisu)).toHaveLength(1);
  await maru.kill();
  await jisu.goto('/people');
  expect(await releaseOf(jisu)).toBe('2');
  await expect(jisu.getByRole('searchbox')).toBeVisible();
  await jisu.goto(`/rooms/${room}`);
  await expect(message(jisu, '예전 판에서.')).toBeVisible();
  front.close();
});

test('a page of the shell becomes one of the new release once the server is back, once', async ({ browser, maru }) => {
  const front = await Front.before(maru);
  const jisu = await enter(browser, front, withWorker, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '자는 사이' });
  await tell(jisu, room, '자기 전.');
  await jisu.goto(`/rooms/${room}`);
  await shellKept(jisu);
  await copied(jisu, '자기 전.');
  await maru.kill();
  front.release = 2;
  await jisu.goto(`/rooms/${room}`);
  await expect(message(jisu, '자기 전.')).toBeVisible();
  expect(await releaseOf(jisu)).toBeNull();
  let pages = 0;
  jisu.on('framenavigated', () => {
    pages += 1;
  });
  // What is being written is not taken from under the hands.
  await composer(jisu).fill('쓰던 말');
  await maru.start();
  await expect(offline(jisu)).toHaveCount(0, { timeout: 20_000 });
  await expect.poll(async () => (await cachesOf(jisu)).length, { timeout: 15_000 }).toBe(2);
  expect(pages).toBe(0);
  await jisu.getByRole('button', { name: '보내기', exact: true }).click();
  await expect.poll(() => releaseOf(jisu), { timeout: 15_000 }).toBe('2');
  await expect(message(jisu, '쓰던 말')).toBeVisible();
  await jisu.waitForTimeout(3000);
  expect(pages).toBe(1);
  front.close();
});

test('a log-out leaves nothing in the browser, in whichever tab', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, withWorker, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '비밀의 방', topic: '비밀 주제' });
  await tell(jisu, room, '비밀 이야기.');
  await jisu.goto(`/rooms/${room}`);
  await shellKept(jisu);
  await copied(jisu, '비밀 이야기.');
  const tab = await jisu.context().newPage();
  await tab.goto(`/rooms/${room}`);
  await expect(message(tab, '비밀 이야기.')).toBeVisible();
  await composer(tab).fill('비밀 초안');
  await expect.poll(() => everything(tab)).toContain('비밀 초안');
  expect(await everything(tab)).toMatch(/최지수[^]*비밀의 방|비밀의 방[^]*최지수/u);

  await jisu.getByRole('button', { name: '내 메뉴' }).click();
  await jisu.getByRole('menuitem', { name: '로그아웃' }).click();
  await expect(jisu.getByRole('link', { name: '로그인' }).first()).toBeVisible();
  // Also a moment later, when whatever was on its way has come.
  await jisu.waitForTimeout(2500);
  for (const page of [jisu, tab]) {
    const left = await everything(page);
    expect(left).toContain('/shell.html');
    expect(left).not.toMatch(/비밀|최지수|jisu/u);
  }
  await maru.kill();
  await jisu.goto(`/rooms/${room}`);
  await expect(jisu.getByText('비밀')).toHaveCount(0);
});

for (const [how, open] of [
  ['while it is open', true],
  ['while it is closed', false],
] as const) {
  test(`a device that another one signed out keeps nothing (${how})`, async ({ browser, maru }) => {
    const jisu = await enter(browser, maru, withWorker, 'jisu', '최지수');
    const room = await makeRoom(jisu, { name: '비밀의 방' });
    await tell(jisu, room, '비밀 이야기.');
    await jisu.goto(`/rooms/${room}`);
    await shellKept(jisu);
    await copied(jisu, '비밀 이야기.');
    const other = await enter(browser, maru, desk, 'minho', '김민호');
    await call(other, 'DELETE', '/session');
    await call(other, 'POST', '/session', { loginId: 'jisu', password: 'password of jisu' });
    const { sessions } = await call<{ sessions: { id: string; current: boolean }[] }>(other, 'GET', '/me/sessions');
    if (!open) await jisu.goto('about:blank');
    for (const { id, current } of sessions) if (!current) await call(other, 'DELETE', `/me/sessions/${id}`);
    if (open) await expect(jisu.getByLabel('비밀번호', { exact: true })).toBeVisible();
    else await jisu.goto('/');
    await expect.poll(() => everything(jisu)).not.toMatch(/비밀|최지수|jisu/u);
    await jisu.waitForTimeout(2000);
    expect(await everything(jisu)).not.toMatch(/비밀|최지수|jisu/u);
  });
}

test('another user of the same browser finds nothing of the first, also without a connection', async ({
  browser,
  maru,
}) => {
  const page = await enter(browser, maru, withWorker, 'jisu', '최지수');
  const room = await makeRoom(page, { name: '비밀의 방' });
  await tell(page, room, '비밀 이야기.');
  await page.goto(`/rooms/${room}`);
  await shellKept(page);
  await copied(page, '비밀 이야기.');
  await page.goto('about:blank');
  await call(page, 'POST', '/users', { loginId: 'minho', name: '김민호', password: 'password of minho' });
  await page.goto('/');
  await expect.poll(() => everything(page)).toContain('김민호');
  expect(await everything(page)).not.toContain('비밀 이야기');
  await maru.kill();
  await page.goto('/chats');
  await expect(page.getByText('김민호').first()).toBeVisible();
  await expect(page.getByText('비밀 이야기')).toHaveCount(0);
  await expect(page.getByRole('region', { name: '참여 중' })).toHaveCount(0);
});
