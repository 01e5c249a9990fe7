import { Buffer } from 'node:buffer';
import type { Page } from '@playwright/test';
import {
  call,
  complaints,
  createRoom,
  desk,
  enter,
  expect,
  log,
  makeRoom,
  message,
  open,
  phone,
  say,
  signUp,
  sizes,
  tell,
  test,
} from './maru';
import { landscape, painted, pick } from './pictured';

const attacks = [
  '<img src=x onerror="window.pwned=1">',
  '<script>window.pwned=1</script>',
  '</script><script>window.pwned=1</script>',
  '</title><svg/onload=window.pwned=1>',
  '"onmouseover="window.pwned=1" autofocus onfocus="window.pwned=1',
  "'-window.pwned=1-'",
  '${window.pwned=1}{{constructor.constructor("window.pwned=1")()}}',
  '<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>',
  '<iframe srcdoc="<script>parent.pwned=1</script>">',
  '[link](javascript:window.pwned=1)',
  'javascript:window.pwned=1',
  'https://javascript:window.pwned=1',
  'https://maru.example/"onclick="window.pwned=1',
  'data:text/html,<script>window.pwned=1</script>',
];

/** No name is longer. */
const names = [
  '<svg/onload=pwned=1>',
  '</script><b onclick>',
  '"onfocus="pwned=1',
  'javascript:pwned=1',
  '<script src=//x.kr>',
];

/** Nothing of what people wrote ran, nothing leads where it would, and the policy had nothing to forbid: that is a complaint. */
async function unharmed(page: Page): Promise<void> {
  expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
  const links = await page.locator('a').evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).protocol));
  expect(links.filter((protocol) => !/^https?:$/u.test(protocol))).toEqual([]);
  expect(
    await page.locator('iframe, object, embed, [onerror], [onclick], [onload], [onmouseover], [onfocus]').count(),
  ).toBe(0);
}

test('markup in messages is text, and what looks like an address leads to an address', async ({ browser, maru }) => {
  const page = await open(browser, maru, desk);
  await signUp(page, 'jisu', '<b onclick=x>지수');
  const room = await createRoom(page, '</script><svg/onload=alert(1)>', '<i>시험');
  for (const attack of attacks) {
    await say(page, attack);
    await expect(message(page, attack).last()).toBeVisible();
  }
  await unharmed(page);
  // The first page of the state, in which all of it stands.
  await page.goto(`/rooms/${room}`);
  await expect(message(page, attacks[0] ?? '')).toBeVisible();
  await unharmed(page);
});

for (const [size, device] of sizes) {
  test(`markup in names, notices, topics and captions is text wherever it is shown (${size})`, async ({
    browser,
    maru,
  }) => {
    test.setTimeout(120_000);
    const page = await enter(browser, maru, device, 'jisu', '최지수');
    for (const [i, name] of names.entries()) {
      const attack = attacks[i] ?? name;
      const writer = await enter(browser, maru, desk, `writer${i}`, name);
      const room = await makeRoom(writer, { name, topic: attack, category: name.slice(0, 20), emoji: '🧨' }, page);
      // Notices: of a new name, of who left.
      await call(writer, 'PATCH', `/rooms/${room}`, { name: `${name} 2` });
      await call(writer, 'PATCH', '/me', { name: name.toUpperCase() });
      await tell(writer, room, attack);
      const direct = await call<{ room: { id: string } }>(writer, 'PUT', `/directs/${await idOf(page)}`);
      await tell(writer, direct.room.id, attack);
      await call(writer, 'DELETE', `/rooms/${room}/members/me`);
      await writer.context().close();
      for (const path of [`/rooms/${room}`, `/rooms/${room}/members`, `/rooms/${direct.room.id}`]) {
        await page.goto(path);
        await expect(page.getByRole('main')).toBeVisible();
        await unharmed(page);
      }
    }
    for (const path of ['/', '/chats', '/people']) {
      await page.goto(path);
      await expect(page.getByRole('main')).toBeVisible();
      await unharmed(page);
    }
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('pwned');
    await expect(page.getByRole('option').first()).toBeVisible();
    await unharmed(page);
  });
}

const idOf = async (page: Page) => (await call<{ user: { id: string } }>(page, 'GET', '/me')).user.id;

test('markup in the names of files and in captions is text', async ({ browser, maru }) => {
  const page = await enter(browser, maru, phone, 'jisu', '최지수');
  const room = await makeRoom(page, { name: '사진 방' });
  await page.goto(`/rooms/${room}`);
  const name = '"><img src=x onerror="window.pwned=1">.png';
  await page
    .getByTestId('photos')
    .setInputFiles({ name, mimeType: 'image/png', buffer: Buffer.from('<svg onload="window.pwned=1">') });
  await expect(page.getByText(name).first()).toBeAttached();
  await unharmed(page);
  await page.goto(`/rooms/${room}`);
  await pick(page, { ...landscape(200, 100, 30), name });
  await say(page, attacks[0] ?? '');
  await painted(page, 1);
  await log(page).getByRole('button', { name: /사진/u }).first().click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await unharmed(page);
});

test('a script that got in nonetheless does not run', async ({ browser, maru }) => {
  const page = await enter(browser, maru, desk, 'jisu', '최지수');
  await page.goto('/');
  await expect(page.getByRole('main')).toBeVisible();
  const held = await page.evaluate(async () => {
    const reports: string[] = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => reports.push(effectiveDirective));
    const code = 'window.pwned = 1';
    const make = (tag: string, attributes: Record<string, string>) => {
      const element = document.createElement(tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      return element;
    };
    const holes: Record<string, () => unknown> = {
      innerHTML: () =>
        (document.body.appendChild(document.createElement('div')).innerHTML = `<img src=x onerror="${code}">`),
      'a script of its own': () =>
        document.body.append(Object.assign(document.createElement('script'), { text: code })),
      'a script from elsewhere': () => document.body.append(make('script', { src: 'https://evil.example/x.js' })),
      'a script of data': () => document.body.append(make('script', { src: `data:text/javascript,${code}` })),
      'an attribute': () => (
        document.body.append(make('button', { onclick: code, id: 'hole' })),
        document.getElementById('hole')?.click()
      ),
      'an address': () => {
        const link = make('a', { href: `javascript:${code}` });
        document.body.append(link);
        link.click();
      },
      'a text that is run': () => void (0, eval)(code),
      'a timer of text': () => setTimeout(code as unknown as () => void, 0),
      'a frame': () => document.body.append(make('iframe', { srcdoc: `<script>parent.pwned = 1</script>` })),
      'a style': () =>
        document.head.append(Object.assign(document.createElement('style'), { textContent: 'body { display: none }' })),
    };
    const held: Record<string, string> = {};
    for (const [name, hole] of Object.entries(holes)) {
      reports.length = 0;
      let thrown = '';
      try {
        hole();
      } catch (error) {
        thrown = (error as Error).name;
      }
      await new Promise((resolve) => setTimeout(resolve, 60));
      held[name] = 'pwned' in window ? 'ran' : thrown !== '' || reports.length > 0 ? 'held' : 'nothing was said';
    }
    return held;
  });
  expect(Object.values(held)).toEqual(Object.values(held).map(() => 'held'));
  expect(await page.evaluate(() => getComputedStyle(document.body).display)).not.toBe('none');
  // Each of them was complained of, as it should be.
  complaints.splice(0);
});
