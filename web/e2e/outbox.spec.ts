import type { Browser, Page } from '@playwright/test';
import { call, composer, desk, enter, expect, kept, log, makeRoom, message, open, say, test, type Maru } from './maru';

const lines = async (page: Page, pattern: RegExp) =>
  (await log(page).getByRole('article').allInnerTexts()).flatMap((text) => pattern.exec(text)?.[0] ?? []);

async function inRoom(browser: Browser, maru: Maru, name: string) {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(page, { name });
  await page.goto(`/rooms/${room}`);
  await expect(composer(page)).toBeVisible();
  return { page, room };
}

async function anotherTab(page: Page, room: string): Promise<Page> {
  const tab = await page.context().newPage();
  await tab.goto(`/rooms/${room}`);
  await expect(composer(tab)).toBeVisible();
  return tab;
}

/** The tab dies without a word: nothing of the page runs any more. */
async function crash(page: Page): Promise<void> {
  const crashed = page.waitForEvent('crash');
  await Promise.all([crashed, page.goto('chrome://crash').catch(() => undefined)]);
  await page.close();
}

/**
 * What a freeze is to a page: it hears of it, its promises may still run, and then nothing does. (Pages that Playwright
 * drives count as visible, and visible pages are never frozen.)
 */
const freeze = (page: Page, ms: number) =>
  page.evaluate(async (ms) => {
    document.dispatchEvent(new Event('freeze'));
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    const end = Date.now() + ms;
    while (Date.now() < end);
    document.dispatchEvent(new Event('resume'));
  }, ms);

/** What the server has, in its order. */
async function history(page: Page, room: string): Promise<string[]> {
  const { messages } = await call<{ messages: { text?: string }[] }>(page, 'GET', `/rooms/${room}/messages?limit=200`);
  return messages.flatMap(({ text }) => text ?? []);
}

test('what is written in airplane mode outlives a reload and a crash, with what is not yet sent', async ({
  browser,
  maru,
}) => {
  const { page, room } = await inRoom(browser, maru, '비행기 모드');
  await page.context().setOffline(true);
  await say(page, '하나');
  await say(page, '둘');
  await expect(message(page, '둘')).toContainText('기다리는 중');
  await composer(page).fill('쓰다 만 말');
  await expect.poll(async () => (await kept(page))['drafts']).toHaveLength(1);
  expect((await kept(page))['outbox']).toHaveLength(2);

  const again = await page.context().newPage();
  let asked = false;
  again.on('dialog', (dialog) => {
    asked = true;
    void dialog.accept();
  });
  // The page itself comes from the server; the live connection does not come.
  await again.routeWebSocket(/socket\.io/u, (socket) => socket.close());
  await again.route('**/socket.io/**', (route) => route.abort());
  await again.route('**/api/v1/**', (route) => route.abort());
  await crash(page);
  await page.context().setOffline(false);
  await again.goto(`/rooms/${room}`);
  for (let reload = 0; reload < 2; reload += 1) {
    await expect(message(again, '하나')).toContainText('기다리는 중');
    await expect(message(again, '둘')).toContainText('기다리는 중');
    await expect(composer(again)).toHaveValue('쓰다 만 말');
    if (reload === 0) await again.reload();
  }
  expect(asked).toBe(false);

  await again.unrouteAll();
  await again.reload();
  await expect.poll(() => history(again, room)).toEqual(['하나', '둘']);
  await expect.poll(async () => (await kept(again))['outbox']).toHaveLength(0);
  await expect(again.getByText('기다리는 중')).toHaveCount(0);
  await expect(message(again, '하나')).toHaveCount(1);
});

for (const locks of [true, false]) {
  test(`two tabs share what is unsent, and one goes on where the other was killed (${locks ? 'Web Locks' : 'no Web Locks'})`, async ({
    browser,
    maru,
  }) => {
    const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
    if (!locks) {
      await jisu.context().addInitScript(() => {
        Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
      });
    }
    const room = await makeRoom(jisu, { name: '두 탭' });
    // The first tab's sends are never answered: it holds the lease.
    await jisu.routeWebSocket(/socket\.io/u, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((frame) => {
        if (!String(frame).includes('"message:send"')) server.send(frame);
      });
    });
    await jisu.goto(`/rooms/${room}`);
    const tab = await anotherTab(jisu, room);
    expect(await tab.evaluate(() => Boolean((navigator as Partial<Navigator>).locks))).toBe(locks);
    await say(jisu, '첫째 탭에서 하나');
    await expect(message(tab, '첫째 탭에서 하나')).toContainText('보내는 중');
    await say(tab, '둘째 탭에서 둘');
    await say(jisu, '첫째 탭에서 셋');
    for (const page of [jisu, tab]) {
      await expect(message(page, '둘째 탭에서 둘')).toContainText('기다리는 중');
      await expect(message(page, '첫째 탭에서 셋')).toContainText('기다리는 중');
    }
    expect(await history(tab, room)).toEqual([]);

    const killedAt = Date.now();
    await crash(jisu);
    const order = ['첫째 탭에서 하나', '둘째 탭에서 둘', '첫째 탭에서 셋'];
    await expect.poll(() => history(tab, room), { timeout: 15_000 }).toEqual(order);
    // The lock tells at once, the lease when it runs out.
    if (locks) expect(Date.now() - killedAt).toBeLessThan(5000);
    for (const text of order) await expect(message(tab, text)).toHaveCount(1);
    await expect(tab.getByText('기다리는 중')).toHaveCount(0);
  });
}

test('a tab that is left hands over at once', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  await jisu.context().addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
  });
  const room = await makeRoom(jisu, { name: '넘겨주기' });
  await jisu.routeWebSocket(/socket\.io/u, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      if (!String(frame).includes('"message:send"')) server.send(frame);
    });
  });
  await jisu.goto(`/rooms/${room}`);
  const tab = await anotherTab(jisu, room);
  await say(jisu, '닫히기 전에');
  await expect(message(tab, '닫히기 전에')).toContainText('보내는 중');
  // A browser that is ended from outside need not tell its pages; one that goes elsewhere does.
  await jisu.goto('about:blank');
  await expect.poll(() => history(tab, room), { timeout: 4000 }).toEqual(['닫히기 전에']);
  await expect(message(tab, '닫히기 전에')).toHaveCount(1);
});

test('without a live connection messages go by plain requests, and by it again when it is there', async ({
  browser,
  maru,
}) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  let blocked = true;
  await page.route('**/socket.io/**', (route) => (blocked ? route.abort() : route.continue()));
  await page.routeWebSocket(/socket\.io/u, (socket) => {
    if (blocked) void socket.close();
    else socket.connectToServer();
  });
  const posts: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/messages')) posts.push(request.url());
  });
  const room = await makeRoom(page, { name: '막힌 길' });
  await page.goto(`/rooms/${room}`);
  await say(page, '돌아서 하나');
  await say(page, '돌아서 둘');
  await expect.poll(() => history(page, room), { timeout: 15_000 }).toEqual(['돌아서 하나', '돌아서 둘']);
  await expect(message(page, '돌아서 둘')).not.toContainText(/기다리는|보내는/u);
  await expect(message(page, '돌아서 하나')).toHaveCount(1);
  expect(posts).toHaveLength(2);

  blocked = false;
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await expect(page.getByText('연결이 끊겼어요')).toHaveCount(0, { timeout: 15_000 });
  await say(page, '바로 셋');
  await expect.poll(() => history(page, room)).toEqual(['돌아서 하나', '돌아서 둘', '바로 셋']);
  expect(posts).toHaveLength(2);
  expect(await lines(page, /하나|둘|셋/u)).toEqual(['하나', '둘', '셋']);
});

test('two tabs write while the server is killed: everything arrives once, in order, for both people', async ({
  browser,
  maru,
}) => {
  const { page: jisu, room } = await inRoom(browser, maru, '쓰러지는 서버');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  await call(minho, 'PUT', `/rooms/${room}/members/me`);
  await minho.goto(`/rooms/${room}`);
  const tab = await anotherTab(jisu, room);
  for (let i = 1; i <= 12; i += 1) {
    await say(i % 2 === 0 ? tab : jisu, `말${String(i).padStart(2, '0')}`);
    if (i === 5) await maru.kill();
    if (i === 9) await maru.start();
  }
  await expect.poll(async () => (await history(minho, room)).length, { timeout: 20_000 }).toBe(12);
  const all = await history(minho, room);
  expect(new Set(all).size).toBe(12);
  for (const parity of [0, 1]) {
    const own = all.filter((text) => Number(text.slice(1)) % 2 === parity);
    expect(own).toEqual(own.toSorted());
  }
  for (const page of [jisu, tab, minho])
    await expect.poll(() => lines(page, /말\d\d/u), { timeout: 15_000 }).toEqual(all);
});

test('a connection that looks open and is dead is found out and made again', async ({ browser, maru }) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const room = await makeRoom(page, { name: '잠든 기기' }, minho);
  let asleep = false;
  await page.routeWebSocket(/socket\.io/u, (socket) => {
    const server = socket.connectToServer();
    // Only what was open when the machine fell asleep is dead.
    let dead = false;
    socket.onMessage((frame) => {
      dead ||= asleep;
      if (!dead) server.send(frame);
    });
    server.onMessage((frame) => {
      dead ||= asleep;
      if (!dead) socket.send(frame);
    });
  });
  await page.goto(`/rooms/${room}`);
  await say(page, '자기 전');
  await expect.poll(() => history(page, room)).toHaveLength(1);
  asleep = true;
  await call(minho, 'POST', `/rooms/${room}/messages`, { clientId: 'while-asleep', text: '자는 동안' });
  await page.waitForTimeout(200);
  asleep = false;
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await expect(message(page, '자는 동안')).toBeVisible({ timeout: 10_000 });
});

test('a tab that the browser froze gives up what it was sending, and is complete when it wakes', async ({
  browser,
  maru,
}) => {
  const { page, room } = await inRoom(browser, maru, '얼어붙은 탭');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  await call(minho, 'PUT', `/rooms/${room}/members/me`);
  // The first tab's sends are never answered: it holds the lease.
  await page.routeWebSocket(/socket\.io/u, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      if (!String(frame).includes('"message:send"')) server.send(frame);
    });
  });
  await page.reload();
  const tab = await anotherTab(page, room);
  await say(page, '얼기 전에');
  await expect(message(tab, '얼기 전에')).toContainText('보내는 중');
  await page.waitForTimeout(500);
  expect(await history(tab, room)).not.toContain('얼기 전에');

  const awake = freeze(page, 9000);
  // Sooner than its lease runs out, and whatever it was doing in the database.
  await expect.poll(() => history(tab, room), { timeout: 4500 }).toContain('얼기 전에');
  await call(minho, 'POST', `/rooms/${room}/messages`, { clientId: 'while-frozen', text: '어는 동안' });
  await expect(message(tab, '어는 동안')).toBeVisible();

  await awake;
  await expect(message(page, '어는 동안')).toHaveCount(1);
  await expect(message(page, '얼기 전에')).toHaveCount(1);
  await expect(message(page, '얼기 전에')).not.toContainText('보내는 중');
  expect((await history(page, room)).filter((text) => text === '얼기 전에')).toHaveLength(1);
  expect((await kept(page))['outbox']).toHaveLength(0);
});

test('a log-out leaves nothing in the browser, and the next user sees nothing', async ({ browser, maru }) => {
  const { page, room } = await inRoom(browser, maru, '지우고 가기');
  await page.route('**/api/v1/rooms/**', (route) => route.abort());
  await page.routeWebSocket(/socket\.io/u, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      if (!String(frame).includes('"message:send"')) server.send(frame);
    });
  });
  await page.reload();
  await say(page, '보내지 못한 비밀');
  await composer(page).fill('쓰다 만 비밀');
  await expect.poll(async () => (await kept(page))['drafts']).toHaveLength(1);
  expect((await kept(page))['outbox']).toHaveLength(1);
  await page.getByRole('button', { name: '내 메뉴' }).click();
  await page.getByRole('menuitem', { name: '로그아웃' }).click();
  await expect(page.getByRole('link', { name: '로그인' }).first()).toBeVisible();
  expect(await kept(page)).toEqual({ outbox: [], drafts: [] });
  await page.unrouteAll();
  await call(page, 'POST', '/users', { loginId: 'minho', name: '김민호', password: 'password of minho' });
  await call(page, 'PUT', `/rooms/${room}/members/me`);
  await page.goto(`/rooms/${room}`);
  await expect(composer(page)).toHaveValue('');
  await expect(page.getByText('비밀')).toHaveCount(0);
  expect(await history(page, room)).toEqual([]);
});

test('a login that expired keeps what was written for the same user alone', async ({ browser, maru }) => {
  const { page, room } = await inRoom(browser, maru, '끝난 로그인');
  await page.context().setOffline(true);
  await say(page, '나중에 갈 말');
  await expect.poll(async () => (await kept(page))['outbox']).toHaveLength(1);
  await page.context().clearCookies();
  await page.context().setOffline(false);
  await expect(page.getByLabel('비밀번호', { exact: true })).toBeVisible({ timeout: 20_000 });
  expect((await kept(page))['outbox']).toHaveLength(1);

  await call(page, 'POST', '/users', { loginId: 'minho', name: '김민호', password: 'password of minho' });
  await call(page, 'PUT', `/rooms/${room}/members/me`);
  await page.goto(`/rooms/${room}`);
  await expect(composer(page)).toBeVisible();
  await expect(page.getByText('나중에 갈 말')).toHaveCount(0);
  await call(page, 'DELETE', '/session');

  await call(page, 'POST', '/session', { loginId: 'jisu', password: 'password of jisu' });
  await page.goto(`/rooms/${room}`);
  await expect.poll(() => history(page, room)).toEqual(['나중에 갈 말']);
});

test.describe('with rate limits', () => {
  test.use({ limits: 'on' });
  test('forty quick messages arrive in order, and none fails', async ({ browser, maru }) => {
    const { page, room } = await inRoom(browser, maru, '빠른 손');
    const all = Array.from({ length: 40 }, (_, i) => `빠른 말 ${i + 1}`);
    for (const text of all) {
      await composer(page).fill(text);
      await composer(page).press('Enter');
    }
    await expect.poll(() => history(page, room), { timeout: 15_000 }).toEqual(all);
    await expect(page.getByText('보내지 못했어요')).toHaveCount(0);
    await expect(page.getByText(/기다리는 중|보내는 중/u)).toHaveCount(0);
  });
});

test('a browser without IndexedDB sends all the same', async ({ browser, maru }) => {
  const page = await open(browser, maru, desk);
  await page.addInitScript(() => Object.defineProperty(window, 'indexedDB', { value: undefined }));
  await call(page, 'POST', '/users', { loginId: 'jisu', name: '최지수', password: 'password of jisu' });
  const room = await makeRoom(page, { name: '기억 없는 방' });
  await page.goto(`/rooms/${room}`);
  await say(page, '그래도 하나');
  await say(page, '그래도 둘');
  await expect.poll(() => history(page, room)).toEqual(['그래도 하나', '그래도 둘']);
  await expect(page.getByText(/기다리는 중|보내는 중/u)).toHaveCount(0);
});
