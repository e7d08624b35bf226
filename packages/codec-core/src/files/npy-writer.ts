import { serializeNpyHeader } from "../format/npy.ts";
import { createMatrixFile, floatRows, type MatrixPlan, type MatrixWriter } from "./matrix-writer.ts";
import type { WriteOptions } from "./safe-file.ts";

/**
 * Begins a .npy file of `count` x `dim` floats; the bytes are those of `numpy.save`.
 * @throws DIM_UNSUPPORTED, INVALID_ARGUMENT, NOT_A_FILE, IO, ABORTED
 */
export function createNpyFile(
  path: string,
  plan: MatrixPlan,
  options: WriteOptions = {},
): Promise<MatrixWriter> {
  const { count, dim } = plan;
  return createMatrixFile(
    path,
    plan,
    (dtype) => floatRows(serializeNpyHeader(dtype, count, dim), dtype, dim),
    options,
  );
}
