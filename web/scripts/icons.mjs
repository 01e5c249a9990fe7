// Draws the icons of the installed site from the logo, public/icon.svg, which has rounded rectangles alone:
//   node scripts/icons.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';

const publicFiles = new URL('../public/', import.meta.url);
const svg = readFileSync(new URL('icon.svg', publicFiles), 'utf8');
const side = 24; // of the logo's viewBox

const hex = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const accent = hex(/fill="(#\w{6})"/u.exec(svg)[1]);
const paper = hex('#faf8f5');
const boards = [...svg.matchAll(/<rect ([^>]+)\/>/gu)].map(([, attributes]) => {
  const value = (name, otherwise) => Number(new RegExp(`\\b${name}="([^"]+)"`, 'u').exec(attributes)?.[1] ?? otherwise);
  return {
    x: value('x'),
    y: value('y'),
    w: value('width'),
    h: value('height'),
    r: value('rx'),
    o: value('opacity', 1),
  };
});

/** How far a point lies outside of a rounded rectangle; inside it is negative. */
function outside({ x, y, w, h, r }, px, py) {
  const [qx, qy] = [Math.abs(px - x - w / 2) - w / 2 + r, Math.abs(py - y - h / 2) - h / 2 + r];
  return Math.hypot(Math.max(qx, 0), Math.max(qy, 0)) + Math.min(Math.max(qx, qy), 0) - r;
}

/** `share`: of the side that the logo takes; `corner`: of the ground, in shares of the side, 0 where the system cuts it. */
function draw(size, share, corner) {
  const scale = (size * share) / side;
  const margin = (size * (1 - share)) / 2;
  const ground = { x: 0, y: 0, w: size, h: size, r: size * corner };
  const cover = (distance) => Math.min(Math.max(0.5 - distance, 0), 1);
  const rows = Buffer.alloc(size * (1 + 4 * size));
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const [px, py] = [x + 0.5, y + 0.5];
      let colour = paper;
      for (const board of boards) {
        const a = board.o * cover(outside(board, (px - margin) / scale, (py - margin) / scale) * scale);
        colour = colour.map((part, i) => part + (accent[i] - part) * a);
      }
      const alpha = corner === 0 ? 255 : Math.round(255 * cover(outside(ground, px, py)));
      rows.set([...(alpha === 0 ? [0, 0, 0] : colour.map(Math.round)), alpha], y * (1 + 4 * size) + 1 + 4 * x);
    }
  }
  return png(size, rows);
}

function png(size, rows) {
  const chunk = (kind, body) => {
    const named = Buffer.concat([Buffer.from(kind), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6], 8); // eight bits of red, green, blue, alpha
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

// What a mask leaves for certain is a circle of 0.8 of the side; the logo's corners have to lie in it.
for (const [name, size, share, corner] of [
  ['icon-192', 192, 0.72, 0.22],
  ['icon-512', 512, 0.72, 0.22],
  ['maskable-192', 192, 0.58, 0],
  ['maskable-512', 512, 0.58, 0],
  ['apple-touch-icon', 180, 0.66, 0],
]) {
  const file = draw(size, share, corner);
  writeFileSync(new URL(`icons/${name}.png`, publicFiles), file);
  console.log(`${name}.png ${file.length} bytes`);
}
