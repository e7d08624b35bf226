/** One call of the addon off the event loop: its progress, its end, and faults as errors. */
import { aborted, PROGRESS_MS, type Work } from "../async/work.ts";
import { PithError } from "../errors.ts";
import type { AsyncAddon, AsyncOutcome, Fault, Job } from "./native-addon.ts";
import { threads } from "./threads.ts";

/**
 * One call of the addon as part of `work`, of which `before` rows are done. Rejects at once when it is aborted; the task
 * ends after the block that it is at, and what it reads and writes is kept until then by the task itself.
 */
export function run(
  addon: AsyncAddon,
  work: Work,
  before: number,
  call: (job: Job, threads: number) => AsyncOutcome,
  nonFinite?: (index: number) => PithError,
): Promise<void> {
  work.check();
  const { signal, onProgress, threads: wanted } = work.options;
  const job = new addon.Job();
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setInterval> | undefined;
    const end = (error?: unknown): void => {
      clearInterval(timer);
      signal?.removeEventListener("abort", abort);
      job.stop();
      if (error === undefined) resolve();
      else reject(error);
    };
    const abort = (): void => end(aborted(signal as AbortSignal));
    const report = (): void => {
      try {
        work.progress(before + job.done());
      } catch (error) {
        end(error);
      }
    };
    signal?.addEventListener("abort", abort, { once: true });
    if (onProgress) timer = setInterval(report, PROGRESS_MS);
    const failed = (cause: unknown): void =>
      end(new PithError("INTERNAL", `the native core failed: ${(cause as Error).message}`, {}, { cause }));
    try {
      call(job, wanted ?? threads().async).then((fault) => {
        if (fault === null) end();
        else if (fault.code === "NOT_FINITE" && nonFinite) end(nonFinite(fault.actual));
        else end(faultError(fault));
      }, failed);
    } catch (cause) {
      failed(cause);
    }
  });
}

export function faultError({ code, what, expected, actual }: Fault): PithError {
  return new PithError(code, `${what}: expected ${expected}, got ${actual}`, { what, expected, actual });
}
