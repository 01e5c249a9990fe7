import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/**
 * Stands before the program, and can make another release of it: a page that says so, and scripts of other names. The
 * names of the release before are gone from then on, as they are from a program that was replaced.
 */
export class Front {
  release = 1;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(readonly to: number) {
    this.#server = createServer((asked, answer) => {
      void this.#pass(asked).then(
        ({ status, headers, body }) => {
          answer.writeHead(status, headers);
          answer.end(body);
        },
        // Nobody is there: the connection ends without an answer.
        () => asked.socket.destroy(),
      );
    });
    this.#server.on('upgrade', (asked, socket: Socket, head) => {
      const on = connect(this.to, '127.0.0.1', () => {
        const lines = asked.rawHeaders.reduce(
          (text, part, i) => text + part + (i % 2 === 0 ? ': ' : '\r\n'),
          `GET ${asked.url ?? ''} HTTP/1.1\r\n`,
        );
        on.write(`${lines}\r\n`);
        on.write(head);
        on.pipe(socket).pipe(on);
      });
      on.on('error', () => socket.destroy());
      socket.on('error', () => on.destroy());
      socket.on('close', () => on.destroy());
      on.on('close', () => socket.destroy());
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async before(maru: { port: number }): Promise<Front> {
    const front = new Front(maru.port);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #pass(asked: IncomingMessage) {
    const name = `-r${this.release}.js`;
    let path = asked.url ?? '/';
    const script = /^\/assets\/.+\.js$/u.test(path);
    if (this.release > 1 && script) {
      if (!path.endsWith(name)) return { status: 404, headers: {}, body: Buffer.from('') };
      path = path.replace(name, '.js');
    }
    const { status, headers, body } = await this.#fetch(asked, path);
    if (this.release === 1 || !/text\/(html|javascript)/u.test(String(headers['content-type']))) {
      return { status, headers, body };
    }
    let text = this.#rename(body.toString());
    if (path === '/sw.js') {
      const shell = this.#rename((await this.#fetch(undefined, '/shell.html')).body.toString());
      const digest = createHash('sha256').update(shell).digest('hex');
      text = text
        .replace(/"version":"(\w+)"/u, `"version":"$1-${this.release}"`)
        .replace(/"shell":"\w+"/u, `"shell":"${digest}"`);
    }
    return { status, headers: { ...headers, 'content-length': Buffer.byteLength(text) }, body: Buffer.from(text) };
  }

  #rename(text: string): string {
    return text
      .replace('<html ', `<html data-release="${this.release}" `)
      .replace(/((?:assets|\.)\/[\w.-]+?)\.js\b/gu, `$1-r${this.release}.js`);
  }

  async #fetch(asked: IncomingMessage | undefined, path: string) {
    const headers = { ...asked?.headers, 'accept-encoding': 'identity' };
    delete headers['if-none-match'];
    const on = request({ host: '127.0.0.1', port: this.to, path, method: asked?.method ?? 'GET', headers });
    if (asked) asked.pipe(on);
    else on.end();
    const [answer] = (await once(on, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of answer) parts.push(part as Buffer);
    const { etag: _, ...kept } = answer.headers;
    return { status: answer.statusCode ?? 500, headers: kept, body: Buffer.concat(parts) };
  }
}
