import type { Page } from '@playwright/test';
import { call, desk, enter, expect, log, makeRoom, message, tell, test } from './maru';

/** What the page asks for from now on: lists by plain requests, changes by the socket. */
function listen(page: Page) {
  const asked: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith('/api/')) asked.push(`${request.method()} ${pathname}`);
  });
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      const event = /^42\d*\["([\w:]+)"/u.exec(String(payload))?.[1];
      if (event === 'room:changes') asked.push(event);
    });
  });
  return asked;
}

async function goTo(page: Page, room: string, text: string): Promise<void> {
  await page.locator(`nav a[href="/rooms/${room}"]`).click();
  await expect(message(page, text)).toBeVisible();
}

test('coming back to a room paints what is cached, and no live event asks for a list', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const asked = listen(jisu);
  const [first, second] = [await makeRoom(jisu, { name: '첫째 방' }, minho), await makeRoom(jisu, { name: '둘째 방' })];
  for (let i = 0; i < 60; i += 1) await tell(jisu, first, `첫째 ${i}.`);
  for (let i = 0; i < 60; i += 1) await tell(jisu, second, `둘째 ${i}.`);
  await jisu.goto(`/rooms/${first}`);
  await expect(message(jisu, '첫째 59.')).toBeVisible();
  await expect.poll(() => asked).toContain(`GET /api/v1/rooms/${first}/members`);
  await goTo(jisu, second, '둘째 59.');
  // The lists that a new connection asks for once.
  await jisu.waitForTimeout(1500);
  asked.splice(0);

  for (let i = 0; i < 6; i += 1) {
    await goTo(jisu, first, '첫째 59.');
    await goTo(jisu, second, '둘째 59.');
  }
  expect(asked).toEqual([]);

  await test.step('what happens in a room that is not open is there when one comes back', async () => {
    const { message: said } = await call<{ message: { seq: number } }>(minho, 'POST', `/rooms/${first}/messages`, {
      clientId: 'to-be-edited',
      text: '고칠 말.',
    });
    await call(minho, 'PATCH', `/rooms/${first}/messages/${said.seq}`, { text: '고친 말.' });
    for (let i = 60; i < 80; i += 1) await tell(minho, first, `첫째 ${i}.`);
    await expect(jisu.getByRole('navigation').getByRole('link', { name: /첫째 방/u })).toContainText('첫째 79.');
    const stranger = await enter(browser, maru, desk, 'seoyeon', '박서연');
    await call(stranger, 'PUT', `/rooms/${first}/members/me`);
    await makeRoom(stranger, { name: '새로 생긴 방' });
    await call(jisu, 'PATCH', `/rooms/${second}`, { topic: '새 주제' });
    await call(minho, 'PATCH', '/me', { name: '민호' });
    // The public list changes at most once a second.
    await jisu.waitForTimeout(1500);
    await goTo(jisu, first, '첫째 79.');
    await expect(message(jisu, '고친 말.')).toHaveCount(1);
    await expect(log(jisu).getByText('박서연님이 들어왔습니다')).toBeAttached();
    await jisu.getByRole('navigation').getByRole('link', { name: '전체 채팅방' }).click();
    await expect(jisu.getByRole('link', { name: /새로 생긴 방/u })).toBeVisible();
    expect(asked).toEqual([]);
  });

  await test.step('after an interruption what was missed is asked for by its number, not as a list', async () => {
    await goTo(jisu, second, '둘째 59.');
    await jisu.context().setOffline(true);
    for (let i = 80; i < 90; i += 1) await tell(minho, first, `첫째 ${i}.`);
    asked.splice(0);
    await jisu.context().setOffline(false);
    await expect(jisu.getByRole('navigation').getByRole('link', { name: /첫째 방/u })).toContainText('첫째 89.');
    await goTo(jisu, first, '첫째 89.');
    await expect(message(jisu, '첫째 85.')).toHaveCount(1);
    expect(asked.filter((what) => what.endsWith('/messages'))).toEqual([]);
    expect(asked).toContain('room:changes');
  });

  await test.step('a new page paints a room that an earlier one read, and asks for what is new alone', async () => {
    const read = () =>
      jisu.evaluate(
        () =>
          new Promise<string>((resolve) => {
            const opening = indexedDB.open('maru-offline');
            opening.onsuccess = () => {
              const all = opening.result.transaction('rooms').objectStore('rooms').getAll();
              all.onsuccess = () => resolve(JSON.stringify(all.result));
            };
          }),
      );
    await expect.poll(read, { timeout: 10_000 }).toContain('첫째 89.');
    await jisu.goto(`/rooms/${second}`);
    await expect(message(jisu, '둘째 59.')).toBeVisible();
    await tell(minho, first, '첫째 90.');
    await jisu.waitForTimeout(2500);
    asked.splice(0);
    await goTo(jisu, first, '첫째 90.');
    await expect(message(jisu, '첫째 80.')).toHaveCount(1);
    expect(asked.filter((what) => /\/messages|\/me\/|categories|room:changes/u.test(what))).toEqual([]);
  });
});
