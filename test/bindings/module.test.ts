// The core as a module of the caller's: compiled aside, from a file, in the right and in the wrong form for the memory.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { armLpaeS1, compileCore, IoPageTable, type IoPgtableError, Prot, TableMemory } from "../../bindings/index.js";

const CORE = readFileSync(new URL("../../build/core.wasm", import.meta.url));

function tryOut(memory: TableMemory): number | null {
  const flush = { flushAll() {}, flushWalk() {}, flushRange() {} };
  const table = new IoPageTable(memory, { format: armLpaeS1({ ias: 39, oas: 40 }), flush });
  table.map(0x1000, 0x8000_0000, 0x1000, Prot.READ);
  const paddr = table.iovaToPhys(0x1123);
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
  return paddr;
}

function refused(make: () => unknown): Pick<IoPgtableError, "code" | "message"> {
  try {
    make();
  } catch (error) {
    return error as IoPgtableError;
  }
  throw new Error("it was accepted");
}

const BYTES = 2 ** 20;

describe("compileCore", () => {
  test.each([true, false])("makes a module for memory that is shared: %s", async (shared) => {
    const module = await compileCore({ shared });
    expect(tryOut(TableMemory.create({ bytes: BYTES, shared, module }))).toBe(0x8000_0123);
    // A module may serve many memories.
    expect(tryOut(TableMemory.create({ bytes: BYTES, shared, module }))).toBe(0x8000_0123);
  });

  test("takes the bytes of the file in any form, and does not change them", async () => {
    const before = Uint8Array.from(CORE);
    const response = new Response(Uint8Array.from(CORE));
    for (const source of [
      CORE,
      Uint8Array.from(CORE).buffer,
      response,
      Promise.resolve(new Response(Uint8Array.from(CORE))),
    ]) {
      const module = await compileCore({ source, shared: false });
      expect(tryOut(TableMemory.create({ bytes: BYTES, shared: false, module }))).toBe(0x8000_0123);
    }
    expect(Uint8Array.from(CORE)).toEqual(before);
  });

  test("rejects what is not the core", async () => {
    const other = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    await expect(compileCore({ source: other })).rejects.toMatchObject({ code: "EINVAL" });
  });
});

describe("a module", () => {
  test("of the file itself is for shared memory", () => {
    const module = new WebAssembly.Module(CORE);
    expect(tryOut(TableMemory.create({ bytes: BYTES, shared: true, module }))).toBe(0x8000_0123);
    const { code, message } = refused(() => TableMemory.create({ bytes: BYTES, shared: false, module }));
    expect(code).toBe("EINVAL");
    expect(message).toContain("core-unshared.wasm");
  });

  test("goes with a memory of the caller's that has a maximum", async () => {
    const module = await compileCore({ shared: false });
    const windows = [{ offset: 0, bytes: 65536, physBase: 0 }];
    const limited = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    const format = armLpaeS1({ ias: 39, oas: 40 });
    const table = IoPageTable.open(TableMemory.over(limited, { windows, module }), { format, root: 0 });
    expect(table.iovaToPhys(0)).toBeNull();
    const unlimited = new WebAssembly.Memory({ initial: 1 });
    expect(refused(() => TableMemory.over(unlimited, { windows, module })).code).toBe("EINVAL");
  });

  test("of something else is refused, and so is what is no module", () => {
    const other = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    expect(refused(() => TableMemory.create({ module: other })).message).toContain("not this package's core");
    const wrong: unknown = "core.wasm";
    expect(refused(() => TableMemory.create({ module: wrong as WebAssembly.Module })).code).toBe("EINVAL");
  });

  test("goes along with the handle of a memory, so that a worker does not compile", () => {
    const memory = TableMemory.create({ bytes: BYTES, shared: true });
    const compiled = { count: 0 };
    const { Module } = WebAssembly;
    WebAssembly.Module = new Proxy(Module, {
      construct(target, args): WebAssembly.Module {
        compiled.count++;
        return Reflect.construct(target, args) as WebAssembly.Module;
      },
    });
    try {
      expect(tryOut(TableMemory.attach(structuredClone(memory.share())))).toBe(0x8000_0123);
    } finally {
      WebAssembly.Module = Module;
    }
    expect(compiled.count).toBe(0);
  });
});
