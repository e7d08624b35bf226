/** A TCP proxy that does wrong as it is told: in front of a server whose clients speak something else than HTTP/1.1. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class TcpProxy {
  /** "pass"; "refuse": connections are reset, those that there are too; "stall": nothing goes through, and nothing is closed. */
  #mode: "pass" | "refuse" | "stall" = "pass";
  /** Bytes from the client after which a connection is reset, once each time it is set. */
  cutAfter = Number.POSITIVE_INFINITY;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();

  private constructor(host: string, port: number) {
    this.#server = createServer((client) => this.#pair(client, connect({ host, port })));
  }

  static async start(host: string, port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(host, port);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  set mode(mode: "pass" | "refuse" | "stall") {
    this.#mode = mode;
    if (mode === "refuse") this.reset();
    for (const sockets of this.#pairs)
      for (const socket of sockets) {
        if (mode === "stall") socket.pause();
        else socket.resume();
      }
  }

  /** Resets every connection. */
  reset(): void {
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  async close(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pair(client: Socket, server: Socket): void {
    // A reset shows as an error, which is what is wanted.
    for (const socket of [client, server]) socket.on("error", () => {});
    if (this.#mode === "refuse") {
      client.resetAndDestroy();
      server.destroy();
      return;
    }
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    let sent = 0;
    client.on("data", (chunk) => {
      sent += chunk.length;
      if (sent > this.cutAfter) {
        this.cutAfter = Number.POSITIVE_INFINITY;
        client.resetAndDestroy();
        server.destroy();
      } else server.write(chunk);
    });
    server.on("data", (chunk) => client.write(chunk));
    for (const [from, to] of [pair, [server, client] as const])
      from.on("close", () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    if (this.#mode === "stall") for (const socket of pair) socket.pause();
  }
}
