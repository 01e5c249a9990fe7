import type { Page } from '@playwright/test';
import { call, composer, desk, enter, expect, log, makeRoom, message, open, phone, say, test } from './maru';

/** The page's clock is wrong by so many hours. */
const shift = (page: Page, hours: number) =>
  page.addInitScript((by) => {
    const Right = Date;
    class Wrong extends Right {
      constructor(...from: [] | [number | string]) {
        if (from.length === 0) super(Right.now() + by);
        else super(from[0]);
      }
      static override now() {
        return Right.now() + by;
      }
    }
    globalThis.Date = Wrong as DateConstructor;
  }, hours * 3_600_000);

const articles = (page: Page) => log(page).getByRole('article').allInnerTexts();
const order = async (page: Page) => (await articles(page)).flatMap((text) => /[가나] \d/u.exec(text)?.[0] ?? []);

test('clocks that are wrong by hours change neither the order nor the day', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, phone, 'minho', '김민호');
  const room = await makeRoom(jisu, { name: '시계' }, minho);
  await shift(jisu, 30);
  await shift(minho, -30);
  await Promise.all([jisu.goto(`/rooms/${room}`), minho.goto(`/rooms/${room}`)]);
  const expected: string[] = [];
  for (let i = 0; i < 3; i += 1) {
    for (const [page, name] of [
      [jisu, '가'],
      [minho, '나'],
    ] as const) {
      await say(page, `${name} ${i}`);
      expected.push(`${name} ${i}`);
      for (const one of [jisu, minho]) await expect(message(one, `${name} ${i}`).locator('time')).toBeVisible();
    }
  }
  for (const page of [jisu, minho]) {
    expect(await order(page)).toEqual(expected);
    await expect(log(page).getByRole('separator')).toHaveCount(1);
  }

  // What waits for the line stands at the end, on the day that the server has.
  await jisu.context().setOffline(true);
  await say(jisu, '가 3');
  await expect(message(jisu, '가 3')).toContainText(/기다리는 중|보내는 중/u);
  await expect(log(jisu).getByRole('separator')).toHaveCount(1);
  await jisu.context().setOffline(false);
  await expect(message(minho, '가 3')).toBeVisible();
  expect(await order(jisu)).toEqual([...expected, '가 3']);

  // The list says a time of today, not a date.
  await jisu.goto('/');
  await expect(jisu.getByRole('navigation').getByRole('link', { name: /시계/u })).toContainText(/오[전후] \d/u);
  await jisu.reload();
  await jisu.goto(`/rooms/${room}`);
  expect(await order(jisu)).toEqual([...expected, '가 3']);
});

test('three devices of one person show the same, and a log-out on one of them ends that one alone', async ({
  browser,
  maru,
}) => {
  const first = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const room = await makeRoom(first, { name: '여러 기기' }, minho);
  const another = async (device: typeof desk | typeof phone) => {
    const page = await open(browser, maru, device);
    await call(page, 'POST', '/session', { loginId: 'jisu', password: 'password of jisu' });
    return page;
  };
  const [second, third] = [await another(phone), await another(desk)];
  const tab = await first.context().newPage();
  for (const page of [first, tab, second, third, minho]) await page.goto(`/rooms/${room}`);

  await say(second, '손에서');
  await say(tab, '탭에서');
  await say(third, '책상에서');
  for (const page of [first, tab, second, third, minho]) {
    for (const text of ['손에서', '탭에서', '책상에서']) await expect(message(page, text)).toHaveCount(1);
  }
  await say(minho, '읽었어요?');
  // Read on one, it is read on all.
  await first.bringToFront();
  for (const page of [second, third]) await expect(message(page, '읽었어요?')).toBeVisible();

  await second.goto('/me');
  await second.getByRole('button', { name: '로그아웃', exact: true }).click();
  await expect(second.getByRole('link', { name: '로그인' }).first()).toBeVisible();
  await say(first, '아직 있어요');
  await expect(message(third, '아직 있어요')).toBeVisible();
  await expect(message(tab, '아직 있어요')).toBeVisible();

  // In one of two tabs it ends both.
  await tab.goto('/me');
  await tab.getByRole('button', { name: '로그아웃', exact: true }).click();
  await expect(tab.getByRole('link', { name: '로그인' }).first()).toBeVisible();
  await expect(composer(first)).toHaveCount(0);
  await say(third, '셋째는 남았어요');
  await expect(message(minho, '셋째는 남았어요')).toBeVisible();
});
