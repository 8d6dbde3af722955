// Every method, every parameter, every bad value, on every configuration: the typed error or the documented result, and a
// table that is to the letter what it was.
import { describe, expect, it } from "vitest";
import { type Format, type IoPageTable, IoPgtableError, Prot } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { smallestPage } from "../../configurations/geometry.js";
import { SHAPES } from "../../configurations/list.js";
import { type Fixture, useTable } from "../support/fixture.js";
import { callWith, type Method, methods } from "./methods.js";
import { type BadValue, badValues, type Kind } from "./values.js";

/** A reading call has an answer for any byte; these accept what a change would refuse. */
const READS = new Set<keyof IoPageTable>(["iovaToPhys", "iovaToPhys64", "access", "walk", "mappings"]);

function applies(method: Method, { says, value }: BadValue): boolean {
  if (!READS.has(method.name)) return true;
  if (says === "misaligned") return false;
  if (method.name === "mappings" && value === undefined) return false;
  // The hot path takes numbers alone.
  return !(method.name === "access" && typeof value === "bigint" && value >= 0n && value < 2n ** 64n);
}

function state({ table, memory }: Fixture<unknown>) {
  return { dump: table.dump(), stats: table.stats(), memory: memory.stats() };
}

function populate(c: Configuration, table: IoPageTable): void {
  const page = Number(smallestPage(c));
  table.map(c.base, 0, page, Prot.READ);
  table.map(c.base + BigInt(8 * page), page, 4 * page, Prot.READ | Prot.WRITE);
}

function isAddress(kind: Kind): boolean {
  return kind === "iova" || kind === "paddr";
}

function checkThrown(method: Method, kind: Kind, { value, form, codes }: BadValue, failure: IoPgtableError): void {
  expect(codes, failure.message).toContain(failure.code);
  expect(failure.operation).toBe(method.name);
  const whole = typeof value === "bigint" || Number.isInteger(value);
  if (isAddress(kind) && whole && Number(value) >= 0) {
    expect(failure.message.toLowerCase()).toContain(`0x${BigInt(value as bigint).toString(16)}`);
  }
  if (kind === "iova" && form === "unfit") expect(failure.iova).toBe(BigInt(value as bigint));
}

function checkResult(method: Method, { codes }: BadValue, result: unknown): void {
  if (method.refuses === "map result") {
    expect(result).toMatchObject({ mapped: 0 });
    expect(codes).toContain((result as { error: unknown }).error);
  } else if (method.refuses === "nothing unmapped") expect(result).toBe(0);
  else if (method.name === "access") expect(result).toBeLessThan(0);
  else expect(result).toBeNull();
}

function attempt(act: () => unknown): { result: unknown } | { failure: IoPgtableError } {
  try {
    return { result: act() };
  } catch (error) {
    if (error instanceof IoPgtableError) return { failure: error };
    throw error;
  }
}

function checkOne(fixture: Fixture<unknown>, method: Method, position: number, bad: BadValue): void {
  const args = method.parameters.map(({ good }, index) => (index === position ? bad.value : good));
  const before = state(fixture);
  const kind = method.parameters[position]?.kind ?? "iova";
  const outcome = attempt(() => callWith(fixture.table, method.name, args));
  if (bad.form === "malformed" || method.refuses === "throws") expect(outcome).toHaveProperty("failure");
  if (bad.form === "unfit" && method.refuses !== "throws") expect(outcome).toHaveProperty("result");
  if ("failure" in outcome) checkThrown(method, kind, bad, outcome.failure);
  else checkResult(method, bad, outcome.result);
  expect(state(fixture)).toEqual(before);
  expect(fixture.journal.take()).toEqual([]);
}

describe.each(SHAPES)("bad input, $name", (configuration) => {
  const format: Format = configuration.format();

  it.each(methods(configuration))("$name", (method) => {
    useTable(configuration.format(), (fixture) => {
      populate(configuration, fixture.table);
      fixture.journal.take();
      method.parameters.forEach(({ kind }, position) => {
        for (const bad of badValues(configuration, kind)) {
          if (!applies(method, bad)) continue;
          try {
            checkOne(fixture, method, position, bad);
          } catch (error) {
            const where = `${format.name}: ${String(method.name)}, parameter ${position} (${kind}) is ${bad.says}`;
            throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
          }
        }
      });
    });
  });

  it("takes the good arguments that the bad ones are held against", () => {
    for (const method of methods(configuration)) {
      useTable(configuration.format(), ({ table }) => {
        populate(configuration, table);
        const good = method.parameters.map(({ good }) => good);
        expect(() => callWith(table, method.name, good)).not.toThrow(IoPgtableError);
      });
    }
  });
});
