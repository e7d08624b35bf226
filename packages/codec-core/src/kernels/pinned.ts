/**
 * Memory that another thread may read while JavaScript runs. An ordinary ArrayBuffer isn't: once it is transferred, or a
 * resizable one made smaller, its memory can go while a kernel reads it, and no reference to the array holds it. Shared
 * memory is never detached nor made smaller; a mapped file is held by the native side for as long as it is read.
 * Kernels off the event loop read these two in place, and anything else as a copy.
 */

const mapped = new WeakSet<object>();

/** Remembers the buffer of a mapped file. */
export function pin<B extends ArrayBuffer>(buffer: B): B {
  mapped.add(buffer);
  return buffer;
}

export function isPinned({ buffer }: ArrayBufferView): boolean {
  return (
    mapped.has(buffer) || (typeof SharedArrayBuffer === "function" && buffer instanceof SharedArrayBuffer)
  );
}

/** Bytes, all zero, in shared memory where the platform has it: browsers do on isolated pages alone. */
export function sharedBytes(length: number): Uint8Array {
  if (typeof SharedArrayBuffer !== "function") return new Uint8Array(length);
  return new Uint8Array(new SharedArrayBuffer(length));
}
