/** Arrays as callers have them: views into larger buffers, unaligned codes from a mapped file, shared memory. */
import type { Codec, Codes, Vectors } from "@pith/codec-core";
import { flatBytes, mapCodes, sharedCodes, unalignedCodes } from "./code-bytes.ts";
import { decodes, type LawChecks, type Trial } from "./trial.ts";

const COUNT = 21;
const GUARD = 5;

/** A view of `data` between guards that no kernel may read or write. */
function floatView(data: Float32Array): { view: Float32Array; intact(): boolean } {
  const room = new Float32Array(data.length + 2 * GUARD).fill(Number.NaN);
  room.set(data, GUARD);
  const guards = [room.subarray(0, GUARD), room.subarray(GUARD + data.length)];
  return {
    view: room.subarray(GUARD, GUARD + data.length),
    intact: () => guards.every((g) => g.every(Number.isNaN)),
  };
}

function byteView(length: number): { view: Uint8Array; intact(): boolean } {
  const room = new Uint8Array(length + 2 * GUARD).fill(0xa5);
  const guards = [room.subarray(0, GUARD), room.subarray(GUARD + length)];
  return {
    view: room.subarray(GUARD, GUARD + length),
    intact: () => guards.every((g) => g.every((b) => b === 0xa5)),
  };
}

export const viewLaws: LawChecks<"views.offset" | "views.shared" | "views.resizable"> = {
  "views.offset": {
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const rows = trial.rows(COUNT);
      const c = codec.encode(rows);
      const input = { data: floatView(rows.data).view, dim, count: COUNT };
      t.same(flatBytes(codec.encode(input)), flatBytes(c), "codes of a view");
      const bytes = byteView(COUNT * codec.stride);
      codec.encodeInto(input, bytes.view);
      t.same(bytes.view, flatBytes(c), "codes of a view into a view");
      t.ok(bytes.intact(), "encodeInto leaves the bytes beside its output alone");
      for (const offset of [1, 2, 3]) readsAlike(trial, codec, c, unalignedCodes(c, offset), input);
      if (decodes(codec)) {
        const floats = floatView(new Float32Array(COUNT * dim));
        codec.decodeInto(unalignedCodes(c), floats.view);
        t.same(floats.view, codec.decode(c).data, "decoded into a view");
        t.ok(floats.intact(), "decodeInto leaves the floats beside its output alone");
      }
      const query = floatView(trial.query());
      for (const metric of codec.supports.metrics) {
        const scores = floatView(new Float32Array(COUNT));
        codec.scorer(metric).prepare(query.view).scoreInto(unalignedCodes(c), scores.view);
        t.same(scores.view, trial.scores(codec, metric, trial.query(), c), `${metric} scores into a view`);
        t.ok(scores.intact(), "scoreInto leaves the floats beside its output alone");
      }
    },
  },

  "views.shared": {
    applies: () => typeof SharedArrayBuffer === "function",
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const rows = trial.rows(COUNT);
      const c = codec.encode(rows);
      const data = new Float32Array(new SharedArrayBuffer(rows.data.byteLength));
      data.set(rows.data);
      const input = { data, dim, count: COUNT };
      t.same(flatBytes(codec.encode(input)), flatBytes(c), "codes of shared vectors");
      const out = new Uint8Array(new SharedArrayBuffer(COUNT * codec.stride));
      codec.encodeInto(input, out);
      t.same(out, flatBytes(c), "codes in shared memory");
      readsAlike(trial, codec, c, sharedCodes(c), input);
      if (!decodes(codec)) return;
      const floats = new Float32Array(new SharedArrayBuffer(4 * COUNT * dim));
      codec.decodeInto(sharedCodes(c), floats);
      t.same(floats, codec.decode(c).data, "decoded into shared memory");
    },
  },

  "views.resizable": {
    applies: () => "resizable" in ArrayBuffer.prototype,
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const rows = trial.rows(COUNT);
      const c = codec.encode(rows);
      const data = new Float32Array(resizable(rows.data.byteLength)); // as long as its memory, whatever that is
      data.set(rows.data);
      const input = { data, dim, count: COUNT };
      t.same(flatBytes(codec.encode(input)), flatBytes(c), "codes of vectors in resizable memory");
      const held = mapCodes(c, COUNT, (p) => {
        const bytes = new Uint8Array(resizable(p.bytes.length));
        bytes.set(p.bytes);
        return bytes;
      });
      readsAlike(trial, codec, c, held, input);
      const out = new Uint8Array(resizable(COUNT * codec.stride));
      codec.encodeInto(rows, out);
      t.same(out, flatBytes(c), "codes in resizable memory");

      (data.buffer as Resizable).resize(data.byteLength - 4);
      (held.bytes.buffer as Resizable).resize(held.bytes.length - 1);
      t.throws("LENGTH_MISMATCH", () => codec.encode(input), "encode of vectors that were shrunk");
      refuses(trial, codec, held, "codes that were shrunk");
      const [gone, lost] = [trial.rows(COUNT), mapCodes(c, COUNT, (p) => p.bytes.slice())];
      const query = trial.query();
      for (const view of [gone.data, lost.bytes, query]) detach(view);
      t.throws("LENGTH_MISMATCH", () => codec.encode(gone), "encode of detached vectors");
      refuses(trial, codec, lost, "detached codes");
      for (const metric of codec.supports.metrics) {
        const scorer = codec.scorer(metric);
        t.throws("DIM_MISMATCH", () => scorer.prepare(query), `${metric} prepare of a detached query`);
        t.throws(
          "LENGTH_MISMATCH",
          () => scorer.topKBatch(gone, c, 3),
          `${metric} topKBatch of detached queries`,
        );
      }
    },
  },
};

/** Memory that can grow and shrink, newer than the types of ES2023. */
interface Resizable extends ArrayBuffer {
  resize(bytes: number): void;
}

function resizable(bytes: number): Resizable {
  const Buffer = ArrayBuffer as unknown as new (length: number, options: object) => Resizable;
  return new Buffer(bytes, { maxByteLength: bytes + 64 });
}

/** Takes the memory away from every view of it, as sending it to another thread does. */
function detach(view: ArrayBufferView): void {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
}

/** What reads these codes refuses them, by whatever code. */
function refuses(trial: Trial, codec: Codec, c: Codes, what: string): void {
  const { t } = trial;
  if (decodes(codec)) t.throws(undefined, () => codec.decode(c), `decode of ${what}`);
  for (const metric of codec.supports.metrics) {
    const prepared = codec.scorer(metric).prepare(trial.query());
    t.throws(
      undefined,
      () => prepared.scoreInto(c, new Float32Array(COUNT)),
      `${metric} scoreInto of ${what}`,
    );
    t.throws(undefined, () => prepared.topK(c, 3), `${metric} topK of ${what}`);
  }
}

/** Every reader gives for `view` what it gives for `plain`; `queries` may be views too. */
function readsAlike(trial: Trial, codec: Codec, plain: Codes, view: Codes, queries: Vectors): void {
  const { t } = trial;
  if (decodes(codec)) t.same(codec.decode(view).data, codec.decode(plain).data, "decoded from a view");
  if (codec.errorBound) t.same(codec.errorBound(view), codec.errorBound(plain), "error bounds of a view");
  codec.verifyCodes?.(view);
  for (const metric of codec.supports.metrics) {
    const query = trial.query();
    const expected = trial.scores(codec, metric, query, plain);
    t.same(trial.scores(codec, metric, query, view), expected, `${metric} scores of a view`);
    const scorer = codec.scorer(metric);
    const hits = scorer.prepare(query).topK(plain, 4);
    trial.sameHits(scorer.prepare(query).topK(view, 4), hits, `${metric} hits in a view`);
    const own = { ...queries, data: Float32Array.from(queries.data) };
    const batch = scorer.topKBatch(own, plain, 4);
    scorer.topKBatch(queries, view, 4).forEach((found, i) => {
      trial.sameHits(found, batch[i], `${metric} hits in a view, of query ${i} of a batch in a view`);
    });
  }
}
