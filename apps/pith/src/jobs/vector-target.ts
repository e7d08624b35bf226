/** The file of vectors that a command writes: its format, and what of the input the format can hold. */
import { type IdColumn, PithError } from "@pith/codec-core";
import {
  formatOfName,
  ID_FORMATS,
  VECTOR_FORMATS,
  type VectorFormat,
  withPath,
} from "@pith/codec-core/files";

/** As told, else as the name of the file tells. @throws INVALID_ARGUMENT */
export function targetFormat(output: string, to?: VectorFormat): VectorFormat {
  const format = to ?? formatOfName(output);
  if (format) return format;
  const text = `the name tells no format; expected --to ${VECTOR_FORMATS.join(" or ")}`;
  throw withPath(new PithError("INVALID_ARGUMENT", text, { expected: VECTOR_FORMATS }), output);
}

/** Ids for the target; undefined, and a word about it, where its format holds none. */
export async function keptIds(
  source: { readonly hasIds: boolean; ids(): Promise<IdColumn | undefined> },
  output: string,
  format: VectorFormat,
  note: (text: string) => void,
): Promise<IdColumn | undefined> {
  if (!source.hasIds) return undefined;
  if (ID_FORMATS.includes(format)) return await source.ids();
  note(`${output}: ${format} holds no ids; those of the input are left out`);
  return undefined;
}
