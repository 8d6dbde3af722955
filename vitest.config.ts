import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "threads",
    // Vitest leaves one core to itself otherwise, which is half of a small machine.
    maxWorkers: "100%",
  },
});
