import { describe } from "vitest";
import { pithVectors, tiny } from "./inputs.ts";
import { COMPRESS, refused } from "./refused.ts";

const JUDGED = ["eval", "in.npy", "a.pith", "-q", "q.npy", "--qrels", "qrels.tsv", "--query-ids", "ids.txt"];

describe("ids", () => {
  const withIds = [...COMPRESS, "--ids", "ids.txt"];
  refused("ids that repeat", withIds, "DUPLICATE_ID", /the id "two" stands in rows 1 and 3/, {
    "ids.txt": "one\ntwo\nthree\ntwo\n",
  });
  refused("integer ids that repeat", withIds, "DUPLICATE_ID", /the id 7 stands in rows 0 and 1/, {
    "ids.txt": '{"id":7}\n{"id":7}\n{"id":8}\n{"id":9}\n',
  });
  refused(
    "ids of the input that repeat",
    ["compress", "in.pith", "-o", "out.pith"],
    "DUPLICATE_ID",
    /the id "x" stands in rows 0 and 2/,
    {
      "in.pith": pithVectors(tiny, ["x", "y", "x", "z"]),
    },
  );
  refused("too few ids", withIds, "ID_COUNT_MISMATCH", /expected 4 ids, one for each row, got 3/, {
    "ids.txt": "one\ntwo\nthree\n",
  });
  refused("too many ids", withIds, "ID_COUNT_MISMATCH", /expected 4 ids, one for each row, got 5/, {
    "ids.txt": "1\n2\n3\n4\n5\n",
  });
  refused("no ids", withIds, "ID_COUNT_MISMATCH", /expected 4 ids, one for each row, got 0/, {
    "ids.txt": "",
  });
  refused(
    "a blank line between ids",
    withIds,
    "INVALID_ARGUMENT",
    /"ids\.txt": line 2: expected an id, got a blank line/,
    {
      "ids.txt": "one\n\nthree\nfour\n",
    },
  );
  refused(
    "a blank line in JSONL",
    withIds,
    "INVALID_ARGUMENT",
    /"ids\.txt": line 2: expected an id, got a blank line/,
    {
      "ids.txt": '{"id":1}\n \n{"id":3}\n{"id":4}\n',
    },
  );
  refused("JSONL that is broken", withIds, "INVALID_ARGUMENT", /"ids\.txt": line 3: expected a JSON object/, {
    "ids.txt": '{"id":1}\n{"id":2}\n{"id":3\n{"id":4}\n',
  });
  refused("JSONL without an id", withIds, "INVALID_ARGUMENT", /"ids\.txt": line 2: expected "_id" or "id"/, {
    "ids.txt": '{"id":1}\n{"name":2}\n{"id":3}\n{"id":4}\n',
  });
  refused(
    "JSONL whose ids are fractions",
    withIds,
    "INVALID_ARGUMENT",
    /line 1: expected "_id" or "id" with a string or an integer/,
    {
      "ids.txt": '{"id":1.5}\n{"id":2}\n{"id":3}\n{"id":4}\n',
    },
  );
  refused("JSONL whose ids JSON can't hold exactly", withIds, "INVALID_ARGUMENT", /line 2: .*within 2\^53/, {
    "ids.txt": '{"id":1}\n{"id":9007199254740993}\n{"id":3}\n{"id":4}\n',
  });
  refused(
    "ids of two types",
    withIds,
    "INVALID_ARGUMENT",
    /"ids\.txt": line 2: expected an id that is a number as those before/,
    {
      "ids.txt": '{"id":1}\n{"id":"2"}\n{"id":3}\n{"id":4}\n',
    },
  );
  refused(
    "ids that aren't UTF-8",
    withIds,
    "UNSUPPORTED_FORMAT",
    /"ids\.txt": line 1: expected text in UTF-8/,
    {
      "ids.txt": Uint8Array.of(0x61, 0xff, 0x0a),
    },
  );
  refused(
    "--like with an id that isn't there",
    ["search", "named.pith", "--like", "five"],
    "UNKNOWN_ID",
    /no vector has the id "five"/,
  );
  refused(
    "--like with a row that isn't there",
    ["search", "a.pith", "--like", "4"],
    "UNKNOWN_ID",
    /expected a row from 0 to 3, got "4"/,
  );
});

describe("judgements", () => {
  const without = (...flags: string[]): string[] => {
    const args = [...JUDGED];
    for (const flag of flags) args.splice(args.indexOf(flag), 2);
    return args;
  };
  refused(
    "--qrels without queries",
    without("-q"),
    "INVALID_ARGUMENT",
    /--qrels needs --queries and --query-ids/,
  );
  refused(
    "--qrels without --query-ids",
    without("--query-ids"),
    "INVALID_ARGUMENT",
    /--qrels needs --queries and --query-ids/,
  );
  refused("--query-ids without --qrels", without("--qrels"), "INVALID_ARGUMENT", /--query-ids needs --qrels/);
  refused("--qrels without ids of the vectors", JUDGED, "INVALID_ARGUMENT", /--qrels needs --ids/);
  const judged = [...JUDGED, "--ids", "ids.txt"];
  refused(
    "another number of query ids",
    [...judged, "--query-ids", "qids.txt"],
    "ID_COUNT_MISMATCH",
    /--query-ids: expected 4 ids, got 1/,
    {
      "qids.txt": "one\n",
    },
  );
  refused(
    "another number of ids",
    [...judged, "--ids", "few.txt"],
    "ID_COUNT_MISMATCH",
    /--ids: expected 4 ids, got 1/,
    { "few.txt": "one\n" },
  );
  refused(
    "ids that repeat",
    [...judged, "--ids", "twice.txt"],
    "DUPLICATE_ID",
    /the id "a" stands in rows 0 and 1/,
    { "twice.txt": "a\na\nb\nc\n" },
  );
  refused(
    "a line that is none",
    judged,
    "INVALID_ARGUMENT",
    /"qrels\.tsv": line 2: expected query, document and a relevance/,
    {
      "qrels.tsv": "one\ttwo\t1\none\n",
    },
  );
  refused("a relevance that is no number", judged, "INVALID_ARGUMENT", /"qrels\.tsv": line 2:/, {
    "qrels.tsv": "one\ttwo\t1\none\tthree\thigh\n",
  });
  refused("a relevance beyond all grades", judged, "INVALID_ARGUMENT", /"qrels\.tsv": line 1: .*up to 50/, {
    "qrels.tsv": "one\ttwo\t1e9\n",
  });
  refused(
    "no query that is judged",
    judged,
    "INVALID_ARGUMENT",
    /"qrels\.tsv": no query of --query-ids has a relevant document there/,
    {
      "qrels.tsv": "zero\ttwo\t1\none\ttwo\t0\n",
    },
  );
  refused("no file", [...judged, "--qrels", "nothing.tsv"], "FILE_NOT_FOUND", /can't read "nothing\.tsv"/);
});
