/** `pith doctor`: what runs here, and why not more. */
import { availableParallelism, cpus } from "node:os";
import { backendReport } from "@pith/codec-core";
import type { Command } from "commander";
import { codecs } from "../codecs.ts";
import { command } from "../terminal/command.ts";
import { facts } from "../terminal/table.ts";
import { VERSION } from "../version.ts";

export const doctorCommand: Command = command(
  "doctor",
  "show backend, CPU features, threads and versions",
  (c) => c,
  async ({ print }) => {
    const { backend, isa, available, portable, features, reason, threads } = backendReport();
    const report = {
      backend,
      isa,
      availableIsas: available,
      portableIsas: portable,
      reason: reason ?? null,
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      cpuFeatures: features,
      threads: availableParallelism(),
      threadsUsed: threads,
      pith: VERSION,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
      codecs: codecs.names,
    };
    print(
      facts([
        ["backend", reason ? `${backend} (${reason})` : backend],
        ["isa", isa],
        ["available", [...portable, ...available].join(", ")],
        ["cpu", report.cpu],
        ["cpu features", report.cpuFeatures.join(" ") || "unknown without the native addon"],
        ["threads", `${report.threads}; calls that wait use ${threads.sync}, others ${threads.async}`],
        ["pith", report.pith],
        ["node", `${report.node} on ${report.platform}`],
        ["codecs", report.codecs.join(", ")],
      ]),
      report,
    );
  },
);
