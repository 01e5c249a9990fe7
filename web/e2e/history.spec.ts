import type { Page } from '@playwright/test';
import { call, desk, enter, expect, log, makeRoom, message, say, sizes, tell, test } from './maru';

const articles = (page: Page) => log(page).getByRole('article');
const pages = (page: Page) => articles(page).count();

async function unreadOf(page: Page): Promise<number | undefined> {
  const { rooms } = await call<{ rooms: { unread: number }[] }>(page, 'GET', '/me/rooms');
  return rooms[0]?.unread;
}

/** Pretends that the page goes to the background, or comes back. */
const setVisible = (page: Page, visible: boolean) =>
  page.evaluate(
    (state) => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    },
    visible ? 'visible' : 'hidden',
  );

for (const [size, device] of sizes) {
  test(`a long room opens where one left off, and is read in both directions (${size})`, async ({ browser, maru }) => {
    test.setTimeout(90_000);
    const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
    const minho = await enter(browser, maru, device, 'minho', '김민호');
    const room = await makeRoom(jisu, { name: '긴 방' });
    for (let i = 0; i < 330; i += 1) {
      if (i === 180) await call(minho, 'PUT', `/rooms/${room}/members/me`);
      await tell(jisu, room, `줄 ${i}.`);
    }
    expect(await unreadOf(minho)).toBe(150);

    await test.step('at the divider, already in the first paint, and nothing further down is read', async () => {
      await minho.goto(`/rooms/${room}`);
      const divider = log(minho).getByRole('separator', { name: '여기까지 읽으셨습니다' });
      await expect(divider).toBeInViewport();
      await expect(message(minho, '줄 180.')).toBeInViewport();
      await expect(message(minho, '줄 329.')).toHaveCount(0);
      await expect.poll(() => unreadOf(minho)).toBeLessThan(150);
      expect(await unreadOf(minho)).toBeGreaterThan(100);
    });

    await test.step('down, page by page, to the end', async () => {
      await log(minho).hover();
      for (let tries = 0; tries < 120 && !(await message(minho, '줄 329.').isVisible()); tries += 1) {
        await log(minho).evaluate((el) => el.scrollBy(0, 500));
        await minho.waitForTimeout(30);
      }
      await expect(message(minho, '줄 329.')).toBeVisible();
      await log(minho).evaluate((el) => el.scrollTo(0, el.scrollHeight));
      await expect.poll(() => unreadOf(minho)).toBe(0);
    });

    await test.step('up again to the beginning; the row under the eye stays, and the window lets go of what is far', async () => {
      let worst = 0;
      for (let tries = 0; tries < 400 && !(await message(minho, '줄 0.').isVisible()); tries += 1) {
        // Between two frames nothing scrolls but us: whatever moves more than we asked is a jump.
        const moved = await log(minho).evaluate(async (el) => {
          const frame = () => new Promise((done) => requestAnimationFrame(done));
          const top = el.getBoundingClientRect().top;
          const rows = [...el.querySelectorAll<HTMLElement>('[data-row]')];
          const row = rows.find((one) => one.getBoundingClientRect().top > top + 40);
          if (!row) return 0;
          const before = row.getBoundingClientRect().top;
          const asked = Math.min(el.scrollTop, 400);
          el.scrollTop -= asked;
          for (let frames = 0; frames < 6; frames += 1) await frame();
          const same = el.querySelector(`[data-row="${row.dataset['row'] ?? ''}"]`);
          return same ? Math.abs(same.getBoundingClientRect().top - before - asked) : 0;
        });
        worst = Math.max(worst, moved);
      }
      await expect(message(minho, '줄 0.')).toBeVisible();
      expect(worst).toBeLessThanOrEqual(1);
      expect(await pages(minho)).toBeLessThan(330);
      const texts = await articles(minho).allInnerTexts();
      const numbers = texts.map((text) => Number(/줄 (\d+)\./u.exec(text)?.[1]));
      expect(numbers).toEqual(numbers.map((_, i) => i));
    });

    await test.step('to the latest and back to where one had left off', async () => {
      await minho.getByRole('button', { name: '최신 메시지로' }).click();
      await expect(message(minho, '줄 329.')).toBeInViewport();
      await minho.getByRole('button', { name: '안 읽은 곳으로' }).click();
      await expect(log(minho).getByRole('separator', { name: '여기까지 읽으셨습니다' })).toBeInViewport();
      await expect(message(minho, '줄 180.')).toBeInViewport();
    });

    await test.step('whoever writes while in the past comes to the present', async () => {
      await log(minho).evaluate((el) => el.scrollTo(0, 0));
      await say(minho, '다 읽었어요');
      await expect(message(minho, '다 읽었어요')).toBeInViewport();
      await expect(message(minho, '줄 329.')).toBeVisible();
    });
  });

  test(`what comes while one looks elsewhere waits below the divider, unread (${size})`, async ({ browser, maru }) => {
    const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
    const minho = await enter(browser, maru, device, 'minho', '김민호');
    const room = await makeRoom(jisu, { name: '두 사람의 방' }, minho);
    await tell(jisu, room, '처음');
    await minho.goto(`/rooms/${room}`);
    await expect(message(minho, '처음')).toBeVisible();
    await expect.poll(() => unreadOf(minho)).toBe(0);

    await setVisible(minho, false);
    for (let i = 0; i < 40; i += 1) await tell(jisu, room, `그동안 ${i}.`);
    await expect(message(minho, '그동안 39.')).toBeAttached();
    await minho.waitForTimeout(500);
    expect(await unreadOf(minho)).toBe(40);
    await setVisible(minho, true);
    await expect(log(minho).getByRole('separator', { name: '여기까지 읽으셨습니다' })).toBeInViewport();
    await expect(message(minho, '그동안 0.')).toBeInViewport();
    await expect.poll(() => unreadOf(minho)).toBeLessThan(40);
    expect(await unreadOf(minho)).toBeGreaterThan(0);
    await minho.getByRole('button', { name: /새 메시지 \d+개/u }).click();
    await expect(message(minho, '그동안 39.')).toBeInViewport();
    await expect.poll(() => unreadOf(minho)).toBe(0);

    // Scrolled up, what comes is counted and moves nothing.
    await log(minho).evaluate((el) => el.scrollTo(0, 0));
    await expect(minho.getByRole('button', { name: '최신 메시지로' })).toBeVisible();
    const first = await message(minho, '처음').boundingBox();
    await tell(jisu, room, '아래에서');
    await expect(minho.getByRole('button', { name: '새 메시지 1개' })).toBeVisible();
    expect(await message(minho, '처음').boundingBox()).toEqual(first);
  });
}

test('comings and goings take one line, which opens', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const seoyeon = await enter(browser, maru, desk, 'seoyeon', '박서연');
  const room = await makeRoom(jisu, { name: '드나드는 방' }, minho, seoyeon);
  await call(minho, 'DELETE', `/rooms/${room}/members/me`);
  await call(minho, 'PUT', `/rooms/${room}/members/me`);
  await jisu.goto(`/rooms/${room}`);
  const line = log(jisu).getByRole('button', { name: '김민호님 외 1명이 들어왔습니다 · 김민호님이 나갔습니다' });
  await line.click();
  await expect(log(jisu).getByRole('listitem')).toHaveText([
    '김민호님이 들어왔습니다',
    '박서연님이 들어왔습니다',
    '김민호님이 나갔습니다',
    '김민호님이 들어왔습니다',
  ]);
  await line.click();
  await expect(log(jisu).getByRole('listitem')).toHaveCount(0);
});

test('a name stands once for what one person says in a row, the time at its end, the day above', async ({
  browser,
  maru,
}) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const room = await makeRoom(jisu, { name: '모이는 방' }, minho);
  for (const text of ['하나', '둘', '셋']) await tell(minho, room, text);
  await tell(jisu, room, '넷');
  await tell(minho, room, '다섯');
  await jisu.goto(`/rooms/${room}`);
  await expect(message(jisu, '다섯')).toBeVisible();
  const named = (await articles(jisu).allInnerTexts()).map((text) => text.includes('김민호'));
  expect(named).toEqual([true, false, false, false, true]);
  await expect(message(jisu, '셋').locator('time')).toHaveText(/^오[전후] \d{1,2}:\d{2}$/u);
  const today = await jisu.evaluate(() =>
    new Intl.DateTimeFormat('ko-KR', { month: 'long', day: 'numeric', weekday: 'long' }).format(),
  );
  await expect(log(jisu).getByRole('separator', { name: today })).toHaveCount(1);
});

test('a message that failed does not hold its writer in the present', async ({ browser, maru }) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(page, { name: '긴 방' });
  for (let i = 0; i < 280; i += 1) await tell(page, room, `줄 ${i}.`);
  await page.routeWebSocket(/socket\.io/u, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      const sent = /^42(\d+)\["message:send"/u.exec(String(frame));
      if (sent) socket.send(`43${sent[1]}[{"ok":false,"error":{"code":"forbidden","message":"no"}}]`);
      else server.send(frame);
    });
  });
  await page.goto(`/rooms/${room}`);
  await say(page, '안 가는 말');
  await expect(message(page, '안 가는 말')).toContainText('보내지 못했어요');
  for (let tries = 0; tries < 100 && !(await message(page, '줄 0.').isVisible()); tries += 1) {
    await log(page).evaluate((el) => el.scrollBy(0, -800));
    await page.waitForTimeout(30);
  }
  await log(page).evaluate((el) => el.scrollTo(0, 0));
  await expect(message(page, '줄 0.')).toBeInViewport();
  await page.waitForTimeout(500);
  await expect(message(page, '줄 0.')).toBeInViewport();
  await page.getByRole('button', { name: '최신 메시지로' }).click();
  await message(page, '안 가는 말').getByRole('button', { name: '버리기' }).click();
  await expect(message(page, '안 가는 말')).toHaveCount(0);
});
