/**
 * Damages a realistic file, the bundled embeddings compressed with int8 (or any Pith file that is given), in every
 * simple way, and asks the reader: cut after each so many bytes, every bit of the header flipped, bits of the body
 * flipped at random. Each has to be a PithError.
 *
 *     node tools/faults/damage.mjs [FILE] [--cut-every 1] [--body-flips 10000] [--seed 1]
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openVectors } from "../../packages/codec-core/dist/files/index.js";
import { isPithError, parsePith } from "../../packages/codec-core/dist/index.js";
import { FlatIndex, int8 } from "../../packages/int8/dist/index.js";
import { Random } from "./random.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "cut-every": { type: "string", default: "1" },
    "body-flips": { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
  },
});
const bytes = positionals[0] ? new Uint8Array(readFileSync(positionals[0])) : await bundled();
const headerEnd = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
const random = new Random(Number(values.seed));
parsePith(bytes);

/** The bundled data as an index file with ids. */
async function bundled() {
  const source = await openVectors(join(ROOT, "examples/data/packages.pith.safetensors"));
  const index = new FlatIndex(int8.create({ dim: source.dim }));
  const ids = (await source.ids()).toArray();
  let from = 0;
  for await (const rows of source.rows()) {
    index.add(ids.slice(from, from + rows.count), rows);
    from += rows.count;
  }
  await source.close();
  return index.toBytes();
}

/** Counts of the codes that damaged bytes gave. @throws where one was accepted or gave another error */
function refused(name, damaged) {
  const codes = new Map();
  let n = 0;
  for (const [file, what] of damaged) {
    let code;
    try {
      parsePith(file);
    } catch (error) {
      if (!isPithError(error) || error.code === "INTERNAL") throw error;
      code = error.code;
    }
    if (code === undefined) throw new Error(`accepted: ${what}`);
    codes.set(code, (codes.get(code) ?? 0) + 1);
    n++;
  }
  const list = [...codes].map(([code, count]) => `${code} ${count}`).join(", ");
  console.log(`${name}: ${n} files, all refused: ${list}`);
}

function* cuts(every) {
  // The header and the last bytes densely, whatever the step.
  for (
    let length = 0;
    length < bytes.length;
    length += length < headerEnd || length > bytes.length - 200 ? 1 : every
  )
    yield [bytes.subarray(0, length), `the first ${length} bytes`];
}

function* flips(places) {
  for (const bit of places) {
    bytes[bit >>> 3] ^= 1 << (bit & 7);
    yield [bytes, `bit ${bit & 7} of byte ${bit >>> 3} flipped`];
    bytes[bit >>> 3] ^= 1 << (bit & 7);
  }
}

console.log(`a file of ${bytes.length} bytes, ${headerEnd} of them header; seed ${values.seed}`);
refused("cut", cuts(Number(values["cut-every"])));
refused("header bits flipped", flips(Array.from({ length: 8 * headerEnd }, (_, bit) => bit)));
const body = 8 * (bytes.length - headerEnd);
const places = Array.from({ length: Number(values["body-flips"]) }, () => 8 * headerEnd + random.below(body));
refused("body bits flipped", flips(places));
parsePith(bytes);
