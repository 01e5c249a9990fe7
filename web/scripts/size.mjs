// Fails when the first JavaScript, what the page itself asks for, exceeds the limit, compressed.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const limit = 152 * 1024;
const dist = new URL('../dist/', import.meta.url);
const page = readFileSync(new URL('index.html', dist), 'utf8');
const files = [...new Set(page.match(/(?<=(?:src|href)="\/)assets\/[^"]+\.js(?=")/gu))];
if (files.length === 0) throw new Error('the page has no script');

let total = 0;
for (const file of files) {
  const size = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
  total += size;
  console.log(`${(size / 1024).toFixed(1).padStart(7)} KB  ${file}`);
}
console.log(`${(total / 1024).toFixed(1).padStart(7)} KB  first JavaScript, gzip (limit ${limit / 1024} KB)`);
if (total > limit) process.exit(1);
