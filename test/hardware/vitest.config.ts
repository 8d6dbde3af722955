import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../../", import.meta.url)),
    include: ["test/hardware/suites/*.hardware.ts"],
    testTimeout: 600_000,
    hookTimeout: 60_000,
    // Each walker is a process of its own, and ends with the one that started it. Half of the time one waits for the other.
    pool: "forks",
    maxWorkers: availableParallelism(),
  },
});
