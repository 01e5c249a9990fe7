import type { Page } from '@playwright/test';
import { composer, enter, expect, makeRoom, message, phone, tell, test } from './maru';

const insets = (page: Page, insets: { top?: number; bottom?: number; left?: number; right?: number }) =>
  page
    .context()
    .newCDPSession(page)
    .then((cdp) => cdp.send('Emulation.setSafeAreaInsetsOverride' as never, { insets } as never));

test('back leads from the panel to the room to the list, in one page', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, phone, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '한 손으로' });
  await tell(jisu, room, '여기까지.');
  await jisu.goto('/chats');
  await jisu.evaluate(() => Object.assign(window, { same: true }));
  const row = jisu.getByRole('main').getByRole('link', { name: /한 손으로/u });
  await row.tap();
  await expect(message(jisu, '여기까지.')).toBeVisible();
  await expect(jisu.getByRole('navigation')).toHaveCount(0);
  await jisu.getByRole('link', { name: '멤버' }).tap();
  await expect(jisu.getByRole('heading', { name: '멤버 1' })).toBeVisible();
  await jisu.goBack();
  await expect(message(jisu, '여기까지.')).toBeVisible();
  await jisu.goBack();
  await expect(row).toBeVisible();
  // And forward again, as far as one was.
  await jisu.goForward();
  await jisu.goForward();
  await expect(jisu.getByRole('heading', { name: '멤버 1' })).toBeVisible();
  // The arrows of the page go the same way.
  await jisu.getByRole('button', { name: '뒤로' }).tap();
  await jisu.getByRole('button', { name: '뒤로' }).tap();
  await expect(row).toBeVisible();
  expect(await jisu.evaluate(() => 'same' in window)).toBe(true);
});

test('the keyboard takes room from the conversation, never from the composer', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, phone, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '자판' });
  for (let i = 0; i < 30; i += 1) await tell(jisu, room, `줄 ${i}.`);
  await jisu.goto(`/rooms/${room}`);
  const viewport = await jisu.locator('meta[name="viewport"]').getAttribute('content');
  expect(viewport).toContain('interactive-widget=resizes-content');
  expect(viewport).toContain('viewport-fit=cover');
  await expect(message(jisu, '줄 29.')).toBeInViewport();
  // No keyboard comes up by itself.
  await expect(composer(jisu)).not.toBeFocused();
  await composer(jisu).tap();
  // What the browser does with a keyboard of 320 px.
  await jisu.setViewportSize({ width: 360, height: 420 });
  await expect(composer(jisu)).toBeInViewport({ ratio: 1 });
  await expect(message(jisu, '줄 29.')).toBeInViewport();
  expect(await jisu.evaluate(() => document.scrollingElement?.scrollTop)).toBe(0);
});

test('nothing lies under the notch, the corners and the bar of the system', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, phone, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '가장자리' });
  await tell(jisu, room, '가운데.');
  /** Whatever can be tapped or read and is not wholly within the safe area. */
  const outside = (safe: { top: number; bottom: number; left: number; right: number }) =>
    jisu.evaluate((safe) => {
      const found: string[] = [];
      for (const one of document.querySelectorAll('a, button, input, textarea, h1, h2, p, [role="menuitem"]')) {
        // What scrolls may be anywhere on its way.
        if (one.closest('.sr-only, .scrollable, [inert]')) continue;
        const { left, right, top, bottom, width, height } = one.getBoundingClientRect();
        if (width <= 1 || height <= 1 || bottom <= 0) continue;
        const out =
          top < safe.top || bottom > innerHeight - safe.bottom || left < safe.left || right > innerWidth - safe.right;
        const name = one.getAttribute('aria-label') ?? one.textContent.slice(0, 20);
        if (out) found.push(`${one.tagName} ${name}: ${[left, top, right, bottom].map(Math.round).join(' ')}`);
      }
      return found;
    }, safe);
  const upright = { top: 47, bottom: 34, left: 0, right: 0 };
  const aside = { top: 0, bottom: 21, left: 47, right: 47 };
  for (const [size, safe] of [
    [phone.viewport, upright],
    [{ width: 740, height: 360 }, aside],
    [{ width: 640, height: 360 }, aside],
  ] as const) {
    await jisu.setViewportSize(size);
    await insets(jisu, safe);
    for (const path of ['/', '/chats', `/rooms/${room}`, `/rooms/${room}/members`, '/people', '/me']) {
      await jisu.goto(path);
      await expect(jisu.getByRole('main')).toBeVisible();
      await expect.poll(() => outside(safe), { message: `${path} at ${size.width}` }).toEqual([]);
    }
    await jisu.goto(`/rooms/${room}`);
    await jisu.getByRole('button', { name: '방 메뉴' }).tap();
    await expect(jisu.getByText('방 정보 수정', { exact: true })).toBeVisible();
    await expect.poll(() => outside(safe), { message: `the menu at ${size.width}` }).toEqual([]);
  }
});

test('whatever is tapped is 44 pixels high and wide', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, phone, 'jisu', '최지수');
  const minho = await enter(browser, maru, phone, 'minho', '김민호');
  const room = await makeRoom(jisu, { name: '손가락', emoji: '📚' }, minho);
  for (let i = 0; i < 5; i += 1) await tell(minho, room, `줄 ${i}.`);
  const small = () =>
    jisu.evaluate(() => {
      const found: string[] = [];
      // What stands over a screen is all that can be tapped.
      const within = document.querySelector('[role="dialog"], [role="menu"]') ?? document.body;
      for (const one of within.querySelectorAll('a, button, input, textarea, select, summary, [role="menuitem"]')) {
        if (one.closest('.sr-only, [inert]') || !one.checkVisibility({ visibilityProperty: true })) continue;
        // A link within a sentence is as high as its line; a name over a message does what the face beside it does.
        if (one.closest('p') || (one.closest('article') && one.matches('[dir="auto"]'))) continue;
        const target = one.closest('label') ?? one;
        const { left, top, right, bottom, width, height } = target.getBoundingClientRect();
        // Beyond the screen: the link that skips, until it has the focus.
        if (bottom <= 0 || width <= 1 || (width >= 44 && height >= 44)) continue;
        // What is drawn smaller may be reached from around it.
        const [x, y] = [(left + right) / 2, (top + bottom) / 2];
        const around = [
          [x - 21.5, y],
          [x + 21.5, y],
          [x, y - 21.5],
          [x, y + 21.5],
        ] as const;
        if (around.every(([px, py]) => target.contains(document.elementFromPoint(px, py)))) continue;
        const name = one.getAttribute('aria-label') ?? one.textContent.slice(0, 20);
        found.push(`${one.tagName} ${name}: ${Math.round(width)} × ${Math.round(height)}`);
      }
      return found;
    });
  for (const path of ['/', '/chats', `/rooms/${room}`, `/rooms/${room}/members`, '/people', '/me']) {
    await jisu.goto(path);
    await expect(jisu.getByRole('main')).toBeVisible();
    await expect.poll(small, { message: path }).toEqual([]);
  }
  await jisu.goto(`/rooms/${room}`);
  await jisu.getByRole('button', { name: '방 메뉴' }).tap();
  await expect(jisu.getByText('방 정보 수정', { exact: true })).toBeVisible();
  await expect.poll(small, { message: 'the menu of a room' }).toEqual([]);
});
