import type { Page } from '@playwright/test';
import { call, composer, desk, enter, expect, log, makeRoom, message, phone, sizes, tell, test } from './maru';
import { keep, landscape, movingGif, painted, pictures, show } from './pictured';

const viewer = (page: Page) => page.getByRole('dialog', { name: '사진 보기' });
const shownIn = (page: Page) => viewer(page).getByRole('img', { name: /사진/u });

for (const [size, device] of sizes) {
  test(`nothing moves while pictures load, ${size}`, async ({ browser, maru }) => {
    const jisu = await enter(browser, maru, device, 'jisu', '최지수');
    const minho = await enter(browser, maru, desk, 'minho', '김민호');
    const room = await makeRoom(minho, { name: '사진' }, jisu);
    for (let n = 1; n <= 5; n += 1) {
      await show(
        minho,
        maru.url,
        room,
        Array.from({ length: n }, (_, i) => landscape(300 + 40 * i, 200 + 90 * n, 40 * n + i)),
        `사진 ${n}`,
      );
    }
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => {
      release = () => resolve();
    });
    await jisu.route('**/thumb', async (route) => {
      await held;
      await route.continue();
    });
    await jisu.goto(`/rooms/${room}`);
    await expect(message(jisu, '사진 5')).toBeVisible();
    const places = () =>
      log(jisu)
        .getByRole('article')
        .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
    const before = await places();
    expect(await log(jisu).locator('canvas').count()).toBeGreaterThan(0);
    release();
    await expect.poll(() => log(jisu).locator('canvas').count()).toBeLessThan(15);
    await jisu.waitForTimeout(400);
    expect(await places()).toEqual(before);
  });
}

test('a picture is looked at by keys, and the focus comes back to it', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const room = await makeRoom(minho, { name: '사진' }, jisu);
  await show(minho, maru.url, room, [landscape(400, 300, 10), landscape(300, 400, 90), movingGif], '세 장');
  await jisu.goto(`/rooms/${room}`);
  await painted(jisu, 3);
  const second = pictures(jisu).nth(1);
  await expect(second).toHaveAccessibleName('김민호님의 사진 3장 중 2번째');
  await second.focus();
  await jisu.keyboard.press('Enter');
  await expect(viewer(jisu)).toBeVisible();
  await expect(viewer(jisu)).toContainText('2 / 3');
  await expect(viewer(jisu)).toContainText('세 장');
  await expect(shownIn(jisu)).toHaveAccessibleName('김민호님의 사진 3장 중 2번째');
  await jisu.keyboard.press('ArrowRight');
  await expect(viewer(jisu)).toContainText('3 / 3');
  await jisu.keyboard.press('ArrowRight');
  await expect(viewer(jisu)).toContainText('3 / 3');
  await jisu.keyboard.press('Home');
  await expect(viewer(jisu)).toContainText('1 / 3');
  await jisu.keyboard.press('+');
  await expect(viewer(jisu).getByRole('button', { name: '작게 보기' })).toBeVisible();
  await jisu.keyboard.press('0');
  await expect(viewer(jisu).getByRole('button', { name: '크게 보기' })).toBeVisible();
  // The focus stays inside.
  for (let n = 0; n < 8; n += 1) {
    await jisu.keyboard.press('Tab');
    // The edges of the trap send it back a moment later.
    await expect.poll(() => viewer(jisu).evaluate((dialog) => dialog.contains(document.activeElement))).toBe(true);
  }
  const download = jisu.waitForEvent('download');
  await viewer(jisu).getByRole('link', { name: '내려받기' }).click();
  expect((await download).suggestedFilename()).toMatch(/^maru-[a-z2-7]+\.(jpeg|png)$/u);
  await jisu.keyboard.press('Escape');
  await expect(viewer(jisu)).toHaveCount(0);
  await expect(second).toBeFocused();
});

test('fingers zoom, move on and close', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, phone, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '사진' });
  await show(jisu, maru.url, room, [landscape(400, 300, 10), landscape(300, 400, 90)]);
  await jisu.goto(`/rooms/${room}`);
  await painted(jisu, 2);
  await pictures(jisu).first().tap();
  await expect(viewer(jisu)).toContainText('1 / 2');
  await expect(shownIn(jisu)).toBeVisible();
  const session = await jisu.context().newCDPSession(jisu);
  const touch = async (...steps: [number, number][][]) => {
    for (const [i, points] of steps.entries()) {
      await session.send('Input.dispatchTouchEvent', {
        type: i === 0 ? 'touchStart' : points.length === 0 ? 'touchEnd' : 'touchMove',
        touchPoints: points.map(([x, y], id) => ({ x, y, id })),
      });
    }
  };
  const scale = () =>
    shownIn(jisu).evaluate((img) => img.getBoundingClientRect().width / (img as HTMLElement).offsetWidth);
  await touch(
    [
      [160, 350],
      [200, 390],
    ],
    [
      [120, 310],
      [240, 430],
    ],
    [
      [80, 270],
      [280, 470],
    ],
    [],
  );
  await expect.poll(scale).toBeGreaterThan(2);
  // However far it is moved, its edge comes no further than the edge of the page, and what fits stays in the middle.
  for (let n = 0; n < 4; n += 1) await touch([[60, 300]], [[340, 500]], []);
  const settled = () => shownIn(jisu).evaluate((img) => Math.round(img.getBoundingClientRect().left));
  await expect.poll(settled).toBe(0);
  const box = await shownIn(jisu).boundingBox();
  const frame = await viewer(jisu).locator('> .touch-none').boundingBox();
  if (!box || !frame) throw new Error('nothing is shown');
  expect(box.width).toBeGreaterThan(frame.width);
  const over = Math.max(0, box.height - frame.height) / 2;
  expect(Math.abs(box.y + box.height / 2 - frame.y - frame.height / 2)).toBeLessThanOrEqual(over + 1);
  // The first tap after a fling only ends the fling.
  await expect(async () => {
    await viewer(jisu).getByRole('button', { name: '작게 보기' }).tap({ timeout: 500 });
    await expect.poll(scale, { timeout: 1000 }).toBeLessThan(1.05);
  }).toPass();
  const swipe = (from: [number, number], to: [number, number]) =>
    touch([from], [[(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]], [to], []);
  await swipe([300, 350], [60, 350]);
  await expect(viewer(jisu)).toContainText('2 / 2');
  await swipe([60, 350], [300, 350]);
  await expect(viewer(jisu)).toContainText('1 / 2');
  await swipe([180, 250], [180, 600]);
  await expect(viewer(jisu)).toHaveCount(0);
});

test('what moves stands still for who wants that, until it is asked for', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, phone, 'jisu', '최지수');
  await jisu.emulateMedia({ reducedMotion: 'reduce' });
  const room = await makeRoom(jisu, { name: '사진' });
  await show(jisu, maru.url, room, [movingGif]);
  await jisu.goto(`/rooms/${room}`);
  await painted(jisu, 1);
  await pictures(jisu).first().tap();
  await expect(shownIn(jisu)).toHaveAttribute('src', /\/thumb$/u);
  await viewer(jisu).getByRole('button', { name: '움직임 보기' }).tap();
  await expect(shownIn(jisu)).not.toHaveAttribute('src', /\/thumb$/u);
  await expect.poll(() => shownIn(jisu).evaluate((img) => (img as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
  await expect(viewer(jisu).getByRole('button', { name: '움직임 보기' })).toHaveCount(0);
});

test("a message's menu keeps its photo", async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '사진' });
  await show(jisu, maru.url, room, [landscape(300, 200, 10)]);
  await jisu.goto(`/rooms/${room}`);
  await painted(jisu, 1);
  await pictures(jisu).first().click({ button: 'right' });
  const download = jisu.waitForEvent('download');
  await jisu.getByRole('menuitem', { name: '내려받기' }).click();
  expect((await download).suggestedFilename()).toMatch(/^maru-[a-z2-7]+\.png$/u);
});

test('the gallery follows what is sent and deleted, and opens', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, phone, 'minho', '김민호');
  const room = await makeRoom(minho, { name: '사진' }, jisu);
  await tell(minho, room, '아직 없음');
  await jisu.goto(`/rooms/${room}`);
  const gallery = (page: Page) => page.getByRole('region', { name: '사진' });
  await expect(gallery(jisu)).toContainText('주고받은 사진이 여기에 모여요.');
  let asked = 0;
  jisu.on('request', (request) => {
    if (/\/images\?/u.test(request.url())) asked += 1;
  });
  const seq = await show(minho, maru.url, room, [landscape(300, 200, 10), landscape(300, 200, 60)]);
  await show(minho, maru.url, room, [landscape(300, 200, 110)]);
  await expect(gallery(jisu).getByRole('listitem')).toHaveCount(3);
  await gallery(jisu).getByRole('button').first().click();
  await expect(viewer(jisu)).toContainText('1 / 3');
  await jisu.keyboard.press('Escape');
  await call(minho, 'DELETE', `/rooms/${room}/messages/${seq}`);
  await expect(gallery(jisu).getByRole('listitem')).toHaveCount(1);
  await expect(log(jisu).getByText('삭제된 메시지예요')).toBeVisible();
  expect(asked).toBe(0);
  await minho.goto(`/rooms/${room}/members`);
  await expect(gallery(minho).getByRole('listitem')).toHaveCount(1);
});

test('a picture that is not there any more says so', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '사진' });
  await show(jisu, maru.url, room, [landscape(300, 200, 10)]);
  await jisu.route('**/thumb', (route) => route.abort());
  await jisu.goto(`/rooms/${room}`);
  await expect(log(jisu).getByText('사진을 불러오지 못했어요')).toBeVisible();
  await jisu.unroute('**/thumb');
  await log(jisu).getByRole('button', { name: '다시 시도' }).click();
  await painted(jisu, 1);
  await jisu.route('**/thumb', (route) => route.fulfill({ status: 404 }));
  await jisu.reload();
  await expect(log(jisu).getByText('볼 수 없는 사진이에요')).toBeVisible();
});

test('a profile photo is cut, seen by others at once, and removed', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, phone, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const room = await makeRoom(minho, { name: '사진' }, jisu);
  await tell(jisu, room, '얼굴 없는 말');
  await minho.goto(`/rooms/${room}`);
  const face = log(minho).getByRole('article').locator('img');
  await expect(message(minho, '얼굴 없는 말')).toBeVisible();
  await expect(face).toHaveCount(0);
  await jisu.goto('/me');
  await jisu.getByTestId('face').setInputFiles(landscape(900, 300, 200));
  const dialog = jisu.getByRole('dialog');
  const area = dialog.getByRole('button', { name: /^사진 위치/u });
  await area.focus();
  const left = () => area.locator('img').evaluate((img) => img.style.left);
  const before = await left();
  for (let n = 0; n < 3; n += 1) await jisu.keyboard.press('ArrowRight');
  expect(await left()).not.toBe(before);
  await dialog.getByRole('slider').fill('2');
  await dialog.getByRole('button', { name: '저장하기' }).click();
  await expect(jisu.getByText('프로필 사진을 바꿨어요.')).toBeVisible();
  await expect(face).toHaveCount(1);
  await expect.poll(() => face.evaluate((img) => (img as HTMLImageElement).naturalWidth)).toBe(256);
  // At a reload it is there with the first paint of the list, or its initials are.
  await minho.reload();
  await expect(face).toHaveCount(1);
  await jisu.getByRole('button', { name: '사진 삭제' }).click();
  await jisu.getByRole('dialog').getByRole('button', { name: '삭제하기' }).click();
  await expect(jisu.getByText('프로필 사진을 삭제했어요.')).toBeVisible();
  await expect(face).toHaveCount(0);
  await expect(jisu.locator('main img')).toHaveCount(0);
});

test('the upload of a profile photo shows how far it is, and can be given up', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, phone, 'jisu', '최지수');
  await jisu.goto('/me');
  const uploads: string[] = [];
  jisu.on('requestfailed', (request) => uploads.push(request.url()));
  await jisu.route('**/api/v1/images', () => new Promise(() => undefined)); // no answer ever comes
  await jisu.getByTestId('face').setInputFiles(landscape(300, 300, 200));
  const dialog = jisu.getByRole('dialog');
  await dialog.getByRole('button', { name: '저장하기' }).click();
  await expect(dialog.getByRole('progressbar', { name: '사진을 올리는 중' })).toBeVisible();
  await expect(dialog.getByRole('slider')).toBeDisabled();
  await dialog.getByRole('button', { name: '취소' }).click();
  await expect(dialog).toHaveCount(0);
  await expect.poll(() => uploads.length).toBe(1);
  await expect(jisu.getByRole('button', { name: '사진 넣기' })).toBeVisible();
});

test('whoever leaves sees the pictures no more', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const room = await makeRoom(minho, { name: '사진' }, jisu);
  const image = await keep(minho, maru.url, landscape(90, 60, 3));
  await call(minho, 'POST', `/rooms/${room}/messages`, { clientId: 'a', imageIds: [image.id] });
  expect((await jisu.request.get(image.url)).status()).toBe(200);
  await jisu.goto(`/rooms/${room}`);
  await painted(jisu, 1);
  await call(jisu, 'DELETE', `/rooms/${room}/members/me`);
  expect((await jisu.request.get(image.url)).status()).toBe(404);
  await expect(composer(jisu)).toHaveCount(0);
});
