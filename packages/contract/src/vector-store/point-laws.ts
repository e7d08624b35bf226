/** The laws of a store of points, by id. */
export const POINT_LAWS = {
  "point.manifest": "what a store says of its metric, its scores and zero vectors is said in full, and true",
  "point.empty":
    "an empty store counts nothing, finds nothing, gets nothing and deletes nothing, at no error",
  "point.add": "what was added is counted, found, and got by its id, each with its own payload",
  "point.again": "the same ids a second time change nothing, in one call or in several",
  "point.replace": "a known id takes the new vector and the new payload, and stands beside no old one",
  "point.delete":
    "what was deleted isn't counted, found or got, unknown ids are no error, and an id can come back",
  "point.search":
    "the min(k, count) best, each once, best first, scores never rising: those of exact search where a store says so",
  "point.ids": "any text is an id of its own: long, odd, digits, UUIDs in either case",
  "point.payload": "a payload comes back as it was, or is refused with a PithError",
  "point.many": "no point of a thousand is lost, in one call or in calls at the same time",
  "point.input":
    "a wrong dim, a NaN, a wrong number of ids and an id twice in a call are PithErrors, and change nothing",
  "point.unretained": "arguments are neither changed nor kept",
} as const;

export type PointLaw = keyof typeof POINT_LAWS;
