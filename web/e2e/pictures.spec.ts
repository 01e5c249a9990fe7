import type { Page } from '@playwright/test';
import { desk, expect, log, Maru, phone, test } from './maru';
import { painted } from './pictured';
import { settle, view } from './town';

/**
 * Twelve pictures of what people see, compared with the ones in pictures/. Where a change of looks is meant:
 * `npm run pictures -w web`, and look at each of them before it is committed.
 */
let maru: Maru;
let room: string;

test.beforeAll(async ({ browser }) => {
  maru = await Maru.start();
  ({ room } = await settle(browser, maru));
});
test.afterAll(() => maru.remove());

async function compare(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await expect(page).toHaveScreenshot(`${name}.png`);
  await page.context().close();
}

const themes = ['light', 'dark'] as const;
for (const theme of themes) {
  test(`the lobby at a desk, ${theme}`, async ({ browser }) => {
    const page = await view({ maru, browser, device: desk, theme });
    await page.goto('/');
    await expect(page.getByRole('main').getByRole('link', { name: /알고리즘/u })).toBeVisible();
    await compare(page, `lobby-desk-${theme}`);
  });
  test(`the list on a phone, ${theme}`, async ({ browser }) => {
    const page = await view({ maru, browser, device: phone, theme });
    await page.goto('/chats');
    await expect(page.getByRole('link', { name: /한강/u })).toContainText('안 읽은 메시지 3개');
    await compare(page, `list-phone-${theme}`);
  });
  for (const [size, device] of Object.entries({ desk, phone })) {
    test(`a room (${size}), ${theme}`, async ({ browser }) => {
      const page = await view({ maru, browser, device, theme });
      // Nothing is read here, so that the divider stands in every picture.
      await page.routeWebSocket(/socket\.io/u, (socket) => {
        const server = socket.connectToServer();
        socket.onMessage((frame) => {
          if (!String(frame).includes('room:read')) server.send(frame);
        });
      });
      await page.goto(`/rooms/${room}`);
      await expect(log(page).getByText('좋아요 🙌')).toBeVisible();
      await painted(page, 1);
      if (size === 'desk') await expect(page.getByRole('heading', { name: '접속 1' })).toBeVisible();
      await compare(page, `room-${size}-${theme}`);
    });
  }
}

test('the lobby of a visitor with a phone, in English', async ({ browser }) => {
  const page = await view({ maru, browser, device: phone, theme: 'light', lang: 'en', login: false });
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'All rooms' })).toBeVisible();
  await compare(page, 'visitor-phone-light');
});

test('a new room on a phone, dark', async ({ browser }) => {
  const page = await view({ maru, browser, device: phone, theme: 'dark' });
  await page.goto('/');
  await page.getByRole('button', { name: '방 만들기' }).first().click();
  await expect(page.getByRole('dialog').getByLabel('방 이름')).toBeVisible();
  await compare(page, 'create-phone-dark');
});

test('the settings at a desk, in English, dark', async ({ browser }) => {
  const page = await view({ maru, browser, device: desk, theme: 'dark', lang: 'en' });
  await page.goto('/me');
  await expect(page.getByText('This device')).toBeAttached();
  await compare(page, 'settings-desk-dark');
});

test('people found on a phone', async ({ browser }) => {
  const page = await view({ maru, browser, device: phone, theme: 'light' });
  await page.goto('/people');
  await page.getByRole('searchbox').fill('수');
  await page.getByRole('button', { name: '최지수' }).click();
  await expect(page.getByRole('button', { name: '메시지 보내기' })).toBeVisible();
  await compare(page, 'people-phone-light');
});
