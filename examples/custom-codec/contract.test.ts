import { codecContract } from "@pith/contract";
import { test } from "vitest";
import { sign } from "./sign.ts";

codecContract({ test, family: sign });
