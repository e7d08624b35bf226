/** `weaviate://` and `weaviates://`: Weaviate's client, REST at the address's port and gRPC at the one that `?grpc=` names. */
import {
  createWeaviate,
  openWeaviate,
  type WeaviateConsistency,
  type WeaviateSettings,
  weaviateError,
} from "@pith/adapters/weaviate";
import { PithError } from "@pith/codec-core";
import weaviate from "weaviate-client";
import { checkSettings, type RemoteAddress, type RemoteConnection } from "./remote.ts";

const DEFAULT_PORT = 8080;
const DEFAULT_GRPC = 50_051;
/** Where TLS is spoken both come by it. */
const TLS_PORT = 443;
const NUMBERS = ["rescoreLimit", "segments", "trainingLimit", "shards", "replicas"] as const;

export async function connectWeaviate(
  address: RemoteAddress,
  key: string | undefined,
): Promise<RemoteConnection> {
  const { host, port, secure, collection, settings } = address;
  checkSettings(address, ["grpc", "consistency", "quantizer", "index", ...NUMBERS]);
  const secrets = key === undefined ? [] : [key];
  const numbers = NUMBERS.filter((name) => settings[name] !== undefined);
  const access = {
    secrets,
    consistency: settings["consistency"] as WeaviateConsistency | undefined,
    settings: {
      quantizer: settings["quantizer"],
      index: settings["index"],
      ...Object.fromEntries(numbers.map((name) => [name, integer(name, settings[name])])),
    } as WeaviateSettings,
  };
  const grpc = settings["grpc"] === undefined ? undefined : integer("grpc", settings["grpc"]);
  const client = await weaviate
    .connectToCustom({
      httpHost: host,
      httpPort: port ?? (secure ? TLS_PORT : DEFAULT_PORT),
      httpSecure: secure,
      grpcHost: host,
      grpcPort: grpc ?? (secure ? TLS_PORT : DEFAULT_GRPC),
      grpcSecure: secure,
      ...(key === undefined ? {} : { authCredentials: new weaviate.ApiKey(key) }),
    })
    .catch((error: unknown) => {
      throw weaviateError(error, secrets);
    });
  return {
    open: (options) => openWeaviate(client, collection, { ...options, ...access }),
    openOrCreate: (options) => createWeaviate(client, collection, { ...options, ...access, orOpen: true }),
    close: () => client.close(),
  };
}

function integer(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new PithError("INVALID_ARGUMENT", `address: ${name} is no number: ${JSON.stringify(text)}`);
}
