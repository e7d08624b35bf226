/** Comparing and copying codec states. */
import { type CodecState, canonicalJson, type StateTensor } from "@pith/codec-core";
import type { Assert } from "../assert.ts";

export function sameState(t: Assert, actual: CodecState, expected: CodecState, what: string): void {
  t.equal(headline(actual), headline(expected), what);
  const names = Object.keys(expected.tensors).sort();
  t.equal(Object.keys(actual.tensors).sort().join(), names.join(), `${what}, tensor names`);
  for (const name of names) {
    const [a, e] = [actual.tensors[name], expected.tensors[name]];
    t.equal(`${a.dtype} ${a.shape}`, `${e.dtype} ${e.shape}`, `${what}, tensor ${name}`);
    t.same(a.bytes, e.bytes, `${what}, bytes of tensor ${name}`);
  }
}

/** Everything but the tensors, as one line. */
function headline({ codec, version, dim, metric, params }: CodecState): string {
  return canonicalJson({ codec, version, dim, metric, params });
}

/** As it comes back from a file: params through JSON, tensor bytes in memory of their own, at an odd offset. */
export function throughFile(state: CodecState): CodecState {
  const tensors: Record<string, StateTensor> = {};
  for (const [name, { dtype, shape, bytes }] of Object.entries(state.tensors)) {
    const room = new Uint8Array(bytes.length + 1);
    room.set(bytes, 1);
    tensors[name] = { dtype, shape: [...shape], bytes: room.subarray(1) };
  }
  return { ...state, params: JSON.parse(canonicalJson(state.params)), tensors };
}
