import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { en } from '../../src/lib/i18n/en';
import { ko } from '../../src/lib/i18n/ko';
import { composer, enter, expect, log, makeRoom, Maru, sizes, test } from '../maru';
import { landscape, painted, pick, pictures } from '../pictured';
import { settle, view } from '../town';

/** Every screen and what opens over it, at both sizes, in both themes and languages, on one sheet: `make sheet`. */
const folder = resolve('test-results/sheet');

let maru: Maru;
let place: Awaited<ReturnType<typeof settle>>;

test.beforeAll(async ({ browser }) => {
  mkdirSync(folder, { recursive: true });
  maru = await Maru.start();
  place = await settle(browser, maru);
});
test.afterAll(() => maru.remove());

type Words = typeof ko;
type Act = (page: Page, t: Words) => Promise<void>;

const go =
  (path: () => string, then: Act = () => Promise.resolve()): Act =>
  async (page, t) => {
    await page.goto(path());
    await expect(page.getByRole('main')).toBeVisible();
    await then(page, t);
  };
const room = () => `/rooms/${place.room}`;
const inRoom = (then: Act = () => Promise.resolve()) =>
  go(room, async (page, t) => {
    await painted(page, 1);
    await then(page, t);
  });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
/** Nothing is read, so that the divider stands in every picture; or no line at all. */
const lineOf = (page: Page, online: boolean) =>
  page.routeWebSocket(/socket\.io/u, (socket) => {
    if (!online) return socket.close();
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      if (!String(frame).includes('room:read')) server.send(frame);
    });
    return undefined;
  });

const visitors: Record<string, Act> = {
  'lobby of a visitor': go(() => '/'),
  'log in': go(() => '/login'),
  'log in, wrong': go(
    () => '/login',
    async (page, t) => {
      await page.getByLabel(t.auth.loginId, { exact: true }).fill('doyun');
      await page.getByLabel(t.auth.password, { exact: true }).fill('not this one');
      await page.getByRole('main').getByRole('button', { name: t.act.logIn }).click();
      await expect(page.getByRole('alert').first()).toBeVisible();
    },
  ),
  'sign up, empty': go(
    () => '/signup',
    async (page, t) => {
      await page.getByRole('main').getByRole('button', { name: t.act.signUp }).click();
    },
  ),
};

const members: Record<string, Act> = {
  lobby: go(() => '/'),
  chats: go(() => '/chats'),
  room: inRoom(),
  members: go(() => `${room()}/members`),
  direct: go(() => `/rooms/${place.direct}`),
  'join card': go(() => `/rooms/${place.strange}`),
  people: go(
    () => '/people',
    async (page) => {
      await page.getByRole('searchbox').fill('수');
      await expect(page.getByRole('main').getByText('최지수')).toBeVisible();
    },
  ),
  'profile card': go(
    () => '/people',
    async (page) => {
      await page.getByRole('searchbox').fill('수');
      await page.getByRole('button', { name: '최지수' }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
    },
  ),
  settings: go(() => '/me'),
  crop: go(
    () => '/me',
    async (page) => {
      await page.getByTestId('face').setInputFiles(landscape(900, 600, 200));
      await expect(page.getByRole('dialog').getByRole('slider')).toBeVisible();
    },
  ),
  lost: go(() => '/nowhere'),
  'room that is gone': go(() => '/rooms/gone'),
  'new room': go(
    () => '/',
    async (page, t) => {
      await button(page, t.nav.newRoom).first().click();
      await expect(page.getByRole('dialog').getByLabel(t.create.name)).toBeVisible();
    },
  ),
  switcher: go(
    () => '/',
    async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').fill('ㅎㄱ');
      await expect(page.getByRole('option').first()).toBeVisible();
    },
  ),
  'room menu': inRoom(async (page, t) => {
    await button(page, t.room.menu).click();
    await expect(page.getByText(t.act.leave)).toBeVisible();
  }),
  'message menu': inRoom(async (page, t) => {
    await log(page).getByText('O(n log n) 나옵니다').click({ button: 'right' });
    await expect(page.getByText(t.act.copy, { exact: true })).toBeVisible();
  }),
  deleting: inRoom(async (page, t) => {
    await log(page).getByText('O(n log n) 나옵니다').click({ button: 'right' });
    await page.getByText(t.act.delete, { exact: true }).click();
    await expect(page.getByRole('dialog').getByText(t.room.deleteTitle)).toBeVisible();
  }),
  editing: inRoom(async (page, t) => {
    await log(page).getByText('O(n log n) 나옵니다').click({ button: 'right' });
    await page.getByText(t.act.edit, { exact: true }).click();
    await expect(composer(page).or(page.getByRole('textbox')).first()).toHaveValue('O(n log n) 나옵니다');
  }),
  'a photo': inRoom(async (page, t) => {
    await pictures(page)
      .or(log(page).getByRole('button', { name: /photo/iu }))
      .first()
      .click();
    await expect(page.getByRole('dialog', { name: t.photo.view })).toBeVisible();
  }),
  tray: inRoom(async (page, t) => {
    await pick(page, landscape(300, 200, 90), landscape(200, 300, 200));
    await expect(page.getByRole('list', { name: t.photo.tray }).getByRole('listitem')).toHaveCount(2);
  }),
};

const unlucky: Record<string, Act> = {
  'no connection': inRoom(async (page, t) => {
    await expect(page.getByText(t.conn.offline)).toBeVisible({ timeout: 10_000 });
  }),
  'a message that failed': inRoom(async (page, t) => {
    await page.route('**/messages', (route) =>
      route.fulfill({ status: 403, json: { title: 'no', status: 403, code: 'forbidden' } }),
    );
    await page.getByRole('textbox').first().fill('이건 못 가요');
    await page.getByRole('button', { name: t.act.send, exact: true }).click();
    await expect(button(page, t.act.resend)).toBeVisible();
  }),
};

const newcomers: Record<string, Act> = {
  'no chats yet': go(() => '/chats'),
  'a room of one': go(() => empty),
};
let empty = '';

for (const [size, device] of sizes) {
  for (const theme of ['light', 'dark'] as const) {
    for (const [lang, t] of Object.entries({ ko, en: en }) as ['ko' | 'en', Words][]) {
      test(`${size}, ${theme}, ${lang}`, async ({ browser }) => {
        test.setTimeout(240_000);
        const shoot = async (name: string, page: Page) => {
          await page.evaluate(() => document.fonts.ready);
          await page.waitForTimeout(250);
          await page.screenshot({ path: `${folder}/${size} ${theme} ${lang} ${name}.png`, scale: 'css' });
        };
        const all = async (acts: Record<string, Act>, login: boolean, online = true) => {
          for (const [name, act] of Object.entries(acts)) {
            const page = await view({ maru, browser, device, theme, lang, login });
            await lineOf(page, online);
            await act(page, t).catch((error: unknown) => {
              throw new Error(`${name}: ${String(error)}`);
            });
            await shoot(name, page);
            await page.context().close();
          }
        };
        await all(visitors, false);
        await all(members, true);
        await all(unlucky, true, false);
        const id = `new${size}${theme}${lang}`;
        const newcomer = await enter(browser, maru, device, id, '새 사람');
        await newcomer.context().addCookies([
          { name: 'maru_theme', value: theme, url: maru.url },
          { name: 'maru_lang', value: lang, url: maru.url },
        ]);
        empty = '/';
        for (const [name, act] of Object.entries(newcomers)) {
          if (name === 'a room of one') empty = `/rooms/${await makeRoom(newcomer, { name: `첫 방 ${id}` })}`;
          await act(newcomer, t);
          await shoot(name, newcomer);
        }
      });
    }
  }
}

test('the sheet', async ({ browser }) => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.png') && !file.startsWith('sheet'));
  for (const [size] of sizes) {
    const mine = files.filter((file) => file.startsWith(size));
    const names = [...new Set(mine.map((file) => file.split(' ').slice(3).join(' ')))];
    const columns = [...new Set(mine.map((file) => file.split(' ').slice(1, 3).join(' ')))];
    const cells = names.flatMap((name) => [
      `<p>${name.replace('.png', '')}</p>`,
      ...columns.map((column) => `<img src="${encodeURI(`${size} ${column} ${name}`)}">`),
    ]);
    const width = size === 'desk' ? 480 : 240;
    const style = `body{margin:16px;font:14px sans-serif;display:grid;gap:12px;grid-template-columns:110px repeat(${columns.length},${width}px)}img{width:100%;border:1px solid #8888}`;
    writeFileSync(
      `${folder}/sheet-${size}.html`,
      `<!doctype html><meta charset="utf-8"><style>${style}</style><b></b>${columns.map((column) => `<b>${column}</b>`).join('')}${cells.join('')}`,
    );
    const page = await browser.newPage({ viewport: { width: 180 + columns.length * (width + 12), height: 900 } });
    await page.goto(`file://${folder}/sheet-${size}.html`);
    await page.screenshot({ path: `${folder}/sheet-${size}.png`, fullPage: true });
    await page.close();
  }
});
