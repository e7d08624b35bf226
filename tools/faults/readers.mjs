/**
 * Everything that reads a stranger's file, on one input, and what has to hold: a PithError of one short line or a
 * right answer, nothing else. What reads in parts has to agree with what reads at once.
 */
import { writeFileSync } from "node:fs";
import { openPith, openVectors } from "../../packages/codec-core/dist/files/index.js";
import {
  Bitset,
  codecState,
  FlatIndex,
  idsOf,
  isPithError,
  parseHeader,
  parsePith,
  serializePith,
  sliceCodes,
} from "../../packages/codec-core/dist/index.js";
import { FAMILIES } from "./seed-files.mjs";

/** A broken promise; `what` says which. */
export class Violation extends Error {}

const LONGEST_MESSAGE = 2000;

/** Outcomes by reader: "ok" or the code of the error. */
export class Trial {
  outcomes = new Map();

  /** Runs a reader. Undefined where it refused. */
  attempt(reader, read) {
    try {
      const value = read();
      this.outcomes.set(reader, "ok");
      return value;
    } catch (error) {
      this.#refused(reader, error);
    }
  }

  async attemptAsync(reader, read) {
    try {
      const value = await read();
      this.outcomes.set(reader, "ok");
      return value;
    } catch (error) {
      this.#refused(reader, error);
    }
  }

  #refused(reader, error) {
    if (error instanceof Violation) throw error;
    if (!isPithError(error)) throw new Violation(`${reader}: ${error?.stack ?? error}`);
    if (error.code === "INTERNAL") throw new Violation(`${reader}: INTERNAL: ${error.message}`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(error.message))
      throw new Violation(`${reader}: a message with control characters: ${JSON.stringify(error.message)}`);
    if (error.message.length > LONGEST_MESSAGE)
      throw new Violation(`${reader}: a message of ${error.message.length} characters`);
    this.outcomes.set(reader, error.code);
  }
}

function demand(condition, what) {
  if (!condition) throw new Violation(what);
}

const sameBytes = (a, b) => Buffer.compare(a, b) === 0;

/** All readers that take bytes. */
export function readBytes(bytes) {
  const trial = new Trial();
  const before = bytes.slice();
  trial.attempt("parseHeader", () => {
    const length =
      bytes.length < 8 ? 0 : Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    return parseHeader(bytes.subarray(8, 8 + Math.min(length, bytes.length)), bytes.length);
  });
  const contents = trial.attempt("parsePith", () => parsePith(bytes));
  if (contents) readContents(trial, contents);
  const index = trial.attempt("FlatIndex.fromBytes", () => FlatIndex.fromBytes(bytes, FAMILIES));
  if (index) searchIndex(trial, index);
  demand(sameBytes(bytes, before), "reading changed the bytes");
  return trial;
}

function readContents(trial, contents) {
  const again = trial.attempt("serializePith", () => serializePith(contents));
  demand(again, "content that was read can't be written");
  const second = parsePith(again);
  for (const name of Object.keys(contents.tensors))
    demand(
      sameBytes(second.tensors[name].bytes, contents.tensors[name].bytes),
      `tensor ${name} written again`,
    );
  demand(sameBytes(serializePith(second), again), "written again, the bytes differ");
  const ids = trial.attempt("idsOf", () => idsOf(contents));
  if (ids) {
    demand(ids.length === contents.count && ids.toArray().length === contents.count, "as many ids as rows");
    trial.attempt("checkUnique", () => ids.checkUnique());
  }
  if (contents.kind === "vectors") return;
  const family = FAMILIES.find((f) => f.name === contents.codec.name);
  if (!family) return;
  const codec = trial.attempt("restore", () => family.restore(codecState(contents)));
  const tensor = contents.tensors.codes;
  if (!codec || tensor.shape[1] !== codec.stride) return;
  const codes = { bytes: tensor.bytes, stride: codec.stride, count: contents.count };
  trial.attempt("verifyCodes", () => codec.verifyCodes?.(codes));
  const verified = trial.outcomes.get("verifyCodes") === "ok" && codec.verifyCodes !== undefined;
  readCodes(trial, codec, codes, verified);
}

/** Codes that were verified decode to finite vectors and score as those; others do something, or are refused. */
function readCodes(trial, codec, codes, verified) {
  const decoded = trial.attempt("decode", () => codec.decode(codes));
  demand(!verified || decoded?.data.every(Number.isFinite), "verified codes decode to something not finite");
  const bounds = trial.attempt("errorBound", () => codec.errorBound?.(codes));
  demand(
    !verified || !bounds || bounds.every((b) => b >= 0 && b < Infinity),
    "verified codes have no error bound",
  );
  const query = Float32Array.from({ length: codec.dim }, (_, j) => Math.sin(j + 1));
  const allow = Bitset.from(
    codes.count,
    Array.from({ length: codes.count >> 1 }, (_, i) => 2 * i),
  );
  for (const metric of codec.supports.metrics) {
    const prepared = codec.scorer(metric).prepare(query);
    const scores = new Float32Array(codes.count);
    trial.attempt("scoreInto", () => prepared.scoreInto(codes, scores));
    demand(!scores.some(Number.isNaN), "a score that isn't a number");
    const hits = trial.attempt("topK", () => prepared.topK(codes, 5, allow));
    const wanted = [...scores.keys()].filter((i) => allow.has(i));
    wanted.sort((a, b) => (scores[a] === scores[b] ? a - b : scores[b] - scores[a]));
    demand(hits && String([...hits.slots]) === String(wanted.slice(0, 5)), "topK isn't scoreInto sorted");
    if (verified && codes.count > 0 && codec.supports.scoring !== "integer") {
      const [first] = wanted.length > 0 ? wanted : [0];
      const row = codec.decode(sliceCodes(codes, first, first + 1)).data;
      const [exact, size] = exactScore(metric, query, row);
      const near = Math.abs(scores[first] - exact) <= 2e-6 * size + 1e-40 || Math.abs(scores[first]) > 1e37;
      demand(near, `${metric}: score ${scores[first]}, ${exact} on the decoded vector`);
    }
  }
}

function exactScore(metric, query, row) {
  let [dot, qq, xx, dd] = [0, 0, 0, 0];
  row.forEach((x, j) => {
    dot += x * query[j];
    qq += query[j] ** 2;
    xx += x * x;
    dd += (x - query[j]) ** 2;
  });
  const sizes = Math.sqrt(qq) * Math.sqrt(xx);
  if (metric === "l2") return [-dd, (Math.sqrt(qq) + Math.sqrt(xx)) ** 2];
  return metric === "dot" ? [dot, sizes] : [dot / Math.sqrt(qq), Math.max(1, Math.sqrt(xx))];
}

function searchIndex(trial, index) {
  const query = Float32Array.from({ length: index.codec.dim }, (_, j) => Math.cos(j + 1));
  const found = trial.attempt("search", () => index.search(query, 3));
  demand(found && found.length === Math.min(3, index.size), "min(3, size) matches");
  found.forEach(({ score }, i) => {
    demand(i === 0 || score <= found[i - 1].score, "matches, best first");
  });
  trial.attempt("has", () => index.has("nothing"));
  if (found.length > 0) trial.attempt("get", () => index.get(found[0].id));
  const bytes = trial.attempt("toBytes", () => index.toBytes());
  demand(bytes, "an index that was loaded can't be saved");
  const again = FlatIndex.fromBytes(bytes, FAMILIES);
  demand(sameBytes(again.toBytes(), bytes), "saved again, the bytes differ");
  demand(
    JSON.stringify(again.search(query, 3), bigints) === JSON.stringify(found, bigints),
    "saved and loaded, it finds something else",
  );
}

const bigints = (_, value) => (typeof value === "bigint" ? `${value}n` : value);

/** All readers that take a path; `whole` is what readBytes found. */
export async function readFile(path, bytes, whole) {
  writeFileSync(path, bytes);
  const trial = new Trial();
  const full = await trial.attemptAsync("openPith", () => openPith(path));
  await full?.close();
  const [atOnce, inParts] = [whole.outcomes.get("parsePith"), trial.outcomes.get("openPith")];
  demand(atOnce === inParts, `parsePith says ${atOnce}, openPith ${inParts}`);
  const file = await trial.attemptAsync("openPith header", () => openPith(path, { verify: "header" }));
  if (file) {
    for (const { name, shape } of file.tensors) {
      const tensor = await trial.attemptAsync("PithFile.read", () => file.read(name));
      if (shape.length !== 2) continue;
      await trial.attemptAsync("PithFile.rows", async () => {
        const parts = [];
        for await (const block of file.rows(name, { blockRows: 7 })) parts.push(block.bytes);
        demand(
          tensor === undefined || sameBytes(Buffer.concat(parts), tensor),
          `rows of ${name} are its bytes`,
        );
      });
    }
    await trial.attemptAsync("PithFile.ids", () => file.ids());
    await trial.attemptAsync("PithFile.state", () => file.state());
    await trial.attemptAsync("PithFile.rescoreState", () => file.rescoreState());
    await file.close();
  }
  const source = await trial.attemptAsync("openVectors", () => openVectors(path));
  if (source) {
    await trial.attemptAsync("RowSource.rows", async () => {
      let rows = 0;
      for await (const block of source.rows({ blockRows: 5 })) {
        demand(block.data.length === block.count * source.dim, "a block is as long as its shape says");
        rows += block.count;
      }
      demand(rows === source.count, "as many rows as the source says");
    });
    await trial.attemptAsync("RowSource.ids", () => source.ids());
    await source.close();
  }
  return trial;
}
