/** State makes the same codec again, and no state of a stranger makes anything but a typed error or what it says. */
import { canonicalJson, DTYPE_BYTES, isDtype } from "@pith/codec-core";
import { flatBytes } from "./code-bytes.ts";
import { hostileStates } from "./hostile-states.ts";
import { sameState, throughFile } from "./states.ts";
import { decodes, type LawChecks } from "./trial.ts";

export const stateLaws: LawChecks<"state.shape" | "state.restore" | "state.hostile"> = {
  "state.shape": {
    run(trial) {
      const { t, family, dim, metric } = trial;
      const codec = trial.codec();
      const state = codec.state();
      t.equal(state.codec, family.name, "state.codec");
      t.equal(state.version, codec.version, "state.version");
      t.equal(state.dim, dim, "state.dim");
      t.equal(state.metric, metric, "state.metric");
      const text = canonicalJson(state.params);
      t.equal(canonicalJson(JSON.parse(text)), text, "params after a trip through JSON");
      const { extra } = trial.subject;
      const defaults = Object.entries(family.options).every(
        ([name, { default: usual }]) => String(extra[name] ?? usual) === String(usual),
      );
      // A family that had no options once wrote none; with all defaults it may go on like that.
      if (!defaults || Object.keys(state.params).length > 0) {
        for (const name of Object.keys(family.options))
          t.ok(Object.hasOwn(state.params, name), `state.params has the option ${name}`);
        for (const [name, value] of Object.entries(extra))
          t.equal(String(state.params[name]), String(value), `the option ${name} in state.params`);
      }
      for (const [name, { dtype, shape, bytes }] of Object.entries(state.tensors)) {
        if (!isDtype(dtype))
          t.fail(`tensor ${name} has a dtype of safetensors`, Object.keys(DTYPE_BYTES), dtype);
        t.ok(bytes instanceof Uint8Array, `tensor ${name} holds a Uint8Array`);
        const elements = shape.reduce((product, n) => product * n, 1);
        t.equal(bytes.length, elements * DTYPE_BYTES[dtype], `bytes of tensor ${name}`);
      }
      sameState(t, codec.state(), state, "state asked for again");
    },
  },

  "state.restore": {
    run(trial) {
      const { t, family } = trial;
      const codec = trial.codec();
      const state = throughFile(codec.state());
      const again = family.restore(state);
      sameState(t, again.state(), codec.state(), "state of the restored codec");
      for (const field of ["name", "version", "dim", "metric", "stride"] as const)
        t.equal(again[field], codec[field], `${field} of the restored codec`);
      t.equal(
        JSON.stringify(again.supports),
        JSON.stringify(codec.supports),
        "manifest of the restored codec",
      );
      const rows = trial.rows(30);
      const c = codec.encode(rows);
      t.same(flatBytes(again.encode(rows)), flatBytes(c), "bytes of the restored codec");
      if (decodes(codec)) t.same(again.decode(c).data, codec.decode(c).data, "floats of the restored codec");
      if (codec.errorBound) t.same(again.errorBound!(c), codec.errorBound(c), "bounds of the restored codec");
      for (const metric of codec.supports.metrics) {
        const query = trial.query();
        const expected = trial.scores(codec, metric, query, c);
        t.same(trial.scores(again, metric, query, c), expected, `${metric} scores of the restored codec`);
        const hits = codec.scorer(metric).prepare(query).topK(c, 7);
        const found = again.scorer(metric).prepare(query).topK(c, 7);
        trial.sameHits(found, hits, `${metric} hits of the restored codec`);
      }
    },
  },

  "state.hostile": {
    dims: "few",
    run(trial) {
      const { t, family } = trial;
      const state = throughFile(trial.codec().state());
      for (const { what, codes, state: hostile } of hostileStates(state, family)) {
        if (codes) {
          t.throws(codes, () => family.restore(hostile), `restore of a state with ${what}`);
          continue;
        }
        const codec = t.total(() => family.restore(hostile), `restore of a state with ${what}`);
        if (codec) sameState(t, codec.state(), hostile, `state of a codec restored from one with ${what}`);
      }
    },
  },
};
