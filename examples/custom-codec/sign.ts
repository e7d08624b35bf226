/**
 * A codec of one's own: one bit a dimension and one float, 29 times smaller than float32 at 384 dims.
 *
 *   bit_j = x_j >= 0,  scale = mean |x_j|,  decoded x_j = +-scale
 *
 * For given signs the mean of |x_j| is the scale with the least squared error. A zero vector has scale 0 and decodes
 * to zero. Source of the idea: Rastegari et al., "XNOR-Net", ECCV 2016.
 */
import { type CodecFamily, rowCodecFamily } from "@pith/codec-core";

export const sign: CodecFamily = rowCodecFamily({
  name: "sign",
  version: 1,
  summary: "one bit a dimension and a scale a vector",
  coder: ({ dim }) => {
    const bitBytes = Math.ceil(dim / 8);
    return {
      stride: bitBytes + 4,
      encodeRow(row, out) {
        let sum = 0;
        row.forEach((x, j) => {
          sum += Math.abs(x);
          if (x >= 0) out[j >> 3] |= 1 << (j & 7);
        });
        new DataView(out.buffer).setFloat32(bitBytes, sum / dim, true);
      },
      decodeRow(code, out) {
        const scale = new DataView(code.buffer).getFloat32(bitBytes, true);
        for (let j = 0; j < dim; j++) out[j] = (code[j >> 3] >> (j & 7)) & 1 ? scale : -scale;
      },
    };
  },
});
