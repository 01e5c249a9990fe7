import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { minify, transformWithOxc, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const server = 'http://127.0.0.1:8080';

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

export default defineConfig({
  plugins: [react(), tailwindcss(), serviceWorker()],
  // public/.gitkeep is copied into dist, so that emptying dist keeps the placeholder that `go build` needs.
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: 'assets/manifest.json',
    target: ['chrome111', 'safari16.4', 'firefox114'],
    // The page's policy has no `data:` for fonts and scripts: nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What every page begins with is one file, however its parts are shared with what is loaded later: many small files
    // compress worse, and each costs the browser a request.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'index', tags: ['$initial'] }] } } },
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
