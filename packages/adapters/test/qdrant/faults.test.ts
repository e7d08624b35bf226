import { FakeQdrant } from "../faults/fake-qdrant.ts";
import { qdrantFaults } from "../faults/qdrant-faults.ts";

qdrantFaults("a fake of Qdrant", () => FakeQdrant.start());
