/**
 * As much of Qdrant's REST interface as a push and a pull use, in memory: something behind the fault proxy where there is no
 * engine. What it answers proves nothing about Qdrant; the live tests do that.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface FakePoint {
  id: string | number;
  vector?: unknown;
  payload?: { [field: string]: unknown };
}

interface FakeCollection {
  readonly config: { vectors?: unknown; quantization_config?: unknown };
  readonly points: Map<string | number, FakePoint>;
}

export class FakeQdrant {
  readonly collections: Map<string, FakeCollection> = new Map();
  readonly #server: Server = createServer((incoming, outgoing) => {
    void this.#answer(incoming).then(({ status, content }) => {
      outgoing.writeHead(status, { "content-type": "application/json" });
      outgoing.end(JSON.stringify(content));
    });
  });

  static async start(): Promise<FakeQdrant> {
    const fake = new FakeQdrant();
    fake.#server.listen(0, "127.0.0.1");
    await once(fake.#server, "listening");
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(incoming: IncomingMessage): Promise<{ status: number; content: unknown }> {
    const text = Buffer.concat(await incoming.toArray()).toString("utf8");
    const body = text === "" ? {} : JSON.parse(text);
    const [, , name, ...rest] = (incoming.url ?? "").split("?")[0].split("/");
    const result = this.#route(`${incoming.method} ${rest.join("/")}`, name, body);
    if (result === undefined) return { status: 404, content: { status: { error: `Not found: ${name}` } } };
    return { status: 200, content: { result, status: "ok" } };
  }

  // biome-ignore lint/suspicious/noExplicitAny: whatever the adapter sends
  #route(route: string, name: string, body: { [name: string]: any }): unknown {
    const collection = this.collections.get(name);
    if (route === "GET exists") return { exists: collection !== undefined };
    if (route === "PUT ") return !!this.collections.set(name, { config: body, points: new Map() });
    if (route === "DELETE ") return this.collections.delete(name);
    if (!collection) return undefined;
    const { config, points } = collection;
    const all = [...points.values()].sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
    switch (route) {
      case "GET ":
        return {
          status: "green",
          config: { params: { vectors: config.vectors }, quantization_config: config.quantization_config },
        };
      case "PUT points":
        for (const point of body["points"]) points.set(point.id, point);
        return { operation_id: 1, status: "completed" };
      case "POST points":
        return body["ids"].flatMap((id: string) => points.get(id) ?? []);
      case "POST points/delete":
        for (const id of body["points"]) points.delete(id);
        return { operation_id: 1, status: "completed" };
      case "POST points/count":
        return { count: points.size };
      case "POST points/scroll": {
        const start = body["offset"] === undefined ? 0 : all.findIndex(({ id }) => id === body["offset"]);
        const page = all.slice(start, start + body["limit"]);
        return { points: page, next_page_offset: all[start + body["limit"]]?.id ?? null };
      }
      case "POST points/query":
        return { points: all.slice(0, body["limit"]).map((point) => ({ ...point, score: 1 })) };
      default:
        return undefined;
    }
  }
}
