import { writeFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const server = 'http://127.0.0.1:8080';

/** What the page needs before anything is drawn. Left to itself, the bundler parts it by who shares what: into thirty files. */
const first = new Set<string>();
const findFirst: Plugin = {
  name: 'find-first',
  buildEnd() {
    first.clear();
    const visit = (id: string): void => {
      if (first.has(id)) return;
      first.add(id);
      this.getModuleInfo(id)?.importedIds.forEach(visit);
    };
    for (const id of this.getModuleIds()) if (id.endsWith('/src/app/main.tsx')) visit(id);
  },
};

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

export default defineConfig({
  plugins: [react(), tailwindcss(), findFirst, brotli],
  // public/.gitkeep is copied into dist, so that emptying dist keeps the placeholder that `go build` needs.
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: 'assets/manifest.json',
    target: ['chrome111', 'safari16.4', 'firefox114'],
    // The page's policy has no `data:` for fonts and scripts: nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        advancedChunks: {
          groups: [
            // These change seldom, and stay in the browser's cache when the site does.
            { name: 'libraries', test: (id) => first.has(id) && id.includes('/node_modules/') },
            { name: 'site', test: (id) => first.has(id) && !id.endsWith('/main.tsx') },
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
