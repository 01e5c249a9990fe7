import type { Locator, Page } from '@playwright/test';
import { composer, desk, enter, expect, log, makeRoom, message, test } from './maru';

/** Goes there by Tab, or by another key. */
async function reach(page: Page, what: Locator, key = 'Tab'): Promise<void> {
  for (let steps = 0; steps < 60; steps += 1) {
    if (await what.evaluate((el) => el === document.activeElement, undefined, { timeout: 2000 }).catch(() => false))
      return;
    await page.keyboard.press(key);
  }
  throw new Error(`never reached ${String(what)}`);
}

/** Whoever has no mouse is somewhere, and sees where. */
async function isSomewhere(page: Page): Promise<void> {
  const where = () =>
    page.evaluate(() => {
      const { activeElement: at, body } = document;
      return at !== null && at !== body && at.matches(':focus-visible, main, [role="log"], [role="dialog"]');
    });
  await expect.poll(where).toBe(true);
}

test('everything goes by keys alone, and the focus is never lost', async ({ browser, maru }) => {
  test.setTimeout(60_000);
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  await makeRoom(minho, { name: '남의 방', category: '시험' });
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const dialog = page.getByRole('dialog');

  await test.step('a room is made', async () => {
    await page.goto('/');
    await reach(page, page.getByRole('main').getByRole('button', { name: '방 만들기' }));
    await press('Enter');
    await expect(dialog.getByLabel('방 이름')).toBeFocused();
    await page.keyboard.type('my room');
    // Among the choices by arrows.
    await reach(page, dialog.getByRole('radio', { name: '시험' }));
    await press('ArrowRight', 'ArrowLeft');
    await reach(page, dialog.getByRole('radio', { name: '💬' }));
    await press('ArrowRight');
    await expect(dialog.getByRole('radio', { name: '📚' })).toBeChecked();
    await reach(page, dialog.getByRole('button', { name: '만들기', exact: true }));
    await press('Enter');
    await expect(page).toHaveURL(/\/rooms\//u);
    await expect(composer(page)).toBeFocused();
  });

  await test.step('a message is written, and deleted', async () => {
    await page.keyboard.type('to be deleted');
    await press('Enter');
    await expect(message(page, 'to be deleted').locator('time')).toBeVisible();
    await reach(page, message(page, 'to be deleted').getByRole('button', { name: '메시지 메뉴' }), 'Shift+Tab');
    await press('Enter');
    await reach(page, page.getByRole('menuitem', { name: '삭제' }), 'ArrowDown');
    await press('Enter');
    await isSomewhere(page);
    await reach(page, dialog.getByRole('button', { name: '삭제하기' }));
    await press('Enter');
    await expect(log(page).getByText('삭제된 메시지')).toBeVisible();
    await expect(dialog).toHaveCount(0);
    await isSomewhere(page);
  });

  await test.step('the log is scrolled, the members are looked at', async () => {
    await reach(page, log(page), 'Shift+Tab');
    await press('Home', 'End');
    await reach(page, page.getByRole('complementary').getByRole('button', { name: /최지수/u }));
    await press('Enter');
    await expect(dialog).toBeVisible();
    await press('Escape');
    await expect(page.getByRole('complementary').getByRole('button', { name: /최지수/u })).toBeFocused();
  });

  await test.step('the room is left', async () => {
    await reach(page, button('방 메뉴'), 'Shift+Tab');
    await press('Enter');
    await reach(page, page.getByRole('menuitem', { name: '나가기' }), 'ArrowDown');
    await press('Enter');
    await expect(dialog).toBeVisible();
    await reach(page, dialog.getByRole('button', { name: /나가기/u }));
    await press('Enter');
    await expect(page).toHaveURL((url) => url.pathname === '/');
    await isSomewhere(page);
  });

  await test.step('another one is found and joined', async () => {
    await press('Control+k');
    await expect(page.getByRole('combobox')).toBeFocused();
    await page.keyboard.insertText('남의');
    await expect(page.getByRole('option', { name: /남의 방/u })).toBeVisible();
    await press('Enter');
    await expect(button('참여하기')).toBeVisible();
    await isSomewhere(page);
    await reach(page, button('참여하기'));
    await press('Enter');
    await expect(composer(page)).toBeFocused();
  });

  await test.step('somebody is found, looked at, and written to', async () => {
    await reach(page, page.getByRole('navigation').getByRole('link', { name: '사람 찾기' }), 'Shift+Tab');
    await press('Enter');
    await reach(page, page.getByRole('searchbox'));
    await page.keyboard.insertText('민호');
    const found = page.getByRole('main').getByRole('button', { name: '김민호' });
    await expect(found).toBeVisible();
    await reach(page, found);
    await press('Enter');
    await expect(dialog).toBeVisible();
    await press('Escape');
    await expect(found).toBeFocused();
    await press('Enter');
    await reach(page, dialog.getByRole('button', { name: '메시지 보내기' }));
    await press('Enter');
    await expect(composer(page)).toBeFocused();
  });

  await test.step('theme and language are chosen', async () => {
    await reach(page, button('내 메뉴'), 'Shift+Tab');
    await press('Enter');
    await reach(page, page.getByRole('menuitemradio', { name: '어둡게' }), 'ArrowDown');
    await press('Enter');
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await press('Escape');
    await expect(page.getByRole('menu')).toHaveCount(0);
    await isSomewhere(page);
  });
});
