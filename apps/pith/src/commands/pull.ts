/** `pith pull URL OUT`: a collection back into a Pith file. */
import { pullFile } from "@pith/adapters/qdrant";
import type { Command } from "commander";
import { codecs } from "../codecs.ts";
import { connect, parseAddress, shownAddress } from "../jobs/remote.ts";
import { command, integerOption } from "../terminal/command.ts";
import { leaveSoon } from "../terminal/leave.ts";
import { bytes, count, Progress } from "../terminal/progress.ts";

interface Options {
  batch?: number;
}

export const pullCommand: Command = command<[string, string], Options>(
  "pull",
  "bring a collection back into a Pith file",
  (c) =>
    c
      .argument(
        "<url>",
        "qdrant:// or weaviate://host:port/collection that push made; qdrants:// or weaviates:// with TLS",
      )
      .argument("<out>", "the Pith file to write; an old one stays until the new one is safe")
      .addOption(integerOption("--batch <rows>", "rows in a request; default 256", 1, 10_000)),
  async ({ json, signal, print }, [url, output], { batch }) => {
    const address = parseAddress(url);
    const connection = await connect(address);
    let progress: Progress | undefined;
    try {
      const collection = await connection.open({ codecs, signal });
      const onProgress = (done: number, total: number): void => {
        progress ??= json ? undefined : new Progress(`pulling from ${address.scheme}`, total);
        progress?.update(done);
      };
      const report = await pullFile(collection, output, { batch, signal, onProgress });
      progress?.done();
      const { codec, mode } = collection;
      const what = report.kind === "codes" ? codec.name : "float32";
      print(`${output}: ${count(report.count)} x ${codec.dim}, ${what}, ${bytes(report.fileBytes)}`, {
        file: output,
        url: shownAddress(address),
        mode,
        kind: report.kind,
        codec: codec.name,
        dim: codec.dim,
        metric: codec.metric,
        count: report.count,
        fileBytes: report.fileBytes,
        seconds: report.seconds,
      });
    } finally {
      progress?.done();
      await connection.close();
      leaveSoon();
    }
  },
);
