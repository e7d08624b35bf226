/** Free ports on loopback. */
import { createServer } from "node:net";

/**
 * The first of `count` consecutive ports from `from` on that nothing listens on. Another process may still come first: a
 * server that doesn't start says so.
 */
export async function freePorts(count, from) {
  for (let base = from; base + count <= 65_536; base += count) {
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(base + i)));
    if (free.every(Boolean)) return base;
  }
  throw new Error(`there are no ${count} consecutive free ports from ${from} on`);
}

// On all interfaces, as some of a server's ports are.
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "0.0.0.0", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
