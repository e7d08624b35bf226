/**
 * What an error of Weaviate's client means. It wraps what gRPC says in text alone ("... UNAVAILABLE: ..."), so the text is
 * read: names of statuses are gRPC's own (https://grpc.io/docs/guides/status-codes/).
 */
import type { Failure } from "../remote/database.ts";
import { networkFailure, serverText, statusFailure } from "../remote/http-failure.ts";

/** Statuses after which the same request may pass. */
const TRANSIENT: ReadonlySet<string> = new Set(["UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "CANCELLED"]);

/** Said by nodes that are stopping, starting, cut off from others, or out of room for a while. */
const PASSING =
  /replica|consistency level|connection refused|connection reset|connect call failed|deadline exceeded|shutting down|shut down|already closed|no leader|leader not found|memory pressure|not enough memory|read-?only|\bEOF\b|RST_STREAM|connection dropped|no such host|transport/i;

const TOO_LARGE = /larger than|exceeds|too large/i;

const WRONG_KEY = /unauthori[sz]ed|anonymous access not enabled|invalid api key/i;

/** A write of which the server refused some objects for a while: the whole request is done again. */
export class PassingRefusal extends Error {}

/** Whether a refusal of a single object is for a while only. */
export function passes(message: string): boolean {
  return PASSING.test(message);
}

export function weaviateFailure(error: unknown, secrets: readonly string[]): Failure {
  const { name, message, code } = (error ?? {}) as { name?: unknown; message?: unknown; code?: unknown };
  const text = serverText(message ?? String(error), secrets);
  if (error instanceof PassingRefusal) return { kind: "unavailable", text };
  if (name === "WeaviateUnauthenticatedError") return statusFailure(401, "");
  if (name === "WeaviateInsufficientPermissionsError") return statusFailure(403, "");
  if (name === "WeaviateRequestTimeoutError" || name === "WeaviateGRPCUnavailableError")
    return { kind: "unavailable", text: "no answer in time" };
  // Of a server that isn't there, the client says no more than that.
  if (name === "WeaviateStartUpError" && !WRONG_KEY.test(text)) return { kind: "unavailable", text };
  if (name === "WeaviateUnexpectedStatusCodeError" && typeof code === "number") {
    const said = serverText(bodyText(String(message)), secrets);
    const failure = statusFailure(code, said);
    return failure.kind === "refused" && code !== 422 && PASSING.test(said)
      ? { ...failure, kind: "unavailable" }
      : failure;
  }
  const network = networkFailure(error);
  if (network) return network;
  const status = / ([A-Z_]{5,}): /.exec(` ${String(message)}`)?.[1] ?? "";
  if (status === "UNAUTHENTICATED" || status === "PERMISSION_DENIED") return statusFailure(401, "");
  if (status === "RESOURCE_EXHAUSTED")
    return TOO_LARGE.test(text)
      ? { kind: "too large", text: "the request is too large for the server" }
      : { kind: "busy", text };
  if (TRANSIENT.has(status) || PASSING.test(text)) return { kind: "unavailable", text };
  if (/unauthori[sz]ed|anonymous access not enabled|invalid api key/i.test(text))
    return statusFailure(401, "");
  return { kind: "refused", text };
}

/** The messages in the body of a refusal, which is JSON as a rule. */
function bodyText(message: string): string {
  const body = message.slice(message.indexOf("and message: ") + "and message: ".length);
  try {
    const { error, message: said } = JSON.parse(body) as { error?: { message?: string }[]; message?: string };
    return error?.map((each) => each.message ?? "").join("; ") ?? said ?? body;
  } catch {
    return body;
  }
}
