import AxeBuilder from '@axe-core/playwright';
import { createServer, type ViteDevServer } from 'vite';
import { expect, open, sizes, test } from './maru';

let server: ViteDevServer;
let url: string;

test.beforeAll(async () => {
  server = await createServer({
    server: { host: '127.0.0.1', port: 0, proxy: {}, fs: { strict: false } },
    logLevel: 'error',
  });
  await server.listen();
  url = server.resolvedUrls?.local[0] ?? '';
});
test.afterAll(() => server.close());

for (const [size, device] of sizes) {
  test(`every part of the kit is on its page, works by keyboard and is without a violation (${size})`, async ({
    browser,
  }) => {
    const page = await open(browser, { url }, device);
    await page.goto('/kit.html');
    await expect(page.getByRole('heading', { name: 'Kit', level: 1 })).toBeVisible({ timeout: 30_000 });

    for (const [theme, ground] of [
      ['밝게', 'rgb(250, 248, 245)'],
      ['어둡게', 'rgb(23, 20, 17)'],
    ] as const) {
      await page.getByRole('button', { name: theme }).click();
      expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(ground);
      await page.waitForTimeout(300);
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
      expect(violations.map(({ id, nodes }) => `${id} ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
    }

    await test.step('each control can be reached, and shows that it has the focus', async () => {
      const missing = await page.evaluate(async () => {
        const found: string[] = [];
        const controls = document.querySelectorAll<HTMLElement>(
          'main button:not(:disabled), main input:not([type=radio])',
        );
        for (const control of controls) {
          control.focus({ focusVisible: true });
          await new Promise((frame) => requestAnimationFrame(frame));
          const { outlineStyle, outlineWidth } = getComputedStyle(control);
          if (document.activeElement !== control || outlineStyle === 'none' || outlineWidth === '0px') {
            found.push(control.outerHTML.slice(0, 200));
          }
        }
        return found;
      });
      expect(missing).toEqual([]);
    });

    for (const kind of ['Dialog', 'Sheet']) {
      await test.step(`${kind}: the focus goes in, stays in, and comes back`, async () => {
        const opener = page.getByRole('button', { name: kind, exact: true });
        await opener.focus();
        await page.keyboard.press('Enter');
        const dialog = page.getByRole('dialog', { name: '메시지를 삭제할까요?' });
        await expect(dialog).toBeVisible();
        for (let tabs = 0; tabs < 6; tabs += 1) {
          await page.keyboard.press('Tab');
          // At its ends the focus passes a guard, which sends it round.
          await expect.poll(() => dialog.evaluate((el) => el.contains(document.activeElement))).toBe(true);
        }
        await page.keyboard.press('Escape');
        await expect(dialog).toHaveCount(0);
        await expect(opener).toBeFocused();
      });
    }

    await test.step('Menu: arrows, Enter, Escape', async () => {
      const opener = page.getByRole('button', { name: '메뉴', exact: true });
      await opener.focus();
      await page.keyboard.press('Enter');
      if (size === 'desk') {
        await expect(page.getByRole('menu')).toBeVisible();
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Escape');
        await expect(page.getByRole('menu')).toHaveCount(0);
        await expect(opener).toBeFocused();
        await page.keyboard.press('Enter');
        await page.getByRole('menuitem', { name: '복사' }).press('Enter');
      } else {
        await page.getByRole('dialog', { name: '메뉴' }).getByRole('button', { name: '복사' }).press('Enter');
      }
      await expect(page.getByText('복사했어요.')).toBeVisible();
      await expect(opener).toBeFocused();
    });

    if (size === 'desk') {
      await test.step('Tooltip: on the mouse after a rest, on the keyboard at once, away with Escape', async () => {
        const tip = page.getByText('멤버', { exact: true });
        await page.getByRole('button', { name: '멤버', exact: true }).hover();
        await expect(tip).toBeVisible();
        await page.mouse.move(0, 0);
        await expect(tip).toHaveCount(0);
        await page.getByRole('button', { name: '보내는 중' }).focus();
        await page.keyboard.press('Tab');
        await expect(tip).toBeVisible();
        await page.keyboard.press('Escape');
        await expect(tip).toHaveCount(0);
      });
    }
  });
}
