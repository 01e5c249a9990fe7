import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { desk, enter, expect, makeRoom, message, open, phone, sizes, tell, test } from './maru';

/** Nothing is wrong for those who use it otherwise, in both themes; nothing stands out at the side. */
async function check(page: Page, name: string) {
  // Colours fade from one theme to the other; axe would measure the middle.
  await page.evaluate(() => {
    const still = new CSSStyleSheet();
    still.replaceSync('*, ::before, ::after { transition: none !important; animation: none !important }');
    document.adoptedStyleSheets = [still];
  });
  // Colours are the same at both sizes.
  const themes = (page.viewportSize()?.width ?? 0) > 720 ? (['light', 'dark'] as const) : (['light'] as const);
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme });
    const ink = colorScheme === 'light' ? 'rgb(33, 28, 23)' : 'rgb(241, 235, 227)';
    await expect.poll(() => page.evaluate(() => getComputedStyle(document.body).color)).toBe(ink);
    // Legacy: without a second page, which only sites with frames of others need. The library's guards take the focus only to send it on.
    const axe = new AxeBuilder({ page }).setLegacyMode().exclude('[data-base-ui-focus-guard]');
    // Between the themes only colours differ.
    if (colorScheme === 'dark') axe.withRules(['color-contrast']);
    const { violations } = await axe.analyze();
    const found = violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join('\n')}`,
    );
    expect(found, `${name}, ${colorScheme}`).toEqual([]);
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
}

for (const [size, device] of sizes) {
  test(`every screen can be used by everybody (${size})`, async ({ browser, maru }) => {
    test.setTimeout(120_000);
    const visitor = await open(browser, maru, device);
    for (const path of ['/', '/login', '/signup', '/no/such/place']) {
      await visitor.goto(path);
      await check(visitor, `visitor ${path}`);
    }
    const owner = await enter(browser, maru, device, 'jisu', '최지수');
    await owner.goto('/');
    await check(owner, 'an empty lobby');
    await owner.goto('/people');
    await check(owner, 'people, nobody yet');
    const stranger = await enter(browser, maru, device, 'minho', '김민호');
    const seoyeon = await enter(browser, maru, device, 'seoyeon', '박서연');
    const room = await makeRoom(owner, { name: '알고리즘 스터디', topic: '매주 일요일', emoji: '📚' }, seoyeon);
    for (let i = 0; i < 20; i += 1) await tell(seoyeon, room, `${i}: 안녕하세요`);
    for (const path of ['/', `/rooms/${room}`, `/rooms/${room}/members`, '/chats', '/me']) {
      await owner.goto(path);
      await expect(owner.getByRole('main')).toBeVisible();
      await check(owner, path);
    }
    await stranger.goto(`/rooms/${room}`);
    await expect(stranger.getByRole('button', { name: '참여하기' })).toBeVisible();
    await check(stranger, 'a room one has not joined');
  });

  test(`everything that opens over a screen can be used by everybody (${size})`, async ({ browser, maru }) => {
    test.setTimeout(120_000);
    const page = await enter(browser, maru, device, 'jisu', '최지수');
    const minho = await enter(browser, maru, device, 'minho', '김민호');
    const room = await makeRoom(page, { name: '알고리즘 스터디' }, minho);
    await tell(page, room, '안녕하세요');
    await tell(minho, room, '반가워요');
    const dialog = page.getByRole('dialog');
    const closed = async () => {
      await page.keyboard.press('Escape');
      await expect(dialog).toHaveCount(0);
    };
    await page.goto('/');
    await page.getByRole('button', { name: '방 만들기' }).first().click();
    await expect(dialog).toBeVisible();
    await check(page, 'a new room');
    await dialog.getByRole('button', { name: '만들기', exact: true }).click();
    await expect(dialog.getByRole('alert')).toBeVisible();
    await check(page, 'a new room without a name');
    await closed();

    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('알');
    await expect(page.getByRole('option')).toHaveCount(1);
    await check(page, 'the switcher');
    await closed();

    await page.goto('/people');
    await page.getByRole('searchbox').fill('민');
    await page.getByRole('button', { name: '김민호' }).click();
    await expect(dialog).toBeVisible();
    await check(page, 'somebody’s card');
    await closed();

    await page.goto(`/rooms/${room}`);
    await page.getByRole('button', { name: '방 메뉴' }).click();
    await expect(page.getByText('방 정보 수정', { exact: true })).toBeVisible();
    await check(page, 'the menu of a room');
    await page.getByText('방 정보 수정', { exact: true }).click();
    await expect(dialog.getByLabel('방 이름')).toBeVisible();
    await check(page, 'editing a room');
    await closed();

    const own = message(page, '안녕하세요');
    if (device === desk) await own.hover();
    await own.getByRole('button', { name: '메시지 메뉴' }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByText('수정', { exact: true })).toBeVisible();
    await check(page, 'the menu of a message');
    await page.getByText('삭제', { exact: true }).click();
    await expect(page.getByRole('dialog', { name: '메시지를 삭제할까요?' })).toBeVisible();
    await check(page, 'deleting a message');
    await closed();
    // The focus is where it was, not lost.
    await expect(page.locator('body')).not.toBeFocused();
  });

  test(`in English everything is English (${size})`, async ({ browser, maru }) => {
    const visitor = await open(browser, maru, device);
    const page = await enter(browser, maru, device, 'jane', 'Jane Doe');
    const alex = await enter(browser, maru, device, 'alex', 'Alex Kim');
    const room = await makeRoom(page, { name: 'Algorithms', category: 'Study' }, alex);
    await tell(alex, room, 'Hello');
    const english = async (reader: Page, path: string) => {
      await reader.context().addCookies([{ name: 'maru_lang', value: 'en', url: maru.url }]);
      await reader.goto(path);
      await expect(reader.locator('html')).toHaveAttribute('lang', 'en');
      await expect(reader.getByRole('main')).toBeVisible();
      const words = await reader.evaluate(() => {
        const labels = [...document.querySelectorAll('[aria-label], [placeholder], [title]')].map(
          (el) => `${el.getAttribute('aria-label')} ${el.getAttribute('placeholder')} ${el.getAttribute('title')}`,
        );
        return `${document.title} ${document.body.innerText} ${labels.join(' ')}`;
      });
      // The switch between languages names each in its own.
      expect(words.replaceAll('한국어', ''), path).not.toMatch(/[\uac00-\ud7a3]/u);
    };
    for (const path of ['/', '/login', '/signup', '/nowhere']) await english(visitor, path);
    for (const path of ['/', '/chats', `/rooms/${room}`, `/rooms/${room}/members`, '/people', '/me', '/rooms/none']) {
      await english(page, path);
    }
  });
}

test('with the keyboard alone: from the log-in to a message that is sent and edited', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, phone, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '손 없이' });
  await jisu.goto(`/rooms/${room}`);
  const page = await open(browser, maru, desk);
  const press = (...keys: string[]) =>
    keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
  const reach = async (what: ReturnType<Page['locator']>, key = 'Tab') => {
    for (let tabs = 0; tabs < 40; tabs += 1) {
      if (await what.evaluate((el) => el === document.activeElement).catch(() => false)) return;
      await press(key);
    }
    throw new Error(`never reached ${String(what)}`);
  };
  await page.goto('/login');
  await reach(page.getByLabel('아이디', { exact: true }));
  await page.keyboard.type('jisu');
  await press('Tab');
  await page.keyboard.type('password of jisu');
  await press('Enter');
  await expect(page.getByRole('heading', { name: '전체 채팅방' })).toBeVisible();
  // The first stop skips what every screen has.
  await press('Tab');
  await expect(page.getByRole('link', { name: '본문으로 건너뛰기' })).toBeFocused();
  await reach(page.getByRole('main').getByRole('link', { name: /손 없이/u }));
  await press('Enter');
  await expect(page.getByRole('textbox', { name: /보낼 메시지$/u })).toBeFocused();
  await page.keyboard.type('keys only');
  await press('Enter');
  await expect(message(jisu, 'keys only')).toBeVisible();
  await reach(message(page, 'keys only').getByRole('button', { name: '메시지 메뉴' }), 'Shift+Tab');
  await press('Enter');
  await expect(page.getByRole('menu')).toBeVisible();
  await reach(page.getByRole('menuitem', { name: '수정' }), 'ArrowDown');
  await press('Enter');
  await expect(page.getByRole('textbox', { name: /보낼 메시지$/u })).toBeFocused();
  await press('Control+a');
  await page.keyboard.type('edited by keys');
  await press('Enter');
  await expect(message(jisu, 'edited by keys')).toBeVisible();
});
