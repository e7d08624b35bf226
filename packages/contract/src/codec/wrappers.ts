/**
 * Families around a family: whatever a codec owes, it owes as well after it was saved and restored, where its codes
 * are laid out for the kernels before each search, and where it was trained though that is a choice. The suite runs again
 * over each of them.
 */
import {
  type Codec,
  type CodecFamily,
  type Codes,
  PithError,
  type PreparedQuery,
  type Resident,
  type Scorer,
} from "@pith/codec-core";
import { throughFile } from "./states.ts";

/** Each codec is the one that `restore` makes of the state of another. */
export function reloaded(family: CodecFamily): CodecFamily {
  return eachCodec(family, (codec) => family.restore(throughFile(codec.state())));
}

/** Each codec is a trained one, where that is a choice. */
export function trained(family: CodecFamily): CodecFamily {
  const training = family.training?.bind(family);
  if (!training) return family;
  return over(family, {
    create(options) {
      const codec = family.create(options);
      if (training(options).sample !== "optional") return codec;
      throw new PithError("NOT_SUPPORTED", "trained codecs alone are wanted");
    },
    training(options) {
      const { sample, minSample } = training(options);
      return { sample: sample === "optional" ? "required" : sample, minSample };
    },
  });
}

/** Each search is one over resident codes. A codec without them stays as it is. */
export function resident(family: CodecFamily): CodecFamily {
  return eachCodec(family, (codec) => {
    const layOut = codec.resident?.bind(codec);
    if (!layOut) return codec;
    const laidOut = (c: Codes | Resident): Resident => ("kind" in c ? c : layOut(c));
    return over(codec, {
      scorer(metric): Scorer {
        const scorer = codec.scorer(metric);
        return {
          metric: scorer.metric,
          prepare(query): PreparedQuery {
            const prepared = scorer.prepare(query);
            return {
              scoreInto: (c, out) => prepared.scoreInto(c, out),
              topK: (c, k, allow) => prepared.topK(laidOut(c), k, allow),
            };
          },
          topKBatch: (queries, c, k, allow) => scorer.topKBatch(queries, laidOut(c), k, allow),
        };
      },
    });
  });
}

function eachCodec(family: CodecFamily, change: (codec: Codec) => Codec): CodecFamily {
  const train = family.train?.bind(family);
  return over(family, {
    create: (options) => change(family.create(options)),
    restore: (state) => change(family.restore(state)),
    ...(train ? { train: (sample, options) => change(train(sample, options)) } : {}),
  });
}

/** An object with some members replaced; the others are called on the object itself, which may be of a class. */
function over<T extends object>(object: T, changes: Partial<T>): T {
  return new Proxy(object, {
    get(target, name) {
      if (Object.hasOwn(changes, name)) return changes[name as keyof T];
      const member = Reflect.get(target, name, target) as unknown;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
