// Loading the wasm core: one module for each way to declare its memory, one instance per memory and realm.
import type { Core, CoreImports } from "./core.js";
import { IoPgtableError } from "./errors.js";
import { CORE_LATIN1 } from "./generated/coreBytes.js";
import { show } from "./numbers.js";

/** The three ways in which the core's import can declare its memory; wasm wants the declaration to match the memory. */
type MemoryKind = "shared" | "limited" | "unlimited";

/** An instance, and the module that it is of. */
export interface LoadedCore {
  readonly core: Core;
  readonly module: WebAssembly.Module;
}

const modules = new Map<MemoryKind, WebAssembly.Module>();

/** Exports that no other module has together. */
const EXPORTS: readonly string[] = ["planMap", "attachRealm", "eventsOffset"];

/** Instantiate the core over a memory. Synchronous; the first call in a realm compiles (about 2 ms), later ones do not. */
export function instantiate(memory: WebAssembly.Memory, imports: CoreImports, own?: WebAssembly.Module): LoadedCore {
  const link = (module: WebAssembly.Module): LoadedCore => {
    const instance = new WebAssembly.Instance(module, {
      env: { memory },
      window: { otherWindow: imports.otherWindow, otherWindowAt: imports.otherWindowAt },
      held: { isHeld: imports.isHeld },
    });
    return { core: instance.exports as unknown as Core, module };
  };
  if (own !== undefined) return link(own);
  const shared = typeof SharedArrayBuffer !== "undefined" && memory.buffer instanceof SharedArrayBuffer;
  if (shared) return link(moduleFor("shared"));
  try {
    return link(moduleFor("limited"));
  } catch (error) {
    // A memory without a maximum cannot be told from one with, except by trying.
    if (error instanceof WebAssembly.LinkError) return link(moduleFor("unlimited"));
    throw error;
  }
}

/** A module of the caller's. @throws IoPgtableError EINVAL for anything that is not the core */
export function checkModule(x: unknown, operation: string): WebAssembly.Module | undefined {
  if (x === undefined) return undefined;
  if (!(x instanceof WebAssembly.Module)) {
    throw new IoPgtableError("EINVAL", operation, `module is ${show(x)}; give a WebAssembly.Module`);
  }
  const names = new Set(WebAssembly.Module.exports(x).map(({ name }) => name));
  if (EXPORTS.every((name) => names.has(name))) return x;
  throw new IoPgtableError("EINVAL", operation, "the module is not this package's core; compile io-pgtable/core.wasm");
}

/** Why a module of the caller's does not go with a memory. */
export function mismatch(error: unknown, shared: boolean, operation: string): IoPgtableError {
  const [kind, file] = shared ? ["shared", "core.wasm"] : ["unshared", "core-unshared.wasm"];
  const why = `the module does not go with ${kind} memory (${String(error)})`;
  return new IoPgtableError("EINVAL", operation, `${why}; compile io-pgtable/${file}, or let compileCore do it`);
}

/**
 * Compile the core without blocking the thread, for `TableMemory.create({ module })`: a page may want that, since compiling takes a few
 * milliseconds. Everything else is synchronous, and works without this too.
 * @param options.source the bytes of core.wasm, or a promise of a response that has them; default the bytes that the package embeds
 * @param options.shared whether for shared memory; default where the environment has it, as `TableMemory.create`
 * @throws IoPgtableError EINVAL for bytes that are not the core (as a rejection)
 *
 * @example
 * ```ts
 * const memory = TableMemory.create({ module: await compileCore() });
 * ```
 */
export async function compileCore(
  options: { source?: BufferSource | Response | Promise<Response>; shared?: boolean } = {},
): Promise<WebAssembly.Module> {
  const { shared = typeof SharedArrayBuffer !== "undefined" } = options;
  const source = await options.source;
  const bytes = source === undefined ? coreBytes() : await bytesOf(source);
  return WebAssembly.compile(declareMemory(bytes, shared ? "shared" : "limited"));
}

async function bytesOf(source: BufferSource | Response): Promise<Uint8Array<ArrayBuffer>> {
  if (source instanceof ArrayBuffer) return new Uint8Array(source.slice(0));
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice();
  }
  return new Uint8Array(await source.arrayBuffer());
}

function moduleFor(kind: MemoryKind): WebAssembly.Module {
  const known = modules.get(kind);
  if (known !== undefined) return known;
  const module = new WebAssembly.Module(declareMemory(coreBytes(), kind));
  modules.set(kind, module);
  return module;
}

/** The core's bytes, of which the text has one in each character. */
function coreBytes(): Uint8Array<ArrayBuffer> {
  if (typeof Buffer !== "undefined") return new Uint8Array(Buffer.from(CORE_LATIN1, "latin1"));
  const bytes = new Uint8Array(CORE_LATIN1.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = CORE_LATIN1.charCodeAt(i);
  return bytes;
}

/** How the module names its memory import and begins to declare it: as memory, in an environment that a flag and limits follow. */
const MEMORY_IMPORT: readonly number[] = [3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2];
/** Flag, minimum and maximum: 1 to 65536 pages. Without a maximum, its three bytes are taken up by a longer encoding of the same minimum. */
const LIMITS: Readonly<Record<MemoryKind, readonly number[]>> = {
  shared: [3, 1, 0x80, 0x80, 4],
  limited: [1, 1, 0x80, 0x80, 4],
  unlimited: [0, 0x81, 0x80, 0x80, 0],
};

/** Change how the module declares its memory import. It is built as shared. */
function declareMemory(bytes: Uint8Array<ArrayBuffer>, kind: MemoryKind): Uint8Array<ArrayBuffer> {
  const at = findBytes(bytes, MEMORY_IMPORT);
  if (at < 0) {
    throw new IoPgtableError(
      "EINVAL",
      "compileCore",
      "the bytes are not this package's core; give io-pgtable/core.wasm",
    );
  }
  bytes.set(LIMITS[kind], at + MEMORY_IMPORT.length);
  return bytes;
}

function findBytes(bytes: Uint8Array, wanted: readonly number[]): number {
  for (let i = 0; i + wanted.length <= bytes.length; i++) {
    if (wanted.every((byte, k) => bytes[i + k] === byte)) return i;
  }
  return -1;
}
