/** `containerContract`: a file format gives back what was written, and refuses everything else. */
import type { Assert } from "../assert.ts";
import { DEFAULT_SEED, type TestFunction, underLaw } from "../runner.ts";
import { FastRandom } from "../sample.ts";
import { CONTAINER_LAWS, type ContainerLaw } from "./laws.ts";
import { difference } from "./same-content.ts";

export interface ContainerContract<Contents> {
  /** `test` of vitest or node:test, `it` of mocha: called with a name and a function for each law and sample. */
  readonly test: TestFunction;
  /** What the tests are named after. Default "container". */
  readonly name?: string;
  write(contents: Contents): Uint8Array;
  /** Total: the contents or a PithError, for any bytes. */
  read(bytes: Uint8Array): Contents;
  /** Contents by name. Small ones: every bit of the bytes of each is flipped. Each call makes them anew. */
  readonly samples: { readonly [name: string]: () => Contents };
  /** Bytes as a newer writer would make them, from bytes of this one. */
  newer(bytes: Uint8Array): Uint8Array;
  /** Seeds the damage; printed in each test's name and failure. */
  readonly seed?: number;
}

type Check = <C>(t: Assert, container: ContainerContract<C>, sample: () => C, random: FastRandom) => void;

const CHECKS: { readonly [L in ContainerLaw]: Check } = {
  "container.roundtrip"(t, container, sample) {
    const found = difference(container.read(container.write(sample())), sample());
    if (found !== undefined) t.fail(`${found} isn't what was written`);
  },

  "container.canonical"(t, container, sample) {
    const contents = sample();
    const bytes = container.write(contents);
    t.same(container.write(contents), bytes, "bytes of the same content");
    t.same(container.write(sample()), bytes, "bytes of an equal content");
    t.same(container.write(container.read(bytes)), bytes, "bytes of what was read");
  },

  "container.pure"(t, container, sample) {
    const contents = sample();
    const bytes = container.write(contents);
    const copy = bytes.slice();
    const changed = difference(contents, sample());
    if (changed !== undefined) t.fail(`${changed} was changed by writing`);
    container.read(bytes);
    t.same(bytes, copy, "bytes after reading");
    bytes.fill(0);
    t.same(container.write(contents), copy, "bytes written after earlier ones were overwritten");
  },

  "container.views"(t, container, sample) {
    const bytes = container.write(sample());
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    const views = [1, 3, 8].map((offset) => {
      const room = new Uint8Array(bytes.length + offset + 7).fill(0xa5);
      room.set(bytes, offset);
      return room.subarray(offset, offset + bytes.length);
    });
    for (const view of [...views, shared]) {
      const found = difference(container.read(view), sample());
      if (found !== undefined) t.fail(`${found} isn't what was written, read from offset ${view.byteOffset}`);
    }
  },

  "container.truncated"(t, container, sample) {
    const bytes = container.write(sample());
    for (let length = 0; length < bytes.length; length++)
      t.throws(
        undefined,
        () => container.read(bytes.slice(0, length)),
        `the first ${length} of ${bytes.length} bytes`,
      );
    for (let from = 1; from <= Math.min(64, bytes.length); from++)
      t.throws(undefined, () => container.read(bytes.slice(from)), `the bytes from ${from} on`);
  },

  "container.flipped"(t, container, sample) {
    const bytes = container.write(sample());
    for (let at = 0; at < bytes.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        bytes[at] ^= 1 << bit;
        t.throws(
          undefined,
          () => container.read(bytes),
          `bit ${bit} of byte ${at} of ${bytes.length} flipped`,
        );
        bytes[at] ^= 1 << bit;
      }
    t.ok(difference(container.read(bytes), sample()) === undefined, "all bits flipped back, it reads again");
  },

  "container.appended"(t, container, sample, random) {
    const bytes = container.write(sample());
    const tails = [[0], [0x20], [0x0a], new Array<number>(64).fill(0), [...bytes]];
    tails.push(Array.from({ length: 9 }, () => random.below(256)));
    for (const tail of tails)
      t.throws(
        undefined,
        () => container.read(Uint8Array.of(...bytes, ...tail)),
        `${tail.length} bytes appended`,
      );
  },

  "container.damaged"(t, container, sample, random) {
    const bytes = container.write(sample());
    const kinds: { readonly [kind: string]: (b: Uint8Array, from: number, to: number) => void } = {
      wiped: (b, from, to) => b.fill(0, from, to),
      "set to ones": (b, from, to) => b.fill(0xff, from, to),
      "written over by those before": (b, from, to) => b.copyWithin(from, 0, to - from),
      reversed: (b, from, to) => b.subarray(from, to).reverse(),
    };
    for (const [kind, damage] of Object.entries(kinds))
      for (let i = 0; i < 100; i++) {
        const from = random.below(bytes.length);
        const to = Math.min(bytes.length, from + 2 + random.below(60));
        const damaged = bytes.slice();
        damage(damaged, from, to);
        if (damaged.every((byte, at) => byte === bytes[at])) continue;
        t.throws(
          undefined,
          () => container.read(damaged),
          `bytes ${from} to ${to} of ${bytes.length} ${kind}`,
        );
      }
  },

  "container.foreign"(t, container, _, random) {
    const foreign = [0, 1, 8, 64, 1000].flatMap((length) => [
      new Uint8Array(length),
      new Uint8Array(length).fill(0xff),
      Uint8Array.from({ length }, () => random.below(256)),
    ]);
    foreign.push(new TextEncoder().encode('{"a": [1, 2, 3]}\n'));
    for (const bytes of foreign)
      t.throws(undefined, () => container.read(bytes), `${bytes.length} bytes of something else`);
  },

  "container.newer"(t, container, sample) {
    const bytes = container.newer(container.write(sample()));
    t.throws("VERSION_UNSUPPORTED", () => container.read(bytes), "bytes of a newer version");
  },
};

/** Registers the suite. A failing test throws a `LawFailure`: a plain Error with the law, the place and the seed. */
export function containerContract<Contents>(contract: ContainerContract<Contents>): void {
  const { test, name = "container", samples, seed = DEFAULT_SEED } = contract;
  for (const [sample, make] of Object.entries(samples))
    for (const law of Object.keys(CONTAINER_LAWS) as ContainerLaw[]) {
      const where = `${name} of ${sample}`;
      test(`${where}: ${law}: ${CONTAINER_LAWS[law]} (seed ${seed})`, () =>
        underLaw(law, where, seed, (t) => CHECKS[law](t, contract, make, new FastRandom(seed))));
    }
}
