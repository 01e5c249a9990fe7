import { call, desk, enter, expect, log, makeRoom, phone, sizes, test } from './maru';
import { keep, landscape, painted, pictures, show } from './pictured';

test("going back closes the picture and nothing else, on a phone's gesture too", async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, phone, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '사진방' });
  await show(jisu, maru.url, room, [landscape(300, 200, 20)]);
  await jisu.goto('/chats');
  await jisu.getByRole('link', { name: /사진방/u }).click();
  await painted(jisu, 1);
  const dialog = jisu.getByRole('dialog');
  const look = () => pictures(jisu).first().click();

  await look();
  await expect(dialog).toBeVisible();
  await jisu.goBack();
  await expect(dialog).toBeHidden();
  await expect(jisu).toHaveURL(new RegExp(`/rooms/${room}$`, 'u'));
  await expect(pictures(jisu).first()).toBeFocused();

  // Closed by its button it leaves no place in the history behind.
  await look();
  await dialog.getByRole('button', { name: '사진 닫기' }).click();
  await expect(dialog).toBeHidden();
  await jisu.goBack();
  await expect(jisu).toHaveURL(/\/chats$/u);

  // A page that is loaded anew has nothing open, and opens again.
  await jisu.goto(`/rooms/${room}`);
  await painted(jisu, 1);
  await look();
  await expect(dialog).toBeVisible();
  await jisu.reload();
  await painted(jisu, 1);
  await expect(dialog).toBeHidden();
  await look();
  await expect(dialog).toBeVisible();
  await jisu.goBack();
  await expect(dialog).toBeHidden();
  await expect(jisu).toHaveURL(new RegExp(`/rooms/${room}$`, 'u'));
});

for (const from of ['conversation', 'gallery'] as const) {
  test(`a picture that is deleted under its reader's eyes says so and goes, ${from}`, async ({ browser, maru }) => {
    const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
    const minho = await enter(browser, maru, desk, 'minho', '김민호');
    const room = await makeRoom(minho, { name: '사진방' }, jisu);
    const seq = await show(minho, maru.url, room, [landscape(300, 200, 20), landscape(300, 200, 90)]);
    await jisu.goto(`/rooms/${room}`);
    await painted(jisu, 2);
    const gallery = jisu.getByRole('region', { name: '사진' });
    await (from === 'gallery' ? gallery.getByRole('button') : pictures(jisu)).first().click();
    await expect(jisu.getByRole('dialog')).toBeVisible();
    await call(minho, 'DELETE', `/rooms/${room}/messages/${seq}`);
    await expect(jisu.getByText('삭제된 사진이에요.')).toBeVisible();
    await expect(jisu.getByRole('dialog')).toBeHidden();
    await expect(from === 'gallery' ? gallery : log(jisu)).toBeFocused();
    await expect(jisu).toHaveURL(new RegExp(`/rooms/${room}$`, 'u'));
  });
}

test('a picture that did not come is not called deleted, and is tried again', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '사진방' });
  const image = await keep(jisu, maru.url, landscape(900, 600, 20));
  await call(jisu, 'POST', `/rooms/${room}/messages`, { clientId: 'a', imageIds: [image.id] });
  await jisu.route(image.url, (route) => route.abort());
  await jisu.goto(`/rooms/${room}`);
  await painted(jisu, 1);
  await pictures(jisu).first().click();
  const dialog = jisu.getByRole('dialog');
  await expect(dialog.getByText('사진을 불러오지 못했어요')).toBeVisible();
  await jisu.unroute(image.url);
  await dialog.getByRole('button', { name: '다시 시도' }).click();
  const whole = dialog.getByRole('img', { name: /최지수님의 사진/u });
  await expect.poll(() => whole.evaluate((img) => (img as HTMLImageElement).naturalWidth)).toBe(900);
});

for (const [size, device] of sizes) {
  test(`two people find their photos, and tiny ones stay tiny, ${size}`, async ({ browser, maru }) => {
    const jisu = await enter(browser, maru, device, 'jisu', '최지수');
    const minho = await enter(browser, maru, desk, 'minho', '김민호');
    const { user } = await call<{ user: { id: string } }>(jisu, 'GET', '/me');
    const direct = await call<{ room: { id: string } }>(minho, 'PUT', `/directs/${user.id}`);
    const room = direct.room.id;
    await show(minho, maru.url, room, [landscape(48, 48, 90)]);
    await show(minho, maru.url, room, [landscape(500, 12, 40)]);
    await show(minho, maru.url, room, [landscape(1200, 900, 20)]);
    await jisu.goto(`/rooms/${room}`);
    await painted(jisu, 3);
    const fits = await log(jisu).evaluate((el) => ({
      within: el.scrollWidth <= el.clientWidth,
      times: [...el.querySelectorAll('time')].every((time) => time.getBoundingClientRect().right <= innerWidth),
      drawn: [...el.querySelectorAll<HTMLImageElement>('img[loading=lazy]')].map(
        (img) => getComputedStyle(img).objectFit,
      ),
    }));
    expect(fits).toEqual({ within: true, times: true, drawn: ['scale-down', 'scale-down', 'cover'] });

    // Under the gallery nothing of the conversation shows, the faces' letters neither.
    const face = await keep(minho, maru.url, landscape(200, 200, 300));
    await call(minho, 'PATCH', '/me', { photoImageId: face.id });
    await expect(log(jisu).locator('article .face img')).toHaveCount(1);
    if (size === 'phone') await jisu.getByRole('link', { name: '사진', exact: true }).click();
    const gallery = jisu.getByRole('region', { name: '사진' });
    await expect(gallery.getByRole('button')).toHaveCount(3);
    if (size === 'phone') {
      await jisu.waitForTimeout(300);
      const letters = jisu.locator('article .face .late');
      await expect(letters).toHaveCount(1);
      await expect(letters).toHaveCSS('visibility', 'hidden');
    }
    await show(minho, maru.url, room, [landscape(300, 200, 200)]);
    await expect(gallery.getByRole('button')).toHaveCount(4);
    await gallery.getByRole('button').first().click();
    await expect(jisu.getByRole('dialog')).toBeVisible();
  });
}

test("the reader's own photo is there at the first paint", async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const image = await keep(jisu, maru.url, landscape(300, 300, 20));
  await call(jisu, 'PATCH', '/me', { photoImageId: image.id });
  // What is painted first of the face at the foot of the rail.
  await jisu.addInitScript(() => {
    new MutationObserver((_, observer) => {
      const face = document.querySelector<HTMLImageElement>('nav footer .face img');
      if (!face) return;
      observer.disconnect();
      requestAnimationFrame(() =>
        Object.assign(window, { first: { there: !face.classList.contains('opacity-0'), wide: face.naturalWidth } }),
      );
    }).observe(document, { childList: true, subtree: true });
  });
  for (const address of ['/', '/people']) {
    // It comes with the scripts; on a machine that has more to do perhaps after them.
    await expect(async () => {
      await jisu.goto(address);
      await expect
        .poll(() => jisu.evaluate(() => (window as unknown as { first: unknown }).first), { timeout: 2000 })
        .toEqual({ there: true, wide: 256 });
    }).toPass();
  }
});
