/**
 * What HTTP and the network say, as a `Failure`: shared by databases whose clients speak HTTP. Texts are one line and short,
 * and hold neither the request nor its headers; secrets that the caller names are blotted out of what servers say.
 */
import type { Failure } from "./database.ts";

/** Text of a server's that goes into a message, characters. */
const LONGEST = 300;

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there (connection refused)",
  ECONNRESET: "the connection was reset",
  ECONNABORTED: "the connection was broken off",
  EHOSTUNREACH: "the host can't be reached",
  ENETUNREACH: "the network can't be reached",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name of the host can't be looked up now",
  EPIPE: "the connection was closed",
  ETIMEDOUT: "no answer in time",
  UND_ERR_CONNECT_TIMEOUT: "no connection in time",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "the answer stopped half-way",
  UND_ERR_SOCKET: "the connection was closed",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the answer was cut short",
};

/** Names of hosts that are wrong today are wrong in a second. */
const LASTING: ReadonlySet<string> = new Set(["ENOTFOUND"]);

/** A text of a server's for one line, without the secrets. */
export function serverText(text: unknown, secrets: readonly string[]): string {
  let line = typeof text === "string" ? text : (JSON.stringify(text) ?? "");
  for (const secret of secrets) if (secret !== "") line = line.replaceAll(secret, "***");
  // One line, and nothing that a terminal obeys.
  line = line.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, " ").trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

/** Of an answer that isn't a success. `said`: what the server says, if anything. */
export function statusFailure(status: number, said: string, retryAfter?: number): Failure {
  const because = said === "" ? "" : `: ${said}`;
  // A server that refuses a key may well repeat it.
  if (status === 401 || status === 403)
    return { kind: "key", status, text: `the server refused the key (${status})` };
  if (status === 429)
    return { kind: "busy", status, text: "the server takes no more requests for now (429)", retryAfter };
  if (status === 413)
    return { kind: "too large", status, text: `the request is too large for the server (413)` };
  if (status === 408 || status === 425 || (status >= 500 && status !== 501))
    return { kind: "unavailable", status, text: `the server failed (${status})${because}`, retryAfter };
  return { kind: "refused", status, text: `the server refused the request (${status})${because}` };
}

/** Of an error without an answer; undefined where it tells of no network. */
export function networkFailure(error: unknown): Failure | undefined {
  for (let e = error, depth = 0; typeof e === "object" && e !== null && depth < 8; depth++) {
    const { code, name, errors, cause } = e as {
      code?: unknown;
      name?: unknown;
      errors?: unknown;
      cause?: unknown;
    };
    if (typeof code === "string" && (Object.hasOwn(NETWORK, code) || code.startsWith("UND_ERR")))
      return {
        kind: LASTING.has(code) ? "refused" : "unavailable",
        text: NETWORK[code] ?? `the connection failed (${code})`,
      };
    // An answer whose JSON ends early, or that a proxy wrote.
    if (name === "SyntaxError") return { kind: "unavailable", text: "the answer isn't whole JSON" };
    if (name === "AbortError" || name === "TimeoutError")
      return { kind: "unavailable", text: "no answer in time" };
    // Tried over several addresses of a host: the first says why.
    e = cause ?? (Array.isArray(errors) ? errors[0] : undefined);
  }
  if (error instanceof TypeError && /^(fetch failed|terminated)$/.test(error.message))
    return { kind: "unavailable", text: "the connection failed" };
  return undefined;
}

/** Milliseconds of a Retry-After header: seconds, or a date after RFC 9110. */
export function retryAfterMs(header: unknown, now: number = Date.now()): number | undefined {
  if (typeof header === "number") return header >= 0 ? header * 1000 : undefined;
  if (typeof header !== "string") return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
