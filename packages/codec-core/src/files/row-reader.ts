/** Rows of a tensor of an open Pith file, one by one, by calls that wait: what an index reads of a file while it searches. */
import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { RowReader } from "../flat/file-rows.ts";
import { corrupt } from "../format/corrupt.ts";
import { readError, withPath } from "./io-error.ts";

/** Closes the files of indexes that nobody disposed of. */
const forgotten = new FinalizationRegistry<FileHandle>((handle) => void handle.close().catch(() => {}));

/** Takes the handle over. `start`: where the first row is. */
export function rowReader(handle: FileHandle, path: string, start: number): RowReader {
  const reader: RowReader = {
    mapped: undefined,
    read(position, out) {
      for (let done = 0; done < out.length; ) {
        let got: number;
        try {
          got = readSync(handle.fd, out, done, out.length - done, start + position + done);
        } catch (error) {
          throw readError(error, path);
        }
        if (got === 0) throw withPath(corrupt("the file became shorter while it was read"), path);
        done += got;
      }
    },
    close() {
      forgotten.unregister(reader);
      void handle.close().catch(() => {});
    },
  };
  forgotten.register(reader, handle, reader);
  return reader;
}

/** The rows of a mapped tensor; the mapping goes with the last view of it. */
export function mappedReader(mapped: Uint8Array): RowReader {
  const read = (position: number, out: Uint8Array): void =>
    out.set(mapped.subarray(position, position + out.length));
  return { mapped, read, close() {} };
}
