/** The backends that run here, and running something on one of them. */
import { type BackendChoice, type BackendName, backendReport, type Isa, useBackend } from "@pith/codec-core";

export interface Backends {
  readonly choices: readonly BackendChoice[];
  /** Why the native backend was asked for and isn't among them. */
  readonly skipped?: string;
}

/** The instruction sets that can be used here of the backends named, or named themselves. */
export function backendChoices(names: readonly (BackendName | Isa)[]): Backends {
  const { available, portable, reason } = backendReport();
  const choices = [
    ...portable.map((isa) => ({ backend: "portable", isa }) as const),
    ...available.map((isa) => ({ backend: "native", isa }) as const),
  ].filter(({ backend, isa }) => names.includes(backend) || names.includes(isa));
  const missing = available.length === 0 && names.includes("native");
  return missing ? { choices, skipped: reason ?? "it can't load here" } : { choices };
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
