import { execFileSync } from 'node:child_process';
import { defineConfig } from '@playwright/test';

/** No browser is downloaded: it is the system's Chromium, by name or from the PATH. */
function chromium(variable: string, ...kind: string[]): string {
  return process.env[variable] ?? execFileSync('sh', ['../scripts/chromium', ...kind], { encoding: 'utf8' }).trim();
}

const launch = (executablePath: string) => ({
  executablePath,
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
});
const drawn = ['pictures.spec.ts', 'sheet/**'];

export default defineConfig({
  testDir: 'e2e',
  // The contact sheet has a command of its own.
  testIgnore: process.env['SHEET'] ? [] : ['sheet/**'],
  // Each is a browser and a server, and many wait for what takes its time.
  workers: 3,
  retries: 0,
  timeout: 60_000,
  forbidOnly: process.env['CI'] === 'true',
  reporter: 'list',
  snapshotPathTemplate: '{testDir}/pictures/{arg}{ext}',
  // A picture is wrong when one pixel in a hundred is: letters may be drawn a little differently elsewhere.
  expect: {
    timeout: 10_000,
    toHaveScreenshot: { maxDiffPixelRatio: 0.01, scale: 'css', stylePath: 'e2e/pictures.css' },
  },
  use: {
    locale: 'ko-KR',
    timezoneId: 'Asia/Seoul',
    actionTimeout: 10_000,
    screenshot: 'only-on-failure',
  },
  projects: [
    {
      name: 'site',
      testIgnore: drawn,
      use: { launchOptions: launch(chromium('CHROMIUM_HEADLESS', 'headless')) },
    },
    // The browser without a window draws a little differently.
    { name: 'pictures', testMatch: drawn, use: { launchOptions: launch(chromium('CHROMIUM')) } },
  ],
});
