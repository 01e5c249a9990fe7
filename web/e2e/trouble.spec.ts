import { composer, desk, enter, expect, log, makeRoom, message, open, say, signUp, sizes, test } from './maru';

for (const [size, device] of sizes) {
  test(`what is written while the server is gone arrives once when it is back (${size})`, async ({ browser, maru }) => {
    const jisu = await enter(browser, maru, device, 'jisu', '최지수');
    const minho = await enter(browser, maru, desk, 'minho', '김민호');
    const room = await makeRoom(jisu, { name: '끊기는 방' }, minho);
    await jisu.goto(`/rooms/${room}`);
    await minho.goto(`/rooms/${room}`);
    await say(jisu, '끊기기 전');
    await expect(message(minho, '끊기기 전')).toBeVisible();

    await maru.kill();
    await say(jisu, '없는 동안 하나');
    await say(jisu, '없는 동안 둘');
    await expect(message(jisu, '없는 동안 둘')).toContainText('기다리는 중');
    await expect(jisu.getByText('연결이 끊겼어요')).toBeVisible();
    await expect(composer(jisu)).toBeEnabled();

    await maru.start();
    await expect(jisu.getByText('연결이 끊겼어요')).toHaveCount(0, { timeout: 20_000 });
    for (const page of [jisu, minho]) {
      await expect(message(page, '없는 동안 둘')).toHaveCount(1, { timeout: 20_000 });
      await expect(message(page, '없는 동안 하나')).toHaveCount(1);
      const texts = await log(page).getByRole('article').allInnerTexts();
      const order = ['끊기기 전', '하나', '둘'].map((text) => texts.findIndex((line) => line.includes(text)));
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
    await expect(message(jisu, '없는 동안 둘')).not.toContainText('기다리는 중');
  });

  test(`a message that is refused says so, and can be sent again or discarded (${size})`, async ({ browser, maru }) => {
    const page = await enter(browser, maru, device, 'jisu', '최지수');
    const refusedOnce = new Set<string>();
    await page.routeWebSocket(/socket\.io/u, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((frame) => {
        const sent = /^42(\d+)\["message:send".*"clientId":"(\w+)"/u.exec(String(frame));
        const clientId = sent?.[2] ?? '';
        if (sent && !refusedOnce.has(clientId) && String(frame).includes('거절될')) {
          refusedOnce.add(clientId);
          socket.send(`43${sent[1]}[{"ok":false,"error":{"code":"forbidden","message":"no"}}]`);
        } else server.send(frame);
      });
    });
    const room = await makeRoom(page, { name: '거절하는 방' });
    await page.goto(`/rooms/${room}`);

    await say(page, '거절될 말');
    const refused = message(page, '거절될 말');
    await expect(refused).toContainText('보내지 못했어요');
    await refused.getByRole('button', { name: '다시 보내기' }).click();
    await expect(refused).not.toContainText('보내지 못했어요');
    await page.reload();
    await expect(message(page, '거절될 말')).toHaveCount(1);

    await say(page, '거절될 말 둘');
    await message(page, '거절될 말 둘').getByRole('button', { name: '버리기' }).click();
    await expect(message(page, '거절될 말 둘')).toHaveCount(0);
  });
}

test('a login that ends elsewhere ends here, and says why', async ({ browser, maru }) => {
  const desk1 = await open(browser, maru, desk);
  const desk2 = await open(browser, maru, desk);
  await signUp(desk1, 'jisu', '최지수');
  await desk2.goto('/login');
  await desk2.getByLabel('아이디', { exact: true }).fill('jisu');
  await desk2.getByLabel('비밀번호', { exact: true }).fill('password of jisu');
  await desk2.getByRole('button', { name: '로그인' }).click();
  await expect(desk2.getByRole('button', { name: '내 메뉴' })).toBeVisible();

  await desk1.goto('/me');
  await desk1.getByRole('button', { name: /로그아웃시키기/u }).click();
  await expect(desk2.getByText('다른 기기에서 이 기기를 로그아웃했어요')).toBeVisible();
  await expect(desk1.getByRole('button', { name: /로그아웃시키기/u })).toHaveCount(0);
});
