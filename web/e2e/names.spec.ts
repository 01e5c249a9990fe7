import type { Page } from '@playwright/test';
import { composer, enter, expect, log, makeRoom, message, phone, desk, say, sizes, tell, test } from './maru';

const long = '긴이름'.repeat(6) + '이다';
const names = {
  broad: 'W'.repeat(20),
  korean: long,
  emoji: '👩‍👩‍👧‍👦👩🏽‍🚀🇰🇷🏳️‍🌈',
  arabic: 'مرحبا بالعالم',
  markup: '<b>**굵게** &amp;',
};

/** Nothing stands out at the side, of the page or of what scrolls in it. */
const overflowing = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('html, main, nav, [role=log], aside, .scrollable')]
      .filter((el) => el.scrollWidth > el.clientWidth + 1 && getComputedStyle(el).overflowX !== 'visible')
      .map((el) => `${el.tagName} ${el.className}`),
  );

for (const [size, device] of sizes) {
  test(`names and words of every kind stay in their boxes (${size})`, async ({ browser, maru }) => {
    const pages: Page[] = [];
    for (const [id, name] of Object.entries(names)) pages.push(await enter(browser, maru, device, id, name));
    const [owner, ...others] = pages;
    if (!owner) throw new Error('nobody');
    const room = await makeRoom(
      owner,
      { name: 'W'.repeat(40), topic: '한'.repeat(200), category: 'ㅋ'.repeat(20) },
      ...others,
    );
    await makeRoom(owner, { name: 'مرحبا بالعالم', topic: 'قاعة\u200d \u200cللجميع', emoji: '🏳️‍🌈' });
    await makeRoom(owner, { name: '# 제목 <i>**굵게**</i>', topic: '[link](javascript:alert(1))' });
    for (const [i, page] of pages.entries()) await tell(page, room, `${i}: ${Object.values(names)[i]}`);
    await tell(owner, room, 'W'.repeat(4000));
    await tell(owner, room, '가나다 '.repeat(1000).slice(0, 4000));
    await tell(owner, room, 'مرحبا <script>alert(1)</script> **굵게** `code` \u200b\u202ex');
    const [reader] = others;
    if (!reader) throw new Error('nobody');
    for (const path of ['/', '/chats', `/rooms/${room}`, `/rooms/${room}/members`, '/people', '/me']) {
      await reader.goto(path);
      await expect(reader.getByRole('main')).toBeVisible();
      await expect(reader.getByRole('heading', { level: 1 })).toBeAttached();
      expect(await overflowing(reader), path).toEqual([]);
    }
    await reader.goto(`/rooms/${room}`);
    await expect(message(reader, 'WWWW').last()).toBeAttached();
    await expect(log(reader).locator('b, script')).toHaveCount(0);
    await expect(message(reader, '**굵게** `code`')).toBeVisible();
    // What is written from right to left begins at the right, in its own box.
    const arabic = message(reader, '<script>').getByText('مرحبا');
    expect(await arabic.evaluate((el) => getComputedStyle(el.closest('[dir]') ?? el).direction)).toBe('rtl');
  });
}

test('what is too long, empty or cannot be is said at its field, before and after the server', async ({
  browser,
  maru,
}) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  await page.goto('/');
  await page.getByRole('button', { name: '방 만들기' }).first().click();
  const dialog = page.getByRole('dialog');
  const make = () => dialog.getByRole('button', { name: '만들기', exact: true }).click();
  await dialog.getByLabel('방 이름').fill('가'.repeat(200));
  await dialog.getByLabel('새 카테고리 이름').fill('나'.repeat(200));
  await dialog.getByLabel(/^한 줄 소개/u).fill('다'.repeat(201));
  await make();
  await expect(dialog.getByRole('alert')).toHaveText(['너무 길어요.', '너무 길어요.', '너무 길어요.']);
  // The server knows letters that we let pass.
  await dialog.getByLabel('방 이름').fill('보이지\u200b않는');
  await dialog.getByLabel('새 카테고리 이름').fill('시험');
  await dialog.getByLabel(/^한 줄 소개/u).fill('');
  await make();
  await expect(dialog.getByRole('alert')).toHaveText(['쓸 수 없는 글자가 있어요.']);
  await expect(dialog.getByLabel('방 이름')).toHaveValue('보이지\u200b않는');
});

test('a message of 4,000 letters is sent, one more is counted and held back', async ({ browser, maru }) => {
  const page = await enter(browser, maru, phone, 'jisu', '최지수');
  const room = await makeRoom(page, { name: '긴 글' });
  await page.goto(`/rooms/${room}`);
  const send = page.getByRole('button', { name: '보내기', exact: true });
  // Letters are counted as people do: one outside the basic plane is one.
  await composer(page).fill('😀'.repeat(4001));
  await expect(page.getByText('1자 넘었어요')).toBeVisible();
  await expect(send).toBeDisabled();
  await composer(page).fill('😀'.repeat(3990));
  await expect(page.getByText('10자 남음')).toBeVisible();
  await composer(page).fill('😀'.repeat(4000));
  await send.click();
  await expect(message(page, '😀😀').locator('time')).toBeVisible();
  await composer(page).fill('   \n  ');
  await expect(send).toBeDisabled();
  await say(page, '  앞뒤 빈칸  ');
  await expect(message(page, '앞뒤 빈칸').getByText('앞뒤 빈칸', { exact: true })).toBeVisible();
});
