/** What errors of Weaviate's client mean: texts as version 3.12.1 and a server of version 1.39.3 make them. */
import { describe, expect, test } from "vitest";
import { PassingRefusal, passes, weaviateFailure } from "../../src/weaviate/failure.ts";

function error(name: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { name, ...more });
}

const query = (text: string): Error =>
  error(
    "WeaviateQueryError",
    `Query call with protocol gRPC failed with message: /weaviate.v1.Weaviate/Search ${text}`,
  );
const status = (code: number, body: string): Error =>
  error(
    "WeaviateUnexpectedStatusCodeError",
    `The request to Weaviate failed with status code: ${code} and message: ${body}`,
    { code },
  );

describe("kinds", () => {
  test.each([
    [
      "key",
      error("WeaviateUnauthenticatedError", 'Unauthenticated: {"code":401,"message":"invalid api key"}'),
    ],
    ["key", error("WeaviateInsufficientPermissionsError", "Forbidden: no")],
    ["key", query("UNAUTHENTICATED: unauthorized: invalid api key")],
    ["key", query("UNKNOWN: extract auth: unauthorized: invalid api key")],
    [
      "key",
      error(
        "WeaviateStartUpError",
        'Weaviate startup failed with message: ... "unauthorized: invalid api key"',
      ),
    ],
    ["unavailable", error("WeaviateStartUpError", "Weaviate startup failed with message: fetch failed")],
    ["unavailable", query("UNAVAILABLE: Connection dropped")],
    [
      "unavailable",
      query("UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1"),
    ],
    ["unavailable", query("DEADLINE_EXCEEDED: context deadline exceeded")],
    ["unavailable", query("UNKNOWN: cannot achieve consistency level QUORUM: not enough replicas")],
    ["unavailable", query("INTERNAL: Received RST_STREAM with code 2")],
    ["unavailable", error("WeaviateRequestTimeoutError", "Weaviate request timed out with message: 30ms")],
    ["unavailable", status(503, "")],
    ["unavailable", status(500, '{"error":[{"message":"leader not found"}]}')],
    ["unavailable", Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } })],
    ["unavailable", new PassingRefusal("store is read-only")],
    ["busy", status(429, "")],
    ["busy", query("RESOURCE_EXHAUSTED: too many requests")],
    ["too large", status(413, "")],
    ["too large", query("RESOURCE_EXHAUSTED: Received message larger than max (209715200 vs 104858000)")],
    ["too large", query("RESOURCE_EXHAUSTED: Attempted to send message with a size larger than 8388608")],
    ["refused", query("UNKNOWN: could not find class Nope in schema")],
    ["refused", status(422, '{"error":[{"message":"class name Docs already exists"}]}')],
    ["refused", new TypeError("Cannot read properties of undefined")],
  ])("%s: %s", (kind, thrown) => {
    expect(weaviateFailure(thrown, []).kind).toBe(kind);
  });
});

test("the server's own words, not its JSON, and no secret among them", () => {
  const failure = weaviateFailure(status(422, '{"error":[{"message":"no such thing as sesame-1"}]}'), [
    "sesame-1",
  ]);
  expect(failure.text).toBe("the server refused the request (422): no such thing as ***");
});

test("refusals of single objects: for a while, or for good", () => {
  expect(passes("put object: broadcast: cannot reach enough replicas")).toBe(true);
  expect(passes("store is read-only due to memory pressure")).toBe(true);
  expect(passes("new node has a vector with length 2. Existing nodes have vectors with length 3")).toBe(
    false,
  );
  expect(passes("invalid text property 'n' on class 'Docs': not a string, but float64")).toBe(false);
});
