import { qdrantFaults } from "../faults/qdrant-faults.ts";
import { ENGINE_URL, withEngine } from "./engine.ts";

withEngine("bad days", () => {
  qdrantFaults("Qdrant's engine", async () => ({ url: ENGINE_URL as string, close: async () => {} }));
});
