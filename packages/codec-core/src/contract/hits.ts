/** Best first; equal scores by the lower slot. */
export interface Hits {
  /** Row numbers into the codes. */
  readonly slots: Uint32Array;
  readonly scores: Float32Array;
  readonly length: number;
}
