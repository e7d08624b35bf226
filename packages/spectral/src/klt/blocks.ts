/** Codes of nibbles in blocks of 64 rows, as the native kernels scan them fastest; without these as they stand. */
import {
  type AsyncOptions,
  type Codes,
  type KltLayout,
  kernels,
  kltBlockBytes,
  leaveNear,
  type NearHits,
  type Resident,
  sharedBytes,
  type TopKOutput,
} from "@pith/codec-core";

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
    this.#blocks = sharedBytes(kltBlockBytes(layout, codes.count));
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

  near(
    queries: Float32Array,
    k: number,
    near: NearHits | undefined,
    allow: Uint32Array | undefined,
    out: TopKOutput,
  ): void {
    const { kltBlocksNear, kltTopK } = kernels();
    if (this.#blocks && kltBlocksNear)
      kltBlocksNear(this.#layout, queries, this.#blocks, this.count, k, near, allow, out);
    else {
      kltTopK(this.#layout, queries, this.codes.bytes, k, allow, out);
      if (near) leaveNear(out, k, near);
    }
  }

  /** As `near`, off the event loop; undefined without native kernels. */
  nearAsync(
    queries: Float32Array,
    k: number,
    near: NearHits | undefined,
    allow: Uint32Array | undefined,
    options: AsyncOptions,
  ): Promise<TopKOutput> | undefined {
    if (!this.#blocks) return undefined;
    const search = kernels().async?.kltBlocksNear;
    return search?.(this.#layout, queries, this.#blocks, this.count, k, near, allow, options);
  }
}
