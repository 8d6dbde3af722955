import { type ArmLpaeS1Registers, armLpaeS1, IoPageTable, Prot, type TableMemory } from "../../bindings/index.js";
import type { RawTables } from "../harness/tableReader.js";
import { BigIntLpae } from "../peers/bigintLpae.js";
import { PHYS_BASE } from "../peers/peer.js";
import * as arena from "../peers/tableArena.js";
import { TypedArrayLpae } from "../peers/typedArrayLpae.js";
import { FlushCounter } from "./flushCounter.js";

// In a shared memory, as ours are: what a device or a worker is to see must lie in one.
arena.placeTables(new SharedArrayBuffer(arena.ARENA_BYTES));

/** What every contender maps with. */
export const PROT: number = Prot.READ | Prot.WRITE | Prot.CACHE | Prot.NOEXEC;

/** Room for the tables of any case here. */
const BIGINT_TABLES = 1024;

/** 48-bit ARM LPAE stage 1 with the 4K granule, as all contenders are. */
export function ourTable(memory: TableMemory, pageSizes: readonly number[]): IoPageTable<ArmLpaeS1Registers> {
  return new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48, pageSizes }), flush: new FlushCounter() });
}

export function typedArrayTable(pageSizes: readonly number[], keepEmptyTables = false): TypedArrayLpae {
  return new TypedArrayLpae({ pageSizes, keepEmptyTables, flush: new FlushCounter() });
}

export function bigintTable(pageSizes: readonly number[], keepEmptyTables = false): BigIntLpae {
  return new BigIntLpae(BIGINT_TABLES, { pageSizes, keepEmptyTables, flush: new FlushCounter() });
}

export function rawTablesOfOurs(memory: TableMemory, table: IoPageTable<ArmLpaeS1Registers>): RawTables {
  return { buffer: memory.buffer, physBase: memory.physBase, rootPaddr: Number(table.registers.ttbr) };
}

export function rawTablesOfTypedArrays(table: TypedArrayLpae): RawTables {
  return { buffer: arena.arenaBuffer(), physBase: PHYS_BASE, rootPaddr: table.rootPaddr };
}

export function rawTablesOfBigint(table: BigIntLpae): RawTables {
  return { buffer: table.buffer, physBase: PHYS_BASE, rootPaddr: table.rootPaddr };
}

/** Called when all tables of an operation are destroyed. */
export function refuseLeaks(memory: TableMemory): void {
  const { tablePagesInUse } = memory.stats();
  if (tablePagesInUse !== 0) throw new Error(`${tablePagesInUse} table pages are still in use`);
  if (arena.tablesInUse() !== 0) throw new Error(`${arena.tablesInUse()} tables of the arena are still in use`);
}
