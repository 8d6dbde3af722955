import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { UnusableInput } from "./unusableInput.js";

export type ReadProgress = (bytesRead: number, bytesTotal: number) => void;

/** No line of a record comes near it: what has none shorter is no text. */
const LONGEST_LINE = 1 << 20;
const GZIP_MAGIC = [0x1f, 0x8b];

function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return "no such file";
  if (code === "EISDIR") return "is a directory";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  const message = error instanceof Error ? error.message : String(error);
  return code.startsWith("Z_") ? `damaged gzip data (${message})` : message;
}

/** The file's bytes, decompressed where its content is gzip, whatever its name. */
async function* contents(file: string, progress: ReadProgress): AsyncGenerator<Buffer> {
  const { size } = await stat(file);
  const head: Buffer[] = [];
  for await (const chunk of createReadStream(file, { end: GZIP_MAGIC.length - 1 })) head.push(chunk);
  const isGzip = Buffer.concat(head).equals(Buffer.from(GZIP_MAGIC));

  const stream = createReadStream(file, { highWaterMark: 1 << 18 });
  let read = 0;
  stream.on("data", (chunk) => {
    read += chunk.length;
    progress(read, size);
  });
  if (!isGzip) {
    yield* stream;
    return;
  }
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  stream.on("error", (error) => gunzip.destroy(error));
  try {
    yield* stream.pipe(gunzip);
  } finally {
    stream.destroy();
  }
}

/** Lines in batches, because one asynchronous step per line would cost more than the line. */
export async function* lineBatches(file: string, progress: ReadProgress): AsyncGenerator<string[]> {
  let rest = "";
  for await (const chunk of readChunks(file, progress)) {
    const lines = (rest + chunk.toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE) throw new UnusableInput(file, "no text: a line of more than 1 MiB");
    yield lines;
  }
  if (rest !== "") yield [rest];
}

/** The whole content as one text, for the files that are one document. */
export async function readText(file: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of readChunks(file, () => {})) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

export async function* readChunks(file: string, progress: ReadProgress): AsyncGenerator<Buffer> {
  const source = contents(file, progress);
  while (true) {
    const step = await source.next().catch((error: unknown) => {
      throw new UnusableInput(file, reason(error));
    });
    if (step.done) return;
    yield step.value;
  }
}
