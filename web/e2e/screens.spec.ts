import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { createRoom, desk, expect, message, open, phone, say, signUp, test } from './maru';

async function check(page: Page, name: string) {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    // Colours fade from one theme to the other; axe would measure the middle.
    await page.evaluate(async () => {
      await new Promise((frame) => requestAnimationFrame(() => requestAnimationFrame(frame)));
      await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
    });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join('\n')}`,
    );
    expect(found, `${name}, ${colorScheme}`).toEqual([]);
  }
}

for (const [size, device] of Object.entries({ desk, phone })) {
  test(`every screen can be used by everybody (${size})`, async ({ browser, maru }) => {
    test.setTimeout(120_000);
    const visitor = await open(browser, maru, device);
    for (const path of ['/', '/login', '/signup', '/no/such/place']) {
      await visitor.goto(path);
      await check(visitor, `visitor ${path}`);
    }
    const owner = await open(browser, maru, device);
    await signUp(owner, 'jisu', '최지수');
    await check(owner, 'an empty lobby');
    const room = await createRoom(owner, '알고리즘 스터디', '스터디');
    await say(owner, '안녕하세요');
    await expect(message(owner, '안녕하세요')).toBeVisible();
    for (const path of ['/', `/rooms/${room}`, `/rooms/${room}/members`, '/chats', '/me']) {
      await owner.goto(path);
      await expect(owner.getByRole('main')).toBeVisible();
      await check(owner, path);
      // Nothing stands out at the side, at any size.
      expect(await owner.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    }
    const stranger = await open(browser, maru, device);
    await signUp(stranger, 'minho', '김민호');
    await stranger.goto(`/rooms/${room}`);
    await expect(stranger.getByRole('button', { name: '참여하기' })).toBeVisible();
    await check(stranger, 'a room one has not joined');
    await stranger.goto('/');
    await stranger.getByRole('button', { name: '방 만들기' }).first().click();
    await expect(stranger.getByRole('dialog')).toBeVisible();
    await check(stranger, 'the dialog for a new room');
  });
}

test('in English everything is English', async ({ browser, maru }) => {
  const page = await open(browser, maru, desk);
  await page.context().addCookies([{ name: 'maru_lang', value: 'en', url: maru.url }]);
  for (const path of ['/', '/login', '/signup']) {
    await page.goto(path);
    await expect(page.locator('html')).toHaveAttribute('lang', 'en');
    // The switch between languages names each in its own.
    const text = (await page.locator('body').innerText()).replaceAll('한국어', '');
    expect(text).not.toMatch(/[\uac00-\ud7a3]/u);
  }
});
