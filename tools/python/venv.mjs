/**
 * A Python with exactly the packages asked for, in `.pith/python-<hash>` at the root of the repository: made once with
 * venv and pip, and used again as long as the list stays the same.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * @param {readonly string[]} packages pinned, as `numpy==2.3.5`
 * @param {{ timeout?: number }} [options] milliseconds for each of the two steps, default 5 minutes
 * @returns {Promise<{ python: string } | { reason: string }>} the interpreter, or in one line why there is none
 */
export async function pythonWith(packages, { timeout = 300_000 } = {}) {
  const list = [...packages].sort();
  const hash = createHash("sha256").update(list.join("\n")).digest("hex").slice(0, 12);
  const folder = join(ROOT, ".pith", `python-${hash}`);
  const python = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const complete = join(folder, "complete");
  if (await exists(complete)) return { python };
  // Interpreters and scripts know their folder's path, so it is made in place, under a lock that is a folder.
  const lock = `${folder}.lock`;
  await mkdir(join(ROOT, ".pith"), { recursive: true });
  // One left by a process that was killed is older than both steps can take.
  const age = await stat(lock).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  if (age > 2 * timeout) await rm(lock, { recursive: true, force: true });
  try {
    await mkdir(lock);
  } catch {
    return await waitFor(complete, lock, python, timeout);
  }
  try {
    await rm(folder, { recursive: true, force: true });
    await run(process.env.PYTHON ?? "python3", ["-m", "venv", folder], { timeout });
    const pip = [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--only-binary",
      ":all:",
      ...list,
    ];
    await run(python, pip, { timeout });
    await writeFile(`${complete}.new`, `${list.join("\n")}\n`);
    await rename(`${complete}.new`, complete);
    return { python };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return { reason: lastLine(error) };
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function waitFor(complete, lock, python, timeout) {
  const end = Date.now() + 2 * timeout;
  while (await exists(lock)) {
    if (Date.now() > end) return { reason: "another process takes too long to install the packages" };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return (await exists(complete)) ? { python } : { reason: "another process failed to install the packages" };
}

async function exists(path) {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function lastLine(error) {
  const text = String(error.stderr || error.message || error).trim();
  return text.split("\n").at(-1);
}
