/** Codes of nibbles in blocks of 64 rows, as the native kernels scan them fastest; without these as they stand. */
import { type Codes, type KltLayout, kernels, kltBlockBytes, type Resident } from "@pith/codec-core";

export class KltBlocks implements Resident {
  readonly kind = "resident" as const;
  readonly codec: string;
  readonly codes: Codes;
  readonly #layout: KltLayout;
  readonly #blocks: Uint8Array | undefined;

  constructor(codec: string, layout: KltLayout, codes: Codes) {
    this.codec = codec;
    this.codes = codes;
    this.#layout = layout;
    const { kltBlocks } = kernels();
    if (!kltBlocks) return;
    this.#blocks = new Uint8Array(kltBlockBytes(layout, codes.count));
    kltBlocks(layout, codes.bytes, this.#blocks);
  }

  get count(): number {
    return this.codes.count;
  }

  get byteLength(): number {
    return this.#blocks?.length ?? this.codes.bytes.length;
  }

  isOf(layout: KltLayout): boolean {
    return this.#layout === layout;
  }

  topK(
    queries: Float32Array,
    k: number,
    allow: Uint32Array | undefined,
    out: { readonly slots: Uint32Array; readonly scores: Float32Array },
  ): void {
    const { kltBlocksTopK, kltTopK } = kernels();
    if (this.#blocks && kltBlocksTopK)
      kltBlocksTopK(this.#layout, queries, this.#blocks, this.count, k, allow, out);
    else kltTopK(this.#layout, queries, this.codes.bytes, k, allow, out);
  }
}
