import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { brotliCompressSync } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { minify, transformWithOxc, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const server = 'http://127.0.0.1:8080';

/** The server sends these to browsers that take Brotli; they are a tenth smaller than what it makes itself. */
const brotli: Plugin = {
  name: 'brotli',
  apply: 'build',
  writeBundle({ dir = '' }, bundle) {
    for (const made of Object.values(bundle)) {
      if (!/\.(js|css|svg|json)$/.test(made.fileName)) continue;
      const bytes = Buffer.from(made.type === 'chunk' ? made.code : made.source);
      const compressed = brotliCompressSync(bytes);
      if (compressed.length < 0.9 * bytes.length) writeFileSync(`${dir}/${made.fileName}.br`, compressed);
    }
  },
};

const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

/** Makes /sw.js of worker/sw.ts, with what this build made: the files that it keeps, and the digest of the page. */
function serviceWorker(): Plugin {
  return {
    name: 'maru:service-worker',
    apply: 'build',
    enforce: 'post',
    async generateBundle(_, bundle) {
      const page = bundle['index.html'];
      if (page?.type !== 'asset') throw new Error('the build has no page');
      const source = await readFile(new URL('worker/sw.ts', import.meta.url), 'utf8');
      // Fonts are many and large; the browser's own cache keeps those that were seen.
      const files = Object.keys(bundle)
        .filter((name) => /^assets\/.+\.(js|css)$/u.test(name))
        .map((name) => `/${name}`)
        .sort();
      const shell = sha256(page.source);
      const version = sha256(JSON.stringify([shell, files, source])).slice(0, 16);
      const { code } = await transformWithOxc(source, 'sw.ts', { target: 'es2022' });
      const small = await minify('sw.js', code);
      const build = `const BUILD = ${JSON.stringify({ version, shell, files })};\n`;
      this.emitFile({ type: 'asset', fileName: 'sw.js', source: build + small.code });
    },
  };
}

/**
 * The page is painted once its entry has run, the last of its scripts: what was there before stays until then, and the first
 * paint is the screen, not an empty page.
 */
const paintedOnce: Plugin = {
  name: 'maru:painted-once',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler: (page) => page.replace('<script type="module"', '<script type="module" blocking="render"'),
  },
};

/** Small parts of several screens. In files of their own they would cost more than they weigh. */
const sharedByScreens =
  /\/src\/(ui\/(Chip|Ring|Wrong|SearchField|TextField)|lib\/ime)\.tsx?$|useMutation|icons\/x\.m?js/;

export default defineConfig({
  plugins: [react(), tailwindcss(), paintedOnce, serviceWorker(), brotli],
  // public/.gitkeep is copied into dist, so that emptying dist keeps the placeholder that `go build` needs.
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: 'assets/manifest.json',
    target: ['chrome111', 'safari16.4', 'firefox114'],
    // The page's policy has no `data:` for fonts and scripts: nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What every page begins with is two files, however its parts are shared with what is loaded later: many small files
    // compress worse, and each costs the browser a request. The libraries change seldom, and stay in its cache.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'libraries', tags: ['$initial'], test: /node_modules|rolldown:runtime/ },
            { name: 'site', tags: ['$initial'] },
            { name: 'site', test: sharedByScreens },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      '/api': { target: server },
      '/socket.io': { target: server, ws: true },
    },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test.setup.ts'],
    restoreMocks: true,
  },
});
