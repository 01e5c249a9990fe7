import type { Page } from '@playwright/test';
import { composer, desk, enter, expect, kept, log, makeRoom, message, phone, say, sizes, test } from './maru';
import { landscape, bitmap, painted, pick, pictures, sideways } from './pictured';

const tray = (page: Page) => page.getByRole('list', { name: '보낼 사진' });
const send = (page: Page) => page.getByRole('button', { name: '보내기', exact: true });

/** What leaves this page goes slowly. */
async function slow(page: Page, bytesPerSecond: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: bytesPerSecond,
  });
}

for (const [size, device] of sizes) {
  test(`a photo taken sideways arrives upright, with its caption, ${size}`, async ({ browser, maru }) => {
    const jisu = await enter(browser, maru, device, 'jisu', '최지수');
    const minho = await enter(browser, maru, device, 'minho', '김민호');
    const room = await makeRoom(jisu, { name: '사진' }, minho);
    await Promise.all([jisu.goto(`/rooms/${room}`), minho.goto(`/rooms/${room}`)]);
    await pick(jisu, sideways, landscape(300, 200, 20));
    await expect(tray(jisu).getByRole('listitem')).toHaveCount(2);
    await composer(jisu).fill('저녁 하늘');
    await send(jisu).click();
    await expect(tray(jisu)).toHaveCount(0);
    for (const page of [jisu, minho]) {
      await expect(message(page, '저녁 하늘')).toBeVisible();
      await painted(page, 2);
    }
    // As the phone was held: red, green, blue and yellow from left above to right below.
    const corners = await log(minho)
      .locator('img[loading="lazy"]')
      .first()
      .evaluate((element) => {
        const img = element as HTMLImageElement;
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [img.naturalWidth, img.naturalHeight];
        const context = canvas.getContext('2d');
        context?.drawImage(img, 0, 0);
        const at = (x: number, y: number) =>
          [...(context?.getImageData(x * canvas.width, y * canvas.height, 1, 1).data ?? [])].slice(0, 3);
        return { size: [canvas.width, canvas.height], colours: [at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75)] };
      });
    expect(corners.size).toEqual([600, 400]);
    for (const [i, colour] of [
      [200, 30, 30],
      [30, 160, 30],
      [30, 30, 200],
    ].entries()) {
      for (const [k, value] of colour.entries()) {
        expect(Math.abs((corners.colours[i]?.[k] ?? 0) - value)).toBeLessThan(16);
      }
    }
    const src = (await log(minho).locator('img[loading="lazy"]').first().getAttribute('src')) ?? '';
    for (const path of [src, src.replace('/thumb', '')]) {
      const bytes = (await (await minho.request.get(path)).body()).toString('latin1');
      for (const word of ['Exif', 'GPS', 'SecretPhone', 'Jeongneung']) expect(bytes).not.toContain(word);
    }
  });
}

test('photos are pasted and dropped, and words stay words', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '사진' });
  await jisu.goto(`/rooms/${room}`);
  const hand = (kind: 'paste' | 'drop', types: 'picture' | 'both') =>
    jisu.evaluate(
      async ([how, what, base64]) => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], 'a.png', { type: 'image/png' }));
        if (what === 'both') data.setData('text/plain', '글자');
        const field = document.querySelector('textarea');
        if (how === 'paste') {
          field?.focus();
          field?.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
          return '';
        }
        const init = { dataTransfer: data, bubbles: true, cancelable: true };
        document.body.dispatchEvent(new DragEvent('dragenter', init));
        await new Promise((resolve) => setTimeout(resolve, 100));
        const said = document.body.innerText;
        document.body.dispatchEvent(new DragEvent('dragover', init));
        document.body.dispatchEvent(new DragEvent('drop', init));
        return said;
      },
      [kind, types, landscape(60, 40, 10).buffer.toString('base64')] as const,
    );
  await expect(composer(jisu)).toBeVisible();
  await hand('paste', 'picture');
  await expect(tray(jisu).getByRole('listitem')).toHaveCount(1);
  await hand('paste', 'both');
  expect(await hand('drop', 'picture')).toContain('여기에 놓으면 사진을 넣어요');
  await expect(tray(jisu).getByRole('listitem')).toHaveCount(2);
  await expect(jisu.getByText('여기에 놓으면 사진을 넣어요')).toHaveCount(0);
  // Another room has its own; coming back finds them again.
  const other = await makeRoom(jisu, { name: '다른 방' });
  await jisu.goto(`/rooms/${room}`);
  await pick(jisu, landscape(60, 40, 50));
  await expect(tray(jisu).getByRole('listitem')).toHaveCount(1);
  await jisu.getByRole('link', { name: /다른 방/u }).click();
  await jisu.waitForURL(`**/rooms/${other}`);
  await expect(tray(jisu)).toHaveCount(0);
  await jisu.goBack();
  await tray(jisu).getByRole('button', { name: '1번째 사진 빼기' }).click();
  await expect(tray(jisu)).toHaveCount(0);
  await expect(composer(jisu)).toBeFocused();
});

test('what is sent while its photo is on its way waits for it, in order, and can be taken back', async ({
  browser,
  maru,
}) => {
  const jisu = await enter(browser, maru, phone, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const room = await makeRoom(jisu, { name: '사진' }, minho);
  await Promise.all([jisu.goto(`/rooms/${room}`), minho.goto(`/rooms/${room}`)]);
  await expect(composer(jisu)).toBeVisible();
  await slow(jisu, 120_000);
  await pick(jisu, landscape(700, 500, 120, 60));
  await expect(tray(jisu).getByRole('progressbar')).toBeVisible();
  await composer(jisu).fill('사진과 함께');
  await send(jisu).click();
  await say(jisu, '그다음 말');
  const pending = log(jisu).getByRole('article').filter({ hasText: '사진과 함께' });
  await expect(pending.getByRole('progressbar')).toBeVisible();
  await expect(pending.getByText('보내는 중')).toBeVisible();
  await expect(message(minho, '그다음 말')).toHaveCount(0);
  await slow(jisu, -1);
  await expect(message(minho, '그다음 말')).toBeVisible({ timeout: 20_000 });
  await painted(minho, 1);
  const said = await log(minho).getByRole('article').allInnerTexts();
  expect(said.map((text) => text.includes('사진과 함께'))).toEqual([true, false]);

  // Taken back: nothing of it arrives, and what follows goes on.
  await slow(jisu, 20_000);
  await pick(jisu, landscape(700, 500, 220, 60));
  await composer(jisu).fill('보내지 않을 사진');
  await send(jisu).click();
  const unwanted = log(jisu).getByRole('article').filter({ hasText: '보내지 않을 사진' });
  await unwanted.getByRole('button', { name: '올리기 취소' }).click();
  await expect(unwanted).toHaveCount(0);
  await slow(jisu, -1);
  await say(jisu, '마지막 말');
  await expect(message(minho, '마지막 말')).toBeVisible();
  await expect(message(minho, '보내지 않을 사진')).toHaveCount(0);
});

test('a page that goes in the middle of it loses nothing', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, phone, 'jisu', '최지수');
  const minho = await enter(browser, maru, desk, 'minho', '김민호');
  const room = await makeRoom(jisu, { name: '사진' }, minho);
  await Promise.all([jisu.goto(`/rooms/${room}`), minho.goto(`/rooms/${room}`)]);
  await jisu.route('**/api/v1/images', (route) => route.abort());
  await pick(jisu, landscape(300, 200, 60), landscape(200, 300, 160));
  await expect(jisu.getByRole('alert')).toContainText('서버에 연결할 수 없어요');
  await composer(jisu).fill('지하철에서');
  await send(jisu).click();
  await expect(message(jisu, '지하철에서')).toContainText(/기다리는 중|보내는 중/u);
  // A page that goes before that asks whether it may.
  await expect.poll(async () => (await kept(jisu)).outbox).toHaveLength(1);
  await jisu.reload();
  await expect(message(jisu, '지하철에서')).toContainText(/기다리는 중|보내는 중/u);
  await painted(jisu, 2);
  await jisu.unroute('**/api/v1/images');
  await expect(message(minho, '지하철에서')).toBeVisible({ timeout: 30_000 });
  await painted(minho, 2);
  await expect(message(jisu, '지하철에서')).toHaveCount(1);
});

test('what cannot be sent is said, and the rest goes', async ({ browser, maru }) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '사진' });
  await jisu.goto(`/rooms/${room}`);
  const text = { name: '노트.png', mimeType: 'image/png', buffer: Buffer.from('그냥 글자') };
  const empty = { name: '빈 파일.jpg', mimeType: 'image/jpeg', buffer: Buffer.alloc(0) };
  await pick(jisu, text, landscape(60, 40, 1));
  await expect(jisu.getByText("'노트.png'은(는) 보낼 수 없는 파일이에요.")).toBeVisible();
  await expect(tray(jisu).getByRole('listitem')).toHaveCount(1);
  await pick(jisu, empty);
  await expect(jisu.getByText("'빈 파일.jpg'은(는) 보낼 수 없는 파일이에요.")).toBeVisible();
  // A browser shows it, our server does not take it.
  await pick(jisu, bitmap);
  await expect(tray(jisu).getByRole('listitem')).toHaveCount(2);
  await expect(jisu.getByRole('alert')).toContainText('쓸 수 없는 사진 형식이에요');
  await expect(send(jisu)).toBeDisabled();
  await tray(jisu).getByRole('button', { name: '2번째 사진 빼기' }).click();
  await send(jisu).click();
  await painted(jisu, 1);
  // Ten go into one message.
  await pick(jisu, ...Array.from({ length: 11 }, (_, n) => landscape(30, 20, n)));
  await expect(tray(jisu).getByRole('listitem')).toHaveCount(10);
  await expect(jisu.getByText('한 번에 10장까지 보낼 수 있어요.')).toBeVisible();
  await send(jisu).click();
  await painted(jisu, 11);
  // Larger than the server takes: made smaller here.
  const photo = landscape(900, 600, 33);
  await pick(jisu, { ...photo, buffer: Buffer.concat([photo.buffer, Buffer.alloc(10 << 20)]) });
  await expect(tray(jisu).getByRole('listitem')).toHaveCount(1);
  await expect(tray(jisu).getByRole('progressbar')).toHaveCount(0);
  await send(jisu).click();
  await painted(jisu, 12);
});

test('a message whose photo the server refuses fails, and goes without it when its writer says so', async ({
  browser,
  maru,
}) => {
  const jisu = await enter(browser, maru, desk, 'jisu', '최지수');
  const room = await makeRoom(jisu, { name: '사진' });
  await jisu.goto(`/rooms/${room}`);
  await expect(composer(jisu)).toBeVisible();
  await jisu.context().setOffline(true);
  await pick(jisu, bitmap, landscape(90, 60, 5));
  await composer(jisu).fill('둘 중 하나');
  await send(jisu).click();
  await jisu.context().setOffline(false);
  await expect(jisu.getByRole('alert').filter({ hasText: '보내지 못했어요' })).toContainText('쓸 수 없는 사진 형식', {
    timeout: 20_000,
  });
  await jisu.getByRole('button', { name: '이 사진 빼고 보내기' }).click();
  await expect(jisu.getByText('보내지 못했어요')).toHaveCount(0);
  await painted(jisu, 1);
  await expect(pictures(jisu)).toHaveCount(1);
});
