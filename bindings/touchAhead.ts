// Touching memory before it is needed: the first access to each page of an operating system costs it a fault, which takes longer than filling the page.

/** No operating system's pages are smaller. */
const OS_PAGE = 4096;
/** At once; some 0.1 ms. */
const CHUNK = 256 * 1024;

/** Run something after what waits already. */
const soon: (run: () => void) => void =
  typeof setImmediate === "function" ? (run) => setImmediate(run) : (run) => setTimeout(run, 0);

/** Touch [from, from + bytes), chunk by chunk, each after what waits already. The memory may be in use: nothing in it changes. */
export function touchAhead(memory: WebAssembly.Memory, from: number, bytes: number): Promise<void> {
  const words = new Int32Array(memory.buffer, from, bytes / 4);
  return new Promise((resolve) => {
    const next = (done: number): void => {
      if (done >= bytes) {
        resolve();
        return;
      }
      soon(() => {
        const end = Math.min(done + CHUNK, bytes);
        // A plain store could undo another thread's; reading alone would map the page of zeros that all share.
        for (let at = done; at < end; at += OS_PAGE) Atomics.add(words, at / 4, 0);
        next(end);
      });
    };
    next(0);
  });
}
