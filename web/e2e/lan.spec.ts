import { chromium } from '@playwright/test';
import { composer, enter, expect, makeRoom, message, open, phone, desk, say, signUp, test } from './maru';

// A name that is not localhost and has no certificate is what a phone in the same network uses: browsers give such a page
// no crypto.randomUUID, no clipboard, no locks, no service workers.
test('on plain http in the local network everything works', async ({ maru, launchOptions }) => {
  const browser = await chromium.launch({
    ...launchOptions,
    args: [...(launchOptions.args ?? []), '--host-resolver-rules=MAP maru.home 127.0.0.1'],
  });
  const home = { url: `http://maru.home:${maru.port}` };
  const jisu = await open(browser, home, desk);
  await signUp(jisu, 'jisu', '최지수');
  expect(
    await jisu.evaluate(() => [
      isSecureContext,
      'randomUUID' in crypto,
      'clipboard' in navigator,
      'locks' in navigator,
      'serviceWorker' in navigator,
    ]),
  ).toEqual([false, false, false, false, false]);

  const minho = await open(browser, home, phone);
  await signUp(minho, 'minho', '김민호');
  await jisu.getByRole('button', { name: '방 만들기' }).first().click();
  const dialog = jisu.getByRole('dialog');
  await dialog.getByLabel('방 이름').fill('우리 집');
  await dialog.getByLabel('새 카테고리 이름').fill('집');
  await dialog.getByRole('button', { name: '만들기', exact: true }).click();
  await expect(composer(jisu)).toBeVisible();
  await minho.goto(new URL(jisu.url()).pathname);
  await minho.getByRole('button', { name: '참여하기' }).click();
  await say(jisu, '주소는 여기예요');
  await say(minho, '잘 보여요');
  await expect(message(jisu, '잘 보여요')).toBeVisible();

  await message(jisu, '주소는 여기예요').hover();
  await message(jisu, '주소는 여기예요').getByRole('button', { name: '메시지 메뉴' }).click();
  await jisu.getByRole('menuitem', { name: '복사' }).click();
  await expect(jisu.getByText('메시지를 복사했어요')).toBeVisible();
  await composer(jisu).press('Control+v');
  await expect(composer(jisu)).toHaveValue('주소는 여기예요');

  await jisu.reload();
  await expect(message(jisu, '잘 보여요')).toBeVisible();
  await jisu.getByRole('button', { name: '내 메뉴' }).click();
  await jisu.getByRole('menuitem', { name: '로그아웃' }).click();
  await expect(jisu.getByRole('link', { name: '로그인' }).first()).toBeVisible();
  await browser.close();
});

test('in a secure context the clipboard of the browser is used', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  await jisu.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const room = await makeRoom(jisu, { name: '복사하는 방' });
  await jisu.goto(`/rooms/${room}`);
  await say(jisu, '두 줄\n그대로');
  await message(jisu, '두 줄').hover();
  await message(jisu, '두 줄').getByRole('button', { name: '메시지 메뉴' }).click();
  await jisu.getByRole('menuitem', { name: '복사' }).click();
  await expect.poll(() => jisu.evaluate(() => navigator.clipboard.readText())).toBe('두 줄\n그대로');
});
