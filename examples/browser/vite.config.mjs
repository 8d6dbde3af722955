// Shared memory, and so workers on one table, needs a page that is isolated: these two headers make it so. PLAIN=1 leaves them out.
const isolated = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const headers = process.env.PLAIN === undefined ? isolated : {};

export default {
  server: { headers },
  preview: { headers },
  build: { target: "es2022" },
  worker: { format: "es" },
};
