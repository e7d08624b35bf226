/** The table of bench:langchain, and how its figures stand to the goals. */
const MIB = 2 ** 20;
const BASE = "MemoryVectorStore";
const OURS = "PithVectorStore int8";

/** Markdown, for people. */
export function langchainTable({ dataset, documents, queries, dim, stores, open }) {
  const base = stores[BASE];
  const lines = [
    `${dataset}: ${documents} documents of ${dim} dims, ${queries} queries`,
    "",
    "| store | memory, MiB | of the process | of heap and buffers | build, s | searches/s | recall@10 |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...Object.entries(stores).map(([name, s]) => {
      const { larger, process, heap } = s.memoryBytes;
      const share = base ? ` (1/${(base.memoryBytes.larger / larger).toFixed(1)})` : "";
      const times = base ? ` (${(s.searchesPerSecond / base.searchesPerSecond).toFixed(1)}×)` : "";
      const cells = [
        `${(larger / MIB).toFixed(1)}${share}`,
        (process / MIB).toFixed(1),
        (heap / MIB).toFixed(1),
        s.buildSeconds.toFixed(2),
        `${Number(s.searchesPerSecond.toPrecision(3))}${times}`,
        s.recall10.toFixed(4),
      ];
      return `| ${[name, ...cells].join(" | ")} |`;
    }),
  ];
  if (open)
    lines.push(
      "",
      `A folder of ${open.documents} documents: open in ${open.open.toFixed(0)} ms, the first hits ${open.firstHits.toFixed(0)} ms later` +
        ` (loading the package: ${open.load.toFixed(0)} ms)`,
    );
  return lines.join("\n");
}

/** The table with where it comes from, for a README. */
export function langchainReport(report) {
  const { machine, commit, dirty, command, date, rounds, file } = report;
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${date.slice(0, 10)}; commit`,
    `${commit === null ? "unknown" : `\`${commit.slice(0, 12)}\``}${dirty ? " with changes" : ""}; medians of ${rounds} rounds,`,
    "the stores in turn. In brackets: the share of, and the multiple of, MemoryVectorStore in the same run.",
    `Made by \`${command}\`; every round is in \`benchmarks/results/langchain/${file}\`.`,
  ];
  return `${langchainTable(report)}\n\n${lines.join(" ")}\n`;
}

/** One line a goal. */
export function goalLines(report) {
  return langchainGoals(report).map(
    ({ goal, met, figure }) => `${met ? "met" : "MISSED"}: ${goal} (${figure})`,
  );
}

/** The goals that this run has figures for. */
export function langchainGoals({ stores, open }) {
  const [ours, base] = [stores[OURS], stores[BASE]];
  const goals = [];
  const add = (goal, value, met, digits) => goals.push({ goal, met, figure: value.toFixed(digits) });
  if (ours && base) {
    const memory = ours.memoryBytes.larger / base.memoryBytes.larger;
    const speed = ours.searchesPerSecond / base.searchesPerSecond;
    add("memory at most 1/3 of MemoryVectorStore's", memory, memory <= 1 / 3, 3);
    add("searches at least 10 times MemoryVectorStore's", speed, speed >= 10, 1);
  }
  if (ours) add("recall@10 at least .99", ours.recall10, ours.recall10 >= 0.99, 4);
  if (open && open.documents >= 100_000)
    add("100,000 documents open in less than a second, in ms", open.open, open.open < 1000, 0);
  return goals;
}
