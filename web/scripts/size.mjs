// Fails when the first JavaScript (the entry and everything it imports statically) exceeds the limit, compressed.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const limit = 152 * 1024;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('assets/manifest.json', dist), 'utf8'));

const entries = Object.keys(manifest).filter((key) => manifest[key].isEntry);
if (entries.length === 0) throw new Error('the build has no entry');
const seen = new Set();
const visit = (key) => {
  if (seen.has(key)) return;
  seen.add(key);
  for (const imported of manifest[key].imports ?? []) visit(imported);
};
entries.forEach(visit);

let total = 0;
for (const key of seen) {
  const { file } = manifest[key];
  const size = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
  total += size;
  console.log(`${(size / 1024).toFixed(1).padStart(7)} KB  ${file}`);
}
console.log(`${(total / 1024).toFixed(1).padStart(7)} KB  first JavaScript, gzip (limit ${limit / 1024} KB)`);
if (total > limit) process.exit(1);
