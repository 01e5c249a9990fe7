import { createRoom, desk, expect, message, open, say, signUp, test } from './maru';

const attacks = [
  '<img src=x onerror="window.pwned=1">',
  '<script>window.pwned=1</script>',
  '</script><script>window.pwned=1</script>',
  '<svg/onload=window.pwned=1>',
  '[link](javascript:window.pwned=1)',
  'javascript:window.pwned=1',
  'data:text/html,<script>window.pwned=1</script>',
];

test('markup in names, rooms and messages is text, under a policy without a report', async ({ browser, maru }) => {
  const page = await open(browser, maru, desk);
  const reports: string[] = [];
  await page.exposeFunction('report', (what: string) => reports.push(what));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const { report } = window as unknown as { report: (what: string) => void };
      report(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
    });
  });
  await signUp(page, 'jisu', '<b onclick=x>지수');
  const room = await createRoom(page, '</script><svg/onload=alert(1)>', '<i>시험');
  for (const attack of attacks) {
    await say(page, attack);
    await expect(message(page, attack).last()).toBeVisible();
  }
  for (const path of ['/', `/rooms/${room}`, '/me']) {
    await page.goto(path);
    await expect(page.getByRole('main')).toBeVisible();
    expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
    expect(await page.locator('a[href^="javascript:" i], a[href^="data:" i]').count()).toBe(0);
  }
  expect(reports).toEqual([]);
});
