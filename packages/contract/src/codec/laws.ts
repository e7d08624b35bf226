/** The laws of a codec, by id. Test names and failures cite the id; the README prints this table. */
export const CODEC_LAWS = {
  "manifest.shape": "every field of the codec and its manifest is there, of the right type and in range",
  "manifest.metrics": "the metrics listed are served; any other is UNSUPPORTED_METRIC",
  "manifest.decode": 'decode "none" throws NOT_SUPPORTED; "exact" gives the very floats that were encoded',
  "manifest.dims": "every dim from minDim to 65,536 is served; any other is DIM_UNSUPPORTED",
  "manifest.trained":
    "what is learned asks for minSample rows, else SAMPLE_TOO_SMALL; what isn't comes from options alone",
  "manifest.training":
    "training says whether a sample is needed, of use or of none, and from how many rows; create and train keep to it",
  "manifest.symmetric": "symmetricScorer is there exactly where the manifest says so",
  "manifest.deterministic": "the same options and sample make the same state and the same codes",
  "stride.exact": "encode gives exactly count x stride bytes, for any count from 0",
  "stride.complete":
    "codes hold everything: a codec that never saw the vectors reads a copy of the bytes alike",
  "encode.pure": "encoding twice gives the same bytes and leaves its input and the codec as they were",
  "encode.unretained": "changing the input or the output after encoding changes nothing else",
  "encode.concat": "encode(a ++ b) is encode(a) ++ encode(b), wherever it is cut",
  "encode.into": "encodeInto writes what encode gives",
  "decode.pure": "decoding and scoring change neither codes nor query, and keep neither",
  "decode.slices": "what a code decodes to and scores doesn't depend on where it stands",
  "decode.into": "decodeInto writes what decode gives",
  "into.room": "output without exactly the right room is LENGTH_MISMATCH, and stays untouched",
  "views.offset": "views into larger buffers work, unaligned codes too, and nothing beside them is touched",
  "views.shared": "memory shared between threads works as any other",
  "views.resizable":
    "memory that can grow works as any other; what was detached or shrunk away is a typed error, at no crash",
  "input.finite": "NaN and infinities are NOT_FINITE with row and column, and nothing is written",
  "input.dim": "vectors and queries of another dim are DIM_MISMATCH",
  "input.length": "a buffer that isn't as long as its shape says is LENGTH_MISMATCH",
  "input.type":
    "vectors and queries that aren't a Float32Array, and codes that aren't a Uint8Array, are INVALID_ARGUMENT",
  "input.codes": "codes of another stride and resident codes of another codec are CODEC_MISMATCH",
  "input.k": "k that isn't an integer from 1 is INVALID_ARGUMENT",
  "input.allow": "an allow-list with another length than the codes is LENGTH_MISMATCH",
  "input.options": "unknown options and values outside of the schema are INVALID_OPTION",
  "values.extremes":
    "zero, tiny, denormal, constant, one-hot and huge rows encode to finite vectors (huge: or are refused); no score is NaN",
  "values.zero": "under cosine a zero row scores 0, and a zero query scores 0 with every row",
  "error.bound": "no row is further from what it decodes to than the stated bound",
  "score.decoded":
    'a score is the exact one on decoded vectors, within 1e-6 |q||x|; l2 is minus the squared distance; "integer": of a query in 127 steps',
  "score.higher": "higher is better: a row's own query scores it above its opposite",
  "score.scale": "under cosine the lengths of rows and queries don't matter",
  "topk.sorted": "topK is scoreInto sorted, best first, for any k from 1; k beyond the count gives them all",
  "topk.ties": "equal scores rank by the lower slot",
  "topk.allow": "topK gives the min(k, allowed) best of the allowed rows and no other",
  "topk.batch": "topKBatch gives for each query what topK gives",
  "topk.resident": "resident codes give the hits of plain codes",
  "topk.near": "nearBatch names the best rows, and those as near as it is told",
  "topk.among": "topKAmong finds the best of the rows that are named",
  "symmetric.decoded":
    "symmetricScorer scores a code with another as their decoded vectors score, within 1e-6 |a||b|",
  "symmetric.mutual": "a scores with b as b with a, and equal codes score alike wherever they stand",
  "symmetric.views": "symmetricScorer reads codes in any memory, and neither changes nor keeps its arguments",
  "symmetric.input":
    "symmetricScorer refuses a metric, a stride, a count or a length that is wrong, and writes nothing",
  "symmetric.total": "no symmetric score is NaN: zero rows have cosine 0, garbage scores or is a typed error",
  "codes.verify": "verifyCodes accepts what encode makes",
  "codes.garbage":
    "bytes that no encoder wrote are typed errors or scores, never a crash, and topK stays sorted",
  "state.shape":
    "state holds the canonical params with every option (or none, where all are defaults), and tensors of exactly their shape",
  "state.restore": "restore(state()) is the same codec: same bytes, floats, scores and state",
  "state.hostile": "restore of any other state is a PithError, or a codec with exactly that state",
  "async.same":
    "encodeAsync, decodeAsync and searchAsync give what encode, decode and topKBatch give, from shared memory too",
  "async.refuse": "the asynchronous forms reject what the others refuse, with the same row and column",
  "async.progress": "progress never goes back, and is told once that all is done",
  "async.abort": "a signal that is aborted before the end is ABORTED, with its reason as the cause",
  "backend.codes": '"bitwise": the same bytes as from TypeScript; "ranking": the same hits',
  "backend.decode": "stored codes decode as in TypeScript, within 1e-6 of the row's norm",
  "backend.scores":
    'stored codes score as in TypeScript, within 1e-6 |q||x|, and rank alike; "integer": to the bit',
  "backend.symmetric": "stored codes score with each other as in TypeScript, within 1e-6 |a||b|",
} as const;

export type CodecLaw = keyof typeof CODEC_LAWS;
