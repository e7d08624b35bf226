/** A vector's code is its `stride` bytes and nothing else: in no closure, no cache, no byte beside them. */
import { copyCodes, flatBytes, fullStride } from "./code-bytes.ts";
import { sameState, throughFile } from "./states.ts";
import { decodes, type LawChecks } from "./trial.ts";

export const strideLaws: LawChecks<"stride.exact" | "stride.complete"> = {
  "stride.exact": {
    wide: true,
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      for (const count of [0, 1, 7, 33]) {
        const c = codec.encode(trial.rows(count));
        t.equal(c.count, count, "count of the codes");
        t.equal(fullStride(c), codec.stride, "stride of the codes over all planes");
        t.equal(flatBytes(c).length, count * codec.stride, `bytes of ${count} codes`);
        t.equal(c.bytes.length, count * c.stride, `bytes of ${count} codes in plane 0`);
      }
      const none = codec.encode({ data: new Float32Array(0), dim, count: 0 });
      if (decodes(codec)) t.equal(codec.decode(none).data.length, 0, "floats decoded from no codes");
      for (const metric of codec.supports.metrics) {
        t.equal(trial.scores(codec, metric, trial.query(), none).length, 0, "scores of no codes");
        t.equal(codec.scorer(metric).prepare(trial.query()).topK(none, 3).length, 0, "hits among no codes");
      }
    },
  },

  "stride.complete": {
    run(trial) {
      const { t, family } = trial;
      const codec = trial.codec();
      const before = throughFile(codec.state());
      const rows = trial.rows(33);
      const made = codec.encode(rows);
      sameState(t, codec.state(), before, "state after encoding");
      const stranger = family.restore(before);
      const copy = copyCodes(made);
      if (decodes(codec)) t.same(stranger.decode(copy).data, codec.decode(made).data, "decoded from a copy");
      for (const metric of codec.supports.metrics) {
        const query = trial.query();
        const expected = trial.scores(codec, metric, query, made);
        t.same(trial.scores(stranger, metric, query, copy), expected, `${metric} scores of a copy`);
      }
    },
  },
};
