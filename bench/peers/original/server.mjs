// A small reference of the design that Maru began as: socket.io, and for every message an insert and then a select, on
// MySQL. It speaks as much of Maru's contract as the load generator needs; a person's token is "ROOM-USER".
// Usage: node server.mjs ADDRESS DATABASE_SOCKET ROOMS [each]
// "each" opens a connection to the database for every query, as the original did; otherwise there is a pool.
import { createServer } from 'node:http';
import mysql from 'mysql2/promise';
import { Server } from 'socket.io';

const [address, socketPath, rooms, each] = process.argv.slice(2);
const [host, port] = address.split(':');
const options = { socketPath, user: 'maru', password: 'maru' };

const setUp = await mysql.createConnection(options);
for (const statement of [
  'DROP DATABASE IF EXISTS chat',
  'CREATE DATABASE chat CHARACTER SET utf8mb4',
  'USE chat',
  'CREATE TABLE users (id VARCHAR(64) PRIMARY KEY, name VARCHAR(20) NOT NULL)',
  `CREATE TABLE messages (
     id BIGINT AUTO_INCREMENT PRIMARY KEY, room_id VARCHAR(32) NOT NULL, user_id VARCHAR(64) NOT NULL,
     text TEXT NOT NULL, created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), KEY (room_id, id))`,
]) {
  await setUp.query(statement);
}
await setUp.end();

const pool = each === 'each' ? undefined : mysql.createPool({ ...options, database: 'chat', connectionLimit: 10 });

async function query(sql, values) {
  if (pool) return (await pool.execute(sql, values))[0];
  const connection = await mysql.createConnection({ ...options, database: 'chat' });
  try {
    return (await connection.execute(sql, values))[0];
  } finally {
    await connection.end();
  }
}

const found = `SELECT m.id AS seq, m.room_id AS roomId, m.user_id AS senderId, u.name, m.text, m.created_at AS sentAt
  FROM messages m JOIN users u ON u.id = m.user_id`;

async function send(roomId, userId, text) {
  const { insertId } = await query('INSERT INTO messages (room_id, user_id, text) VALUES (?, ?, ?)', [roomId, userId, text]);
  const [message] = await query(`${found} WHERE m.id = ?`, [insertId]);
  io.to(roomId).emit('message', { message });
  return message;
}

const known = new Set();
/** Who a token names, and in which room they are. */
async function person(token) {
  const room = Number(/^room-(\d+)-/u.exec(token)?.[1]);
  if (!(room < Number(rooms))) throw new Error('unauthorized');
  if (!known.has(token)) {
    known.add(token);
    await query('INSERT IGNORE INTO users (id, name) VALUES (?, ?)', [token, '말벗']);
  }
  return { userId: token, roomId: `room-${room}` };
}

const http = createServer((request, response) => {
  answer(request).then(
    ([status, body]) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    },
    (error) => {
      response.writeHead(500).end(String(error));
    },
  );
});

async function answer(request) {
  const { userId, roomId } = await person((request.headers.authorization ?? '').slice('Bearer '.length));
  if (request.method === 'POST') {
    const parts = [];
    for await (const part of request) parts.push(part);
    const { text } = JSON.parse(Buffer.concat(parts).toString());
    return [201, { message: await send(roomId, userId, text) }];
  }
  const after = new URL(request.url, 'http://bench').searchParams.get('after');
  const messages =
    after === null
      ? await query(`${found} WHERE m.room_id = ? ORDER BY m.id DESC LIMIT 1`, [roomId])
      : await query(`${found} WHERE m.room_id = ? AND m.id > ? ORDER BY m.id LIMIT 200`, [roomId, Number(after)]);
  return [200, { messages, hasMore: after !== null && messages.length === 200 }];
}

const io = new Server(http, { perMessageDeflate: false, serveClient: false });

io.use((socket, next) => {
  person(socket.handshake.auth.token ?? '').then((who) => {
    socket.data = who;
    next();
  }, next);
});

io.on('connection', (socket) => {
  const { userId, roomId } = socket.data;
  socket.join(roomId);
  socket.on('message:send', async ({ text }, ack) => {
    try {
      ack({ ok: true, message: await send(roomId, userId, text) });
    } catch {
      // The original lost what its database did not take, without a word.
    }
  });
  socket.emit('ready', {});
});

// Who polls comes back on the same connection, however late.
http.keepAliveTimeout = 120_000;
http.listen(Number(port), host, () => console.log(`serving ${host}:${http.address().port}`));

// Standard input is a pipe from the load generator: it ends when that does.
const exit = () => process.exit(0);
process.stdin.on('end', exit).resume();
process.on('SIGTERM', exit);
