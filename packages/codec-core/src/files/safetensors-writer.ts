import { PithError } from "../errors.ts";
import { quote } from "../format/corrupt.ts";
import { FLOAT_BYTES } from "../format/float-rows.ts";
import { serializeHeader } from "../format/header.ts";
import { ALIGNMENT } from "../format/layout.ts";
import { createMatrixFile, floatRows, type MatrixPlan, type MatrixWriter } from "./matrix-writer.ts";
import type { WriteOptions } from "./safe-file.ts";

export interface SafetensorsPlan extends MatrixPlan {
  /** Name of the tensor. Default "vectors". */
  readonly tensor?: string;
}

/**
 * Begins a plain safetensors file with one tensor of `count` x `dim` floats.
 * @throws DIM_UNSUPPORTED, INVALID_ARGUMENT, NOT_A_FILE, IO, ABORTED
 */
export async function createSafetensorsFile(
  path: string,
  { tensor = "vectors", ...plan }: SafetensorsPlan,
  options: WriteOptions = {},
): Promise<MatrixWriter> {
  const { dim, count } = plan;
  if (typeof tensor !== "string" || !tensor.isWellFormed() || tensor === "__metadata__")
    throw new PithError("INVALID_ARGUMENT", `${quote(String(tensor))} is no name of a tensor`, {
      actual: tensor,
    });
  return await createMatrixFile(
    path,
    plan,
    (dtype) => {
      const end = count * dim * FLOAT_BYTES[dtype];
      const matrix = { name: tensor, dtype, shape: [count, dim], begin: 0, end };
      return floatRows(serializeHeader(new Map(), [matrix], ALIGNMENT), dtype, dim);
    },
    options,
  );
}
