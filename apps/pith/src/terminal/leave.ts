/** The end of a command that had connections: a server that never answers would keep the process. */

const LOOK_MS = 50;

/** Ends the process soon, with the exit code that it then has, once all that was printed is out. To be called when all is done. */
export function leaveSoon(): void {
  const look = (): void => {
    if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) process.exit();
  };
  // Without holding the process itself: where nothing else does, it has ended before.
  setInterval(look, LOOK_MS).unref();
}
