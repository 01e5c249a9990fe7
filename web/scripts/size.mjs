// Fails when the first JavaScript of a screen (the entry, the screen's own chunk and everything they import statically)
// exceeds the limit, as the server sends it to browsers of today: compressed by Brotli.
import { readFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const limit = 120 * 1024;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('assets/manifest.json', dist), 'utf8'));

const entries = Object.keys(manifest).filter((key) => manifest[key].isEntry);
if (entries.length === 0) throw new Error('the build has no entry');
const features = 'src/features/';
const screens = ['lobby/Lobby', 'room/RoomScreen', 'auth/LogIn', 'auth/SignUp', 'profile/Profile', 'people/People'];

let failed = false;
for (const screen of screens) {
  const seen = new Set();
  const visit = (key) => {
    if (seen.has(key)) return;
    seen.add(key);
    if (!manifest[key]) throw new Error(`the build has no ${key}`);
    for (const imported of manifest[key].imports ?? []) visit(imported);
  };
  for (const key of [...entries, `${features}${screen}.tsx`]) visit(key);
  let [brotli, gzip] = [0, 0];
  for (const key of seen) {
    const bytes = readFileSync(new URL(manifest[key].file, dist));
    brotli += brotliCompressSync(bytes).length;
    gzip += gzipSync(bytes, { level: 9 }).length;
  }
  const kb = (bytes) => (bytes / 1024).toFixed(1).padStart(7);
  console.log(`${kb(brotli)} KB Brotli ${kb(gzip)} KB gzip  first JavaScript of ${screen} in ${seen.size} files`);
  failed ||= brotli > limit;
}
if (failed) {
  console.error(`more than ${limit / 1024} KB`);
  process.exit(1);
}
