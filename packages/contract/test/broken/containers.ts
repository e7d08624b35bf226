import { isPithError, PithError } from "@pith/codec-core";
import { newerParts, type Parts, readParts, writeParts } from "../reference-container.ts";

export interface Container {
  write(parts: Parts): Uint8Array;
  read(bytes: Uint8Array): Parts;
  newer(bytes: Uint8Array): Uint8Array;
}

export interface BrokenContainer extends Partial<Container> {
  readonly fault: string;
  readonly law: string;
}

export const sound: Container = { write: writeParts, read: readParts, newer: newerParts };

let written = 0;
let last: Uint8Array = new Uint8Array(0);

export const brokenContainers: readonly BrokenContainer[] = [
  {
    fault: "drops what is empty",
    law: "container.roundtrip",
    write: (parts) =>
      writeParts(Object.fromEntries(Object.entries(parts).filter(([, bytes]) => bytes.length > 0))),
  },
  {
    fault: "writes the time",
    law: "container.canonical",
    write: (parts) => writeParts({ ...parts, time: Uint8Array.of(written++ & 0xff) }),
  },
  {
    fault: "sorts what it is given in place",
    law: "container.pure",
    write(parts) {
      for (const bytes of Object.values(parts)) bytes.sort();
      return writeParts(parts);
    },
  },
  {
    fault: "reads from the start of the buffer",
    law: "container.views",
    read: (bytes) => readParts(new Uint8Array(bytes.buffer, 0, bytes.length)),
  },
  {
    fault: "fills up bytes that were cut",
    law: "container.truncated",
    write: (parts) => (last = writeParts(parts)).slice(),
    read: (bytes) => readParts(bytes.length === last.length - 1 ? last : bytes),
  },
  {
    fault: "ignores the top bit of the last byte",
    law: "container.flipped",
    read(bytes) {
      const masked = bytes.slice();
      masked[masked.length - 1] &= 0x7f;
      return readParts(masked);
    },
  },
  {
    fault: "takes blanks at the end",
    law: "container.appended",
    read: (bytes) => readParts(bytes.at(-1) === 0x20 ? bytes.subarray(0, -1) : bytes),
  },
  {
    fault: "crashes where a magic is wiped",
    law: "container.damaged",
    read(bytes) {
      if (bytes.length > 20 && bytes[2] === 0 && bytes[3] === 0) throw new RangeError("crash");
      return readParts(bytes);
    },
  },
  {
    fault: "reads nothing from no bytes",
    law: "container.foreign",
    read: (bytes) => (bytes.length === 0 ? {} : readParts(bytes)),
  },
  {
    fault: "calls a newer file corrupt",
    law: "container.newer",
    read(bytes) {
      try {
        return readParts(bytes);
      } catch (error) {
        if (isPithError(error, "VERSION_UNSUPPORTED")) throw new PithError("CORRUPT_FILE", "corrupt");
        throw error;
      }
    },
  },
];
