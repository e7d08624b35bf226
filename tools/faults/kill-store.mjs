/**
 * Kills a process that changes a PithVectorStore with SIGKILL at random moments, and opens what it leaves: every change that
 * was acknowledged is there, whole; the one that was under way is there whole or not at all; no document is there twice; each is
 * found by its own vector.
 *
 *     node tools/faults/kill-store.mjs [--points 100] [--seed 1] [--lives 4]
 *
 * The child adds (new documents and replacements), deletes and compacts at random, and says so before and after each
 * change. A kill comes some milliseconds after a random number of acknowledged changes; none at all is the making of the store,
 * or its opening. The next child goes on with the same folder; each of `lives` folders begins empty, with float32 rows.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PithVectorStore } from "../../packages/adapters/dist/langchain/index.js";
import { Random } from "./random.mjs";

const DIM = 32;
const IDS = 150;
const OPTIONS = { encodeFrom: 60, compactAfter: 40, rescore: "f32" };
/** No text is embedded: all vectors come with their documents. */
const EMBEDDINGS = { embedQuery: async () => [], embedDocuments: async () => [] };

const { values } = parseArgs({
  options: {
    points: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    lives: { type: "string", default: "4" },
    child: { type: "string" },
  },
});
const [points, seed, lives] = [Number(values.points), Number(values.seed), Number(values.lives)];
const random = new Random(seed);
const upTo = (n) => random.below(n);

/** A vector of its own for each version of a document. */
const vectorOf = (version) => Array.from(new Random(version + 1).floats(DIM));
const documentOf = ([id, version]) => ({
  pageContent: `document ${id}, version ${version}. `.repeat(1 + (version % 40)),
  metadata: { version },
  id: `id ${id}`,
});

function nextChange(nextVersion) {
  const dice = random.uniform();
  const some = (most) => [...new Set(Array.from({ length: 1 + upTo(most) }, () => upTo(IDS)))];
  if (dice < 0.15) return { kind: "compact" };
  if (dice < 0.4) return { kind: "delete", ids: some(12) };
  return { kind: "add", documents: some(25).map((id) => [id, nextVersion()]) };
}

function apply(model, { kind, ids, documents }) {
  const after = new Map(model);
  if (kind === "delete") for (const id of ids) after.delete(id);
  if (kind === "add") for (const [id, version] of documents) after.set(id, version);
  return after;
}

/** Changes without end, each said before and after. */
async function live(folder, version) {
  const say = (what) => writeSync(1, `${JSON.stringify(what)}\n`);
  const store = await PithVectorStore.open(folder, EMBEDDINGS, OPTIONS);
  for (;;) {
    const change = nextChange(() => version++);
    say({ change });
    if (change.kind === "compact") await store.compact();
    if (change.kind === "delete") await store.delete({ ids: change.ids.map((id) => `id ${id}`) });
    if (change.kind === "add")
      await store.addVectors(
        change.documents.map(([, version]) => vectorOf(version)),
        change.documents.map(documentOf),
      );
    say({ done: true });
  }
}

/** Runs a child to its kill. @returns the changes that it acknowledged, and the one that was under way */
async function kill(folder, version) {
  const [after, delay] = [upTo(5) === 0 ? 0 : upTo(20), random.uniform() ** 2 * (upTo(3) === 0 ? 200 : 12)];
  const script = fileURLToPath(import.meta.url);
  const args = [script, "--child", folder, "--seed", String(upTo(2 ** 31)), "--points", String(version)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let [text, said, armed] = ["", "", false];
  const soon = () => {
    if (!armed) setTimeout(() => child.kill("SIGKILL"), delay);
    armed = true;
  };
  child.stderr.on("data", (data) => (said += data));
  child.stdout.on("data", (data) => {
    text += data;
    if (text.split('{"done"').length > after) soon();
  });
  if (after === 0) soon();
  const signal = await new Promise((resolve) => child.once("close", (_, killed) => resolve(killed)));
  if (signal !== "SIGKILL") throw new Error(`the child ended by itself: ${said}`);
  const lines = text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  const changes = lines.flatMap(({ change }) => (change ? [change] : []));
  const done = lines.filter((line) => line.done).length;
  return { done: changes.slice(0, done), underWay: changes[done] };
}

/** What is wrong with the store, beside what it should hold. */
async function faults(store, model) {
  const found = [];
  const documents = await store.getByIds(Array.from({ length: IDS }, (_, id) => `id ${id}`));
  const held = new Map(documents.map((d) => [Number(d.id.slice(3)), d]));
  for (const [id, version] of model) {
    const expected = documentOf([id, version]);
    const actual = held.get(id);
    if (!actual) found.push(`id ${id}, version ${version}, is lost`);
    else if (actual.pageContent !== expected.pageContent || actual.metadata.version !== version)
      found.push(`id ${id} has version ${actual.metadata.version}, not ${version}`);
  }
  for (const id of held.keys()) if (!model.has(id)) found.push(`id ${id} is there, and was deleted`);
  if (store.size !== model.size) found.push(`${store.size} documents, not ${model.size}`);
  if (model.size === 0) return found;
  const all = await store.similaritySearchVectorWithScore(vectorOf(0), 10 * IDS);
  const ids = all.map(([{ id }]) => id);
  if (new Set(ids).size !== ids.length) found.push("a search finds a document twice");
  if (ids.length !== model.size) found.push(`a search finds ${ids.length} of ${model.size} documents`);
  for (const [id, version] of model) {
    const [hit] = await store.similaritySearchVectorWithScore(vectorOf(version), 1);
    if (hit?.[0].id !== `id ${id}` || hit[1] < 0.99) found.push(`id ${id} isn't found by its own vector`);
  }
  return found;
}

async function main() {
  const counts = { acknowledged: 0, underWay: 0, kept: 0, compactions: 0 };
  let [model, folder, version, bad] = [new Map(), "", 0, 0];
  try {
    for (let point = 0; point < points; point++) {
      if (point % Math.ceil(points / lives) === 0) {
        if (folder) rmSync(folder, { recursive: true, force: true });
        folder = mkdtempSync(join(tmpdir(), "pith-kill-store-"));
        model = new Map();
      }
      const { done, underWay } = await kill(folder, version);
      for (const change of done) model = apply(model, change);
      counts.acknowledged += done.length;
      counts.compactions += done.filter(({ kind }) => kind === "compact").length;
      const store = await PithVectorStore.open(folder, EMBEDDINGS, OPTIONS);
      let found = await faults(store, model);
      if (underWay) {
        counts.underWay++;
        const after = apply(model, underWay);
        const foundAfter = await faults(store, after);
        if (foundAfter.length === 0) {
          if (underWay.kind !== "compact" && found.length > 0) counts.kept++;
          [model, found] = [after, []];
        }
      }
      // What a kill leaves of a file is gone once the store is open.
      const names = readdirSync(folder).filter((name) => !/^(store\.sqlite(-wal)?|codes-.*)$/.test(name));
      if (names.length > 0) found.push(`files that nobody needs: ${names.join(", ")}`);
      await store.close();
      for (const fault of found) console.log(`point ${point}: ${fault}`);
      bad += found.length;
      version += 100_000;
    }
  } finally {
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
  console.log(
    `store: ${points} points, seed ${seed}: ${counts.acknowledged} changes acknowledged, ${counts.compactions} of them ` +
      `compactions; ${counts.underWay} under way at the kill, ${counts.kept} of them kept whole; opened every time; ${bad} faults`,
  );
  if (bad > 0 || counts.acknowledged === 0) process.exitCode = 1;
}

if (values.child === undefined) await main();
else await live(values.child, points);
