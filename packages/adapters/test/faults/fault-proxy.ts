/** An HTTP proxy that does wrong as it is told: in front of a server whose clients are to stand it. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it came, and how many of its kind there were, from 1. */
export interface Seen {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly n: number;
}

export type Fault =
  /** An answer of the proxy's own; the server sees nothing. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** The connection is reset before the server sees anything. */
  | { readonly kind: "reset" }
  /** The server does its work, and the connection is reset instead of the answer. */
  | { readonly kind: "lost answer" }
  /** Half of the server's answer, then the connection is closed. */
  | { readonly kind: "half" }
  /** Half of the server's answer as if it were whole: its JSON ends early. */
  | { readonly kind: "cut" }
  /** The answer comes when the promise is fulfilled. */
  | { readonly kind: "slow"; readonly until: Promise<unknown> };

export class FaultProxy {
  /** What to do to a request; nothing for undefined. */
  fault: (seen: Seen) => Fault | undefined = () => undefined;
  readonly seen: Seen[] = [];
  readonly #target: URL;
  readonly #server: Server;

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer(
      (incoming, outgoing) => void this.#handle(incoming, outgoing).catch(() => incoming.destroy()),
    );
  }

  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = Buffer.concat(await incoming.toArray());
    const [method = "", [path]] = [incoming.method, (incoming.url ?? "").split("?")];
    const n = 1 + this.seen.filter((seen) => seen.method === method && seen.path === path).length;
    const seen = { method, path, headers: incoming.headers, body: body.toString("utf8"), n };
    this.seen.push(seen);
    const fault = this.fault(seen);
    if (fault?.kind === "reset") return void incoming.socket.resetAndDestroy();
    if (fault?.kind === "answer") {
      const { status, headers, body: text = "" } = fault;
      const type = text.startsWith("{") ? "application/json" : "text/plain";
      outgoing.writeHead(status, { "content-type": type, ...headers });
      return void outgoing.end(text);
    }
    if (fault?.kind === "slow") await fault.until;
    const { status, headers, content } = await this.#forward(incoming, body);
    if (fault?.kind === "lost answer") return void incoming.socket.resetAndDestroy();
    const half = content.subarray(0, content.length >> 1);
    if (fault?.kind === "half") {
      outgoing.writeHead(status, headers);
      return void outgoing.write(half, () => incoming.socket.destroy());
    }
    const whole = fault?.kind === "cut" ? half : content;
    outgoing.writeHead(status, { ...headers, "content-length": String(whole.length) });
    outgoing.end(whole);
  }

  async #forward(
    incoming: IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; headers: Record<string, string>; content: Buffer }> {
    const { hostname, port } = this.#target;
    const out = request({
      hostname,
      port,
      path: incoming.url,
      method: incoming.method,
      headers: { ...incoming.headers, host: this.#target.host },
    });
    out.end(body);
    const [answer] = (await once(out, "response")) as [IncomingMessage];
    const content = Buffer.concat(await answer.toArray());
    const headers = {
      "content-type": String(answer.headers["content-type"]),
      "content-length": String(content.length),
    };
    return { status: answer.statusCode ?? 500, headers, content };
  }
}
