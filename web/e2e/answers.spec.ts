import type { Page, Route } from '@playwright/test';
import { call, composer, desk, enter, expect, log, makeRoom, message, open, phone, say, tell, test } from './maru';

/** A page without what the server puts into it, so that every part is asked for. */
async function strip(page: Page): Promise<void> {
  await page.route(
    (url) => !/^\/(api|assets|socket\.io)\//u.test(url.pathname),
    async (route) => {
      if (route.request().resourceType() !== 'document') return route.continue();
      const answer = await route.fetch();
      const body = await answer.text();
      const state = /(id="maru-page">)(.*?)(<\/script>)/su;
      const { user, epoch, lang, signUp } = JSON.parse(state.exec(body)?.[2] ?? '{}') as Record<string, unknown>;
      const left = JSON.stringify({ user, epoch, lang, signUp });
      return route.fulfill({ response: answer, body: body.replace(state, (_, a, __, b) => `${a}${left}${b}`) });
    },
  );
  // The socket would bring the rooms.
  await page.routeWebSocket(/socket\.io/u, () => undefined);
}

const wrong: Record<string, (route: Route) => Promise<void>> = {
  'a portal’s page': (route) => route.fulfill({ contentType: 'text/html', body: '<h1>Log in to the network</h1>' }),
  'an empty object': (route) => route.fulfill({ json: {} }),
  'half an answer': (route) => route.fulfill({ contentType: 'application/json', body: '{"rooms": [' }),
  'an internal error': (route) => route.fulfill({ status: 500, json: { code: 'internal', requestId: 'r-17' } }),
  'no line': (route) => route.abort(),
};
const api = /\/api\/v1\/(?!session)/u;

for (const [what, answer] of Object.entries(wrong)) {
  test(`where the answer is ${what}, every screen says so, and works once it comes`, async ({ browser, maru }) => {
    const device = what.length % 2 ? desk : phone;
    const minho = await enter(browser, maru, desk, 'minho', '김민호');
    const page = await enter(browser, maru, device, 'jisu', '최지수');
    const room = await makeRoom(page, { name: '답 없는 방' }, minho);
    await tell(minho, room, '들리나요');
    await strip(page);
    const failed = page.getByRole('main').getByRole('alert');
    const check = async (path: string, there: () => Promise<void>, before = () => Promise.resolve()) => {
      await page.route(api, answer);
      await page.goto(path);
      await before();
      await expect(failed.first()).toContainText(
        what === 'an internal error' ? '서버에 문제가 생겼어요' : '서버에 연결할 수 없어요',
      );
      if (what === 'an internal error') await expect(failed.first()).toContainText('r-17');
      await page.unroute(api);
      await failed.first().getByRole('button', { name: '다시 시도' }).click();
      await there();
    };
    await check('/', () => expect(page.getByRole('main').getByRole('link', { name: /답 없는 방/u })).toBeVisible());
    await check(`/rooms/${room}`, () =>
      expect(page.getByRole('heading', { name: '답 없는 방' }).first()).toBeVisible(),
    );
    await check('/me', () => expect(page.getByText('이 기기')).toBeVisible());
    const search = async () => {
      await page.getByRole('searchbox').fill('민호');
    };
    await check('/people', () => expect(page.getByRole('button', { name: '김민호' })).toBeVisible(), search);
    if (device === phone) {
      await check('/chats', () => expect(page.getByRole('link', { name: /답 없는 방/u })).toBeVisible());
    } else {
      // The rail has its own state, beside a screen that works.
      await page.route(api, answer);
      await page.goto('/me');
      await expect(page.getByRole('navigation').getByRole('alert')).toBeVisible();
      await page.unroute(api);
      await page.getByRole('navigation').getByRole('button', { name: '다시 시도' }).click();
      await expect(page.getByRole('navigation').getByRole('link', { name: /답 없는 방/u })).toBeVisible();
    }
  });
}

test('what is never answered is waited for with a sign, then given up with words', async ({ browser, maru }) => {
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(page, { name: '기다리는 방' }, minho);
  await strip(page);
  await page.clock.install();
  const never = () => new Promise<void>(() => undefined);
  await page.route(api, never);
  for (const path of ['/', `/rooms/${room}`, '/me']) {
    await page.goto(path);
    await page.clock.runFor(1000);
    await expect(page.locator('.late').first()).toBeVisible();
    await page.clock.runFor(40_000);
    await expect(page.getByRole('main').getByRole('alert').first()).toContainText('서버에 연결할 수 없어요');
    await expect(page.getByRole('main').locator('.late')).toHaveCount(0);
  }
});

test('a form that gets no answer keeps what was written, and can be sent again', async ({ browser, maru }) => {
  const calls = /\/api\/v1\//u;
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const room = await makeRoom(minho, { name: '남의 방' });
  const cut = () =>
    page.route(calls, (route) => (route.request().method() === 'GET' ? route.fallback() : route.abort()));
  const mend = () => page.unroute(calls);
  const words = '서버에 연결할 수 없어요';

  await test.step('a new room', async () => {
    await page.goto('/');
    await page.getByRole('button', { name: '방 만들기' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('방 이름').fill('새 방');
    await cut();
    await dialog.getByRole('button', { name: '만들기', exact: true }).click();
    await expect(dialog.getByRole('alert')).toContainText(words);
    await expect(dialog.getByLabel('방 이름')).toHaveValue('새 방');
    await mend();
    await dialog.getByRole('button', { name: '만들기', exact: true }).click();
    await expect(page.getByRole('heading', { name: '새 방', level: 1 })).toBeVisible();
  });

  await test.step('joining', async () => {
    await page.goto(`/rooms/${room}`);
    await cut();
    await page.getByRole('button', { name: '참여하기' }).click();
    await expect(page.getByRole('main').getByRole('alert')).toContainText(words);
    await mend();
    await page.getByRole('button', { name: '참여하기' }).click();
    await expect(composer(page)).toBeVisible();
  });

  await test.step('leaving', async () => {
    await page.getByRole('button', { name: '방 메뉴' }).click();
    await page.getByRole('menuitem', { name: '나가기' }).click();
    const dialog = page.getByRole('dialog');
    await cut();
    await dialog.getByRole('button', { name: '나가기' }).click();
    await expect(dialog.getByRole('alert')).toContainText(words);
    await mend();
    await dialog.getByRole('button', { name: '취소' }).click();
    await expect(composer(page)).toBeVisible();
  });

  await test.step('the name', async () => {
    await page.goto('/me');
    await page.getByLabel('이름', { exact: true }).fill('지수');
    await cut();
    await page.getByRole('button', { name: '저장하기' }).click();
    await expect(page.getByRole('main').getByRole('alert')).toContainText(words);
    await mend();
    await page.getByRole('button', { name: '저장하기' }).click();
    await expect(page.getByText('이름을 저장했어요')).toBeVisible();
  });

  await test.step('logging out: the session goes on where it cannot be ended', async () => {
    await cut();
    await page.getByRole('button', { name: '로그아웃', exact: true }).last().click();
    await expect(page.getByRole('main').getByRole('alert')).toContainText(words);
    await mend();
    await page.getByRole('button', { name: '로그아웃', exact: true }).last().click();
    await expect(page.getByRole('link', { name: '로그인' }).first()).toBeVisible();
  });

  await test.step('logging in', async () => {
    await page.goto('/login');
    await page.getByLabel('아이디', { exact: true }).fill('jisu');
    await page.getByLabel('비밀번호', { exact: true }).fill('password of jisu');
    const session = /\/api\/v1\/session/u;
    await page.route(session, (route) => route.fulfill({ contentType: 'text/html', body: '<h1>portal</h1>' }));
    await page.getByRole('button', { name: '로그인' }).click();
    await expect(page.getByRole('main').getByRole('alert')).toContainText(words);
    await page.unroute(session);
    await page.getByRole('button', { name: '로그인' }).click();
    await expect(page.getByRole('button', { name: '내 메뉴' })).toBeVisible();
  });
});

test('an edit that is never acknowledged keeps the text in the field', async ({ browser, maru }) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  let lost = true;
  await page.routeWebSocket(/socket\.io/u, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      if (!(lost && String(frame).includes('message:edit'))) server.send(frame);
    });
  });
  const room = await makeRoom(page, { name: '고치는 방' });
  await page.clock.install();
  await page.goto(`/rooms/${room}`);
  await say(page, '처음 쓴 말');
  await expect(message(page, '처음 쓴 말').locator('time')).toBeVisible();
  await composer(page).press('ArrowUp');
  await composer(page).fill('고친 말');
  await composer(page).press('Enter');
  await expect(page.getByText('저장하는 중')).toBeVisible();
  await page.clock.fastForward(11_000);
  await expect(page.getByText('서버에 연결할 수 없어요')).toBeVisible();
  await expect(page.getByText('메시지 수정 중')).toBeVisible();
  await expect(composer(page)).toHaveValue('고친 말');
  lost = false;
  await composer(page).press('Enter');
  await expect(message(page, '고친 말')).toContainText('수정됨');
  await expect(log(page).getByText('처음 쓴 말')).toHaveCount(0);
});

test('older messages that do not come say so, and come with another try', async ({ browser, maru }) => {
  const page = await enter(browser, maru, phone, 'jisu', '최지수');
  const room = await makeRoom(page, { name: '긴 방' });
  for (let i = 0; i < 80; i += 1) await tell(page, room, `줄 ${i}.`);
  const older = /messages\?before=/u;
  await page.route(older, (route) => route.abort());
  await page.goto(`/rooms/${room}`);
  await expect(message(page, '줄 79.')).toBeInViewport();
  await log(page).evaluate((el) => el.scrollTo(0, 0));
  await expect(log(page).getByRole('alert')).toContainText('메시지를 불러오지 못했어요');
  await page.unroute(older);
  await log(page).getByRole('button', { name: '다시 시도' }).click();
  await expect(message(page, '줄 0.')).toBeAttached();
});

test('a part of the site that does not come says so, and comes with another try', async ({ browser, maru }) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  const parts = /assets\/(People|dialogKit)-/u;
  await page.route(parts, (route) => route.abort());
  await page.goto('/');
  await page.getByRole('button', { name: '방 만들기' }).first().click();
  await expect(page.getByText('서버에 연결할 수 없어요')).toBeVisible();
  await page.getByRole('link', { name: '사람 찾기' }).click();
  // It tries a new page first, which might be of a newer build.
  const failed = page.getByRole('main').getByRole('alert');
  await expect(failed).toContainText('서버에 연결할 수 없어요');
  await page.unroute(parts);
  await failed.getByRole('button', { name: '다시 시도' }).click();
  await expect(page.getByRole('searchbox')).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog', { name: '바로 가기' })).toBeVisible();
});

test('a room that is left elsewhere, or deleted, while it is open', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, phone, 'minho', '김민호');
  const room = await makeRoom(jisu, { name: '사라질 방' }, minho);
  await minho.goto(`/rooms/${room}`);
  await composer(minho).fill('쓰던 말');
  const elsewhere = await open(browser, maru, desk);
  await call(elsewhere, 'POST', '/session', { loginId: 'minho', password: 'password of minho' });
  await call(elsewhere, 'DELETE', `/rooms/${room}/members/me`);
  await expect(minho.getByRole('button', { name: '참여하기' })).toBeVisible();
  await expect(composer(minho)).toHaveCount(0);
  await minho.getByRole('button', { name: '참여하기' }).click();
  // What was written is still there for whoever comes back.
  await expect(composer(minho)).toHaveValue('쓰던 말');
  await minho.getByRole('link', { name: '멤버' }).click();
  await expect(minho.getByRole('heading', { name: '멤버 2' })).toBeVisible();
  await call(jisu, 'DELETE', `/rooms/${room}`);
  await expect(minho.getByText('방을 찾을 수 없어요').last()).toBeVisible();
  await minho.getByRole('link', { name: '채팅방 둘러보기' }).click();
  await expect(minho.getByText('아직 열린 방이 없어요')).toBeVisible();
});
