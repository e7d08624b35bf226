import { isPithError } from "../../src/index.ts";

/** The code of the PithError that `read` throws, "accepted" where it throws none; any other error fails the test. */
export function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isPithError(error) && !error.message.includes("\n")) return error.code;
    throw error;
  }
  return "accepted";
}

/** As `refusal`, for promises. */
export async function asyncRefusal(read: () => Promise<unknown>): Promise<string> {
  try {
    await read();
  } catch (error) {
    return refusal(() => {
      throw error;
    });
  }
  return "accepted";
}
