/** All that a Pith file holds: mapped where that is wished for and can be, else read into memory. */
import type { LoadOptions } from "../flat/persist.ts";
import { type PithContents, parsePith } from "../format/pith.ts";
import { InputFile } from "./input-file.ts";
import { openPith } from "./pith-reader.ts";

/** `trusted`: only the header and the codec's state were checked. */
export async function loadContents(
  path: string,
  { map = false, verify = "full" }: LoadOptions,
): Promise<{ contents: PithContents; trusted: boolean }> {
  if (map) {
    await using file = await openPith(path, { map, verify: "header" });
    if (file.mapped) {
      if (verify === "full") await file.verify();
      return { contents: await file.contents(), trusted: verify === "header" };
    }
  }
  await using file = await InputFile.open(path);
  return { contents: parsePith(await file.readShared()), trusted: false };
}
