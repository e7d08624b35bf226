/**
 * Retrieval for a prompt, on a PithVectorStore in a folder: `node examples/langchain-rag/rag.mjs [FOLDER]`.
 *
 * The first run adds 6,000 documents; later ones open what is there. Each question is answered by two retrievers: the most
 * similar documents, and those of maximal marginal relevance. What a language model would be asked is printed, so that the
 * example needs neither a model nor a key.
 */
import { PromptTemplate } from "@langchain/core/prompts";
import { PithVectorStore } from "@pith/adapters/langchain";
import { StoredEmbeddings } from "./stored-embeddings.mjs";

const BATCH = 1000;
const QUESTIONS = [
  "easy iptables based firewall system",
  "tool to launch commands and restart them on filesystem changes",
  "MPEG audio decoder library",
];

const prompt = PromptTemplate.fromTemplate(
  `Answer from these packages alone, and name those that you use.

{context}

Question: which of them comes nearest to "{question}"?`,
);

const folder = process.argv[2] ?? "langchain-rag-store";
const embeddings = await StoredEmbeddings.open();
const store = await PithVectorStore.open(folder, embeddings, { codec: "int8" });
try {
  if (store.size === 0) await addAll(embeddings.documents);
  else console.log(`${store.size} documents were there`);
  const { bytesPerVector } = store.stats();
  console.log(`${bytesPerVector.toFixed(0)} bytes a vector instead of ${4 * 384}\n`);

  const similar = store.asRetriever({ k: 5, filter: { library: false } });
  const varied = store.asRetriever({ k: 5, searchType: "mmr", searchKwargs: { fetchK: 20, lambda: 0.5 } });
  for (const question of QUESTIONS) {
    console.log(await prompt.format({ question, context: listed(await similar.invoke(question)) }));
    console.log(`\nThe same question, from varied packages:\n${listed(await varied.invoke(question))}\n`);
  }
} finally {
  await store.close();
}

async function addAll(names) {
  for (let start = 0; start < names.length; start += BATCH) {
    const batch = names.slice(start, start + BATCH);
    const documents = batch.map((name) => ({
      pageContent: name,
      metadata: { library: name.startsWith("lib") },
    }));
    await store.addDocuments(documents, { ids: batch });
  }
  console.log(`${store.size} documents were added`);
}

function listed(documents) {
  return documents.map(({ pageContent }) => `- ${pageContent}`).join("\n");
}
