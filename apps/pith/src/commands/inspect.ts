/** `pith inspect FILE`: what a Pith file says of itself. */
import { stateBytes } from "@pith/codec-core";
import { openPith } from "@pith/codec-core/files";
import type { Command } from "commander";
import { command } from "../terminal/command.ts";
import { bytes, count } from "../terminal/progress.ts";
import { sideBytesPerVector, sideBytesText } from "../terminal/side-bytes.ts";
import { facts, table } from "../terminal/table.ts";

export const inspectCommand: Command = command<[string], object>(
  "inspect",
  "show what a Pith file holds",
  (c) => c.argument("<file>", "a Pith file"),
  async ({ print }, [path]) => {
    await using file = await openPith(path, { verify: "header" });
    const { info, tensors } = file;
    const stride = tensors
      .filter((t) => /^codes(\.\d+)?$/.test(t.name))
      .reduce((sum, t) => sum + t.shape[1], 0);
    // What the codec learned, and the one whose codes are kept to score hits again.
    const sideBytes =
      (info.codec ? stateBytes(await file.state()) : 0) +
      (info.rescore ? stateBytes(await file.rescoreState()) : 0);
    const learned = tensors.flatMap(
      ({ name }) => /^((?:rescore\.)?)state\.(.+)$/.exec(name)?.slice(1).join("") ?? [],
    );
    const report = {
      kind: info.kind,
      codec: info.codec?.name ?? null,
      codecVersion: info.codec?.version ?? null,
      params: info.codec?.params ?? null,
      dim: info.dim,
      count: info.count,
      metric: info.metric ?? null,
      ids: info.idType ?? null,
      originals: info.kind === "vectors" ? null : (tensors.find((t) => t.name === "vectors")?.dtype ?? null),
      rescore: info.rescore?.name ?? null,
      bytesPerVector: stride || null,
      sideBytes,
      sideBytesPerVector: sideBytesPerVector(sideBytes, info.count),
      learned,
      fileBytes: file.fileBytes,
      producer: info.producer ?? null,
      tensors: tensors.map(({ name, dtype, shape, begin, end }) => ({
        name,
        dtype,
        shape,
        offset: file.offset(name),
        bytes: end - begin,
      })),
    };
    const lines: [string, string | number][] = [
      ["kind", report.kind],
      ["vectors", `${count(info.count)} x ${info.dim}`],
      ["metric", report.metric ?? "none"],
      ["ids", report.ids ?? "none (row numbers)"],
      ["file", bytes(file.fileBytes)],
      ["producer", report.producer ?? "unknown"],
    ];
    if (info.codec)
      lines.splice(
        1,
        0,
        [
          "codec",
          `${info.codec.name}, version ${info.codec.version}, params ${JSON.stringify(info.codec.params)}`,
        ],
        ["bytes/vector", `${stride} (${((4 * info.dim) / stride).toFixed(2)}x smaller than float32)`],
        [
          "side bytes",
          sideBytesText(sideBytes, info.count) +
            (learned.length > 0 ? ` (learned: ${learned.join(", ")})` : ""),
        ],
      );
    if (report.originals || report.rescore)
      lines.push(["kept", report.rescore ? `${report.rescore} codes` : `originals as ${report.originals}`]);
    const rows = report.tensors.map((t) => [
      t.name,
      t.dtype,
      t.shape.join(" x "),
      String(t.offset),
      String(t.bytes),
    ]);
    print(`${facts(lines)}\n\n${table(["tensor", "dtype", "shape", "offset", "bytes"], rows)}`, report);
  },
);
