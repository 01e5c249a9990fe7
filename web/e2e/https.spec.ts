import { desk, enter, expect, makeRoom, message, open, say, signUp, test } from './maru';
import { copied, shellKept } from './shell';

test.use({
  https: true,
  launchOptions: [
    async ({ launchOptions }, use) => {
      const args = [...(launchOptions.args ?? []), '--ignore-certificate-errors'];
      await use({ ...launchOptions, args });
    },
    { scope: 'worker' },
  ],
});

const device = { ...desk, serviceWorkers: 'allow', ignoreHTTPSErrors: true } as const;

test('HTTPS by the program itself: people talk, cookies are bound to it, and the shell opens without it', async ({
  browser,
  maru,
}) => {
  const jisu = await open(browser, maru, device);
  const sockets: string[] = [];
  jisu.on('websocket', (socket) => sockets.push(socket.url()));
  // Whoever leaves out the s arrives all the same.
  await jisu.goto(maru.url.replace('https', 'http'));
  expect(jisu.url()).toBe(`${maru.url}/`);
  await signUp(jisu, 'jisu', '최지수');
  const minho = await enter(browser, maru, device, 'minho', '김민호');
  const room = await makeRoom(jisu, { name: '잠긴 방' }, minho);
  await Promise.all([jisu.goto(`/rooms/${room}`), minho.goto(`/rooms/${room}`)]);
  await say(jisu, '들려요?');
  await expect(message(minho, '들려요?')).toBeVisible();
  await say(minho, '잘 들려요.');
  await expect(message(jisu, '잘 들려요.')).toBeVisible();
  await expect.poll(() => sockets.length).toBeGreaterThan(0);
  expect(sockets.filter((url) => !url.startsWith('wss:'))).toEqual([]);

  const cookies = (await jisu.context().cookies()).filter(({ httpOnly }) => httpOnly);
  expect(cookies.length).toBeGreaterThan(1);
  for (const { name, secure } of cookies) expect([name, secure]).toEqual([expect.stringMatching(/^__Host-/u), true]);

  await shellKept(jisu);
  await copied(jisu, '잘 들려요.');
  await maru.kill();
  await jisu.goto('/');
  await expect(jisu.getByText('연결이 끊겼어요')).toBeVisible();
  await maru.start();
  await expect(jisu.getByText('연결이 끊겼어요')).toHaveCount(0, { timeout: 20_000 });
  await jisu.goto(`/rooms/${room}`);
  await say(jisu, '다시 왔어요.');
  await expect(message(minho, '다시 왔어요.')).toBeVisible({ timeout: 20_000 });
});
