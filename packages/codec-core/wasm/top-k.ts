/**
 * The k best of a stream of scores: the heap of src/flat/top-k.ts, with the worst kept hit at its root.
 *
 * A heap is `8 + 8 k` bytes: the number of hits as u32, 4 bytes unused, then hits of a score (f32) and a slot (u32).
 */
const HEADER: usize = 8;

/** Bytes of a heap of `k`. */
export function heapBytes(k: i32): usize {
  return HEADER + ((<usize>k) << 3);
}

/** No score below this one can come in: the k-th best, -Infinity while there are fewer. */
export function threshold(heap: usize, k: i32): f32 {
  return load<i32>(heap) < k ? -Infinity : load<f32>(heap + HEADER);
}

/** What isn't a number counts as -Infinity. @returns whether the hit was kept */
export function push(heap: usize, k: i32, slot: u32, value: f32): bool {
  const score: f32 = value >= -Infinity ? value : -Infinity;
  const size = load<i32>(heap);
  const hits = heap + HEADER;
  if (size < k) {
    store<i32>(heap, size + 1);
    put(hits, size, score, slot);
    up(hits, size);
    return true;
  }
  if (!worse(load<f32>(hits), load<u32>(hits, 4), score, slot)) return false;
  put(hits, 0, score, slot);
  down(hits, 0, k);
  return true;
}

/** Sorts the hits of `count` full heaps of `k`, best first. They are heaps no longer. */
export function sortHits(heaps: usize, count: i32, k: i32): void {
  for (let i = 0; i < count; i++) {
    const hits = heaps + HEADER;
    // The worst goes to the end, again and again.
    for (let size = load<i32>(heaps) - 1; size > 0; size--) {
      swap(hits, 0, size);
      down(hits, 0, size);
    }
    heaps += heapBytes(k);
  }
}

function worse(a: f32, aSlot: u32, b: f32, bSlot: u32): bool {
  return a < b || (a === b && aSlot > bSlot);
}

function worseAt(hits: usize, i: i32, j: i32): bool {
  const a = hits + ((<usize>i) << 3);
  const b = hits + ((<usize>j) << 3);
  return worse(load<f32>(a), load<u32>(a, 4), load<f32>(b), load<u32>(b, 4));
}

function put(hits: usize, i: i32, score: f32, slot: u32): void {
  const at = hits + ((<usize>i) << 3);
  store<f32>(at, score);
  store<u32>(at, slot, 4);
}

function swap(hits: usize, i: i32, j: i32): void {
  const a = hits + ((<usize>i) << 3);
  const b = hits + ((<usize>j) << 3);
  const hit = load<u64>(a);
  store<u64>(a, load<u64>(b));
  store<u64>(b, hit);
}

function up(hits: usize, i: i32): void {
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!worseAt(hits, i, parent)) return;
    swap(hits, i, parent);
    i = parent;
  }
}

function down(hits: usize, i: i32, size: i32): void {
  while (true) {
    let worst = i;
    const left = 2 * i + 1;
    if (left < size && worseAt(hits, left, worst)) worst = left;
    if (left + 1 < size && worseAt(hits, left + 1, worst)) worst = left + 1;
    if (worst === i) return;
    swap(hits, i, worst);
    i = worst;
  }
}
