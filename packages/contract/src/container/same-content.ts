/** Whether a value holds what was written: objects by their members, arrays and maps by their elements, in depth. */

/**
 * The path of the first difference, undefined where there is none. A member that is undefined may be absent, and a
 * reader may add members of its own, such as where something stood in the file; elements it may not add.
 */
export function difference(actual: unknown, expected: unknown, path = "content"): string | undefined {
  if (Object.is(actual, expected)) return undefined;
  if (typeof actual !== "object" || typeof expected !== "object" || !actual || !expected) return path;
  if (ArrayBuffer.isView(expected)) return differentView(actual, expected, path);
  if (expected instanceof Map)
    return actual instanceof Map ? differentList([...actual], [...expected], path) : path;
  if (expected instanceof Set)
    return actual instanceof Set ? differentList([...actual], [...expected], path) : path;
  if (Array.isArray(expected)) return Array.isArray(actual) ? differentList(actual, expected, path) : path;
  for (const name of Object.keys(expected)) {
    const [a, e] = [actual, expected].map((x) => (x as { [name: string]: unknown })[name]);
    const found = difference(a, e, `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function differentView(actual: object, expected: ArrayBufferView, path: string): string | undefined {
  const same =
    ArrayBuffer.isView(actual) && Object.getPrototypeOf(actual) === Object.getPrototypeOf(expected);
  if (!same || actual.byteLength !== expected.byteLength) return path;
  const bytes = (view: ArrayBufferView): Uint8Array =>
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const [a, e] = [bytes(actual), bytes(expected)];
  const at = a.findIndex((byte, i) => byte !== e[i]);
  return at < 0 ? undefined : `${path}, byte ${at}`;
}

function differentList(
  actual: readonly unknown[],
  expected: readonly unknown[],
  path: string,
): string | undefined {
  if (actual.length !== expected.length) return `${path}.length`;
  for (const [i, e] of expected.entries()) {
    const found = difference(actual[i], e, `${path}[${i}]`);
    if (found !== undefined) return found;
  }
  return undefined;
}
