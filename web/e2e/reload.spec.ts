import {
  composer,
  createRoom,
  desk,
  enter,
  expect,
  makeRoom,
  message,
  open,
  phone,
  say,
  signUp,
  tell,
  test,
} from './maru';

/** Notes every moment at which a way to log in stood on the page. */
function watchForLoggedOut() {
  const seen: string[] = [];
  Object.assign(window, { loggedOutSeen: seen });
  new MutationObserver(() => {
    const sign = document.querySelector('a[href^="/login"], a[href^="/signup"], input[type="password"]');
    if (sign) seen.push(sign.outerHTML);
  }).observe(document, { childList: true, subtree: true });
}

for (const [name, device] of Object.entries({ desk, phone })) {
  test(`a reload never shows somebody as logged out (${name})`, async ({ browser, maru }) => {
    const page = await open(browser, maru, device);
    await signUp(page, 'jisu', '최지수');
    const room = await createRoom(page, '다시 여는 방', '시험');
    await say(page, '여기 있어요');
    await expect(message(page, '여기 있어요')).toBeVisible();
    await page.addInitScript(watchForLoggedOut);
    for (const path of [`/rooms/${room}`, '/', '/me']) {
      for (let reload = 0; reload < 4; reload += 1) {
        // The access token has run out: the page's own request renews it.
        if (reload === 2) await page.context().clearCookies({ name: 'maru_access' });
        await page.goto(path);
        await expect(page.getByRole('main')).toBeVisible();
        const seen = await page.evaluate(() => (window as unknown as { loggedOutSeen: string[] }).loggedOutSeen);
        // Changing one's password is on the page of settings.
        expect(path === '/me' ? seen.filter((html) => !html.includes('password')) : seen).toEqual([]);
      }
    }
    expect((await page.context().cookies()).map((cookie) => cookie.name)).toContain('maru_access');
  });
}

test('the name and the newest messages are in the page, before any request', async ({ browser, maru }) => {
  const page = await open(browser, maru, desk);
  await signUp(page, 'jisu', '최지수');
  const room = await createRoom(page, '다시 여는 방', '시험');
  await say(page, '여기 있어요');
  await expect(message(page, '여기 있어요')).toBeVisible();
  await page.route('**/api/**', (route) => route.abort());
  await page.routeWebSocket(/socket\.io/u, () => {
    // Never opened: nothing comes from there either.
  });
  await page.goto(`/rooms/${room}`);
  await expect(page.getByText('최지수', { exact: true }).first()).toBeVisible();
  await expect(message(page, '여기 있어요')).toBeVisible();
  // No empty page was painted before: what is painted first is content.
  const paints = () =>
    page.evaluate(() => performance.getEntriesByType('paint').map(({ name, startTime }) => [name, startTime] as const));
  await expect.poll(paints).toHaveLength(2);
  const { 'first-paint': first, 'first-contentful-paint': ofContent } = Object.fromEntries(await paints());
  expect(first).toBe(ofContent);
});

test('what a screen is made of is asked for with the page, compressed, and kept', async ({ browser, maru }) => {
  const page = await open(browser, maru, desk);
  await signUp(page, 'jisu', '최지수');
  const room = await createRoom(page, '가벼운 방', '시험');
  const answers: { url: string; encoding: string | undefined; cache: string | undefined }[] = [];
  page.on('response', (response) => {
    const headers = response.headers();
    answers.push({ url: response.url(), encoding: headers['content-encoding'], cache: headers['cache-control'] });
  });
  const warnings: string[] = [];
  page.on('console', (entry) => warnings.push(entry.text()));
  await page.goto(`/rooms/${room}`);
  await expect(composer(page)).toBeVisible();
  const chunk = answers.find(({ url }) => /\/RoomScreen-/u.test(url));
  expect(chunk).toMatchObject({ encoding: 'br', cache: 'public, max-age=31536000, immutable' });
  // The page itself names it, so that it does not wait for the script that needs it.
  const html = await (await page.request.get(`/rooms/${room}`)).text();
  expect(html).toContain(`<script type="module" crossorigin src="${new URL(chunk?.url ?? '').pathname}"></script>`);
  expect(answers.find(({ url }) => url.endsWith(room))?.encoding).toBe('gzip');
  expect(warnings.filter((text) => text.includes('preload'))).toEqual([]);
});

test('so is the place where one left off, far from the newest', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const room = await makeRoom(jisu, { name: '밀린 방' }, minho);
  for (let i = 0; i < 90; i += 1) await tell(jisu, room, `줄 ${i}.`);
  const asked: string[] = [];
  minho.on('request', (request) => asked.push(request.url()));
  await minho.goto(`/rooms/${room}`);
  await expect(message(minho, '줄 0.')).toBeInViewport();
  // The copy for reading without a connection asks for the newest, which are not shown.
  expect(asked.filter((url) => /[?&]around=/u.test(url))).toEqual([]);
});
