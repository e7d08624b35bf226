/** `qdrant://` and `qdrants://`: Qdrant's REST client. */
import { createQdrant, openQdrant, type QdrantSettings } from "@pith/adapters/qdrant";
import { PithError, quote } from "@pith/codec-core";
import { QdrantClient } from "@qdrant/js-client-rest";
import { checkSettings, type RemoteAddress, type RemoteConnection } from "./remote.ts";

const DEFAULT_PORT = 6333;

export function connectQdrant(address: RemoteAddress, key: string | undefined): RemoteConnection {
  checkSettings(address, ["quantizer", "datatype", "oversampling", "onDisk"]);
  const { quantizer, datatype, oversampling, onDisk } = address.settings;
  if (onDisk !== undefined && onDisk !== "true" && onDisk !== "false")
    throw new PithError("INVALID_OPTION", `onDisk: expected true or false, got ${quote(onDisk)}`);
  // Names and ranges are the adapter's to check.
  const settings = {
    quantizer,
    datatype,
    oversampling: oversampling === undefined ? undefined : Number(oversampling || Number.NaN),
    onDisk: onDisk === "true",
  } as QdrantSettings;
  const { host, port = DEFAULT_PORT, secure, collection } = address;
  const name = host.includes(":") ? `[${host}]` : host;
  const client = new QdrantClient({
    url: `${secure ? "https" : "http"}://${name}:${port}`,
    // A request at start that writes to the console what it thinks of the server's version.
    checkCompatibility: false,
    // As a header: given as a key, the client writes to the console where there is no TLS.
    ...(key === undefined ? {} : { headers: { "api-key": key } }),
  });
  const secrets = key === undefined ? [] : [key];
  return {
    open: (options) => openQdrant(client, collection, { ...options, secrets }),
    openOrCreate: (options) =>
      createQdrant(client, collection, { ...options, secrets, settings, orOpen: true }),
    close: async () => {},
  };
}
