/** The laws of a container format, by id. */
export const CONTAINER_LAWS = {
  "container.roundtrip": "what is read is what was written",
  "container.canonical": "the same content gives the same bytes, written again or after reading",
  "container.pure":
    "writing and reading change nothing that they are given, and written bytes are the caller's own",
  "container.views": "bytes are read alike at any offset of a larger buffer and from shared memory",
  "container.truncated": "bytes cut at any offset are a PithError",
  "container.flipped": "any bit flipped is a PithError",
  "container.appended": "bytes appended are a PithError",
  "container.damaged": "runs of bytes that are wiped, repeated or swapped are a PithError",
  "container.foreign": "bytes of anything else are a PithError",
  "container.newer": "a newer version is VERSION_UNSUPPORTED",
} as const;

export type ContainerLaw = keyof typeof CONTAINER_LAWS;
