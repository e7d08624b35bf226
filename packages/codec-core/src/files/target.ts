/** The place where a new file goes: what a link names, what is there already, and the folder around it. */
import { access, constants, type FileHandle, lstat, open, readlink, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { PithError } from "../errors.ts";
import { quotePath } from "./io-error.ts";

const MAX_LINKS = 40;

/** The path that a chain of symbolic links ends at; nothing needs to be there. */
export async function followLinks(path: string): Promise<string> {
  let target = resolve(path);
  for (let links = 0; links <= MAX_LINKS; links++) {
    const found = await lstat(target).catch(absent);
    if (!found?.isSymbolicLink()) return target;
    target = resolve(dirname(target), await readlink(target));
  }
  throw Object.assign(new Error("too many symbolic links"), { code: "ELOOP" });
}

export interface Existing {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What stands at the path, if a file may be written over it. @throws NOT_A_FILE, and what the system says */
export async function existing(target: string): Promise<Existing | undefined> {
  const found = await stat(target).catch(absent);
  if (!found) return undefined;
  if (!found.isFile())
    throw new PithError(
      "NOT_A_FILE",
      `can't write ${quotePath(target)}: it is ${found.isDirectory() ? "a folder" : "no regular file"}`,
      { path: target },
    );
  // Renaming over a file asks only for the folder's permission; who made the file read-only meant the content.
  await access(target, constants.W_OK);
  return found;
}

/** Gives a new file the owner and the permissions of the old one. */
export async function keepOwner(handle: FileHandle, { mode, uid, gid }: Existing): Promise<void> {
  const own = await handle.stat();
  // Only a privileged user can give a file away; for others the new file is theirs.
  if (own.uid !== uid || own.gid !== gid) await handle.chown(uid, gid).catch(() => {});
  await handle.chmod(mode & 0o7777);
}

/** A rename is safe once its folder is; some systems can't sync a folder, and have no need to. */
export async function syncFolder(folder: string): Promise<void> {
  const CANT = ["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP"];
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!CANT.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
