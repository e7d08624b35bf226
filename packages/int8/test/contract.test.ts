import { codecContract } from "@pith/contract";
import { test } from "vitest";
import { int8 } from "../src/index.ts";

codecContract({ test, family: int8 });
