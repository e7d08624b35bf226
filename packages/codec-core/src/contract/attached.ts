/**
 * The length of an array, 0 where its memory was taken away (sent to another thread, or shrunk). Asked of the buffer too:
 * V8 11 (Node 20), once a piece of code has seen resizable memory, tells the old length of a detached array.
 */
export function attachedLength(array: Float32Array | Uint8Array): number {
  const { buffer, byteOffset, length } = array;
  return byteOffset + length * array.BYTES_PER_ELEMENT > buffer.byteLength ? 0 : length;
}
