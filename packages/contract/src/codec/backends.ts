/** The backends that run here, and running something on one of them. */
import { type BackendChoice, type BackendName, backendReport, useBackend } from "@pith/codec-core";

export interface Backends {
  readonly choices: readonly BackendChoice[];
  /** Why the native backend was asked for and isn't among them. */
  readonly skipped?: string;
}

/** Portable, and native with each instruction set that the addon can use here. */
export function backendChoices(names: readonly BackendName[]): Backends {
  const portable = names.includes("portable") ? [{ backend: "portable" } as const] : [];
  if (!names.includes("native")) return { choices: portable };
  const { available, reason } = backendReport();
  if (available.length === 0) return { choices: portable, skipped: reason ?? "it can't load here" };
  return { choices: [...portable, ...available.map((isa) => ({ backend: "native", isa }) as const)] };
}

export function backendName({ backend, isa }: BackendChoice): string {
  return isa ? `${backend}/${isa}` : backend;
}

/** Runs `action` on a backend and goes back to the one before, whatever happens. */
export function onBackend<T>(choice: BackendChoice, action: () => T): T {
  const back = switchTo(choice);
  try {
    return action();
  } finally {
    back();
  }
}

/** As `onBackend`, until the promise settles. */
export async function whileOnBackend(
  choice: BackendChoice,
  action: () => void | Promise<void>,
): Promise<void> {
  const back = switchTo(choice);
  try {
    await action();
  } finally {
    back();
  }
}

function switchTo(choice: BackendChoice): () => void {
  const { backend, isa } = backendReport();
  useBackend(choice);
  return () => useBackend({ backend, isa });
}
