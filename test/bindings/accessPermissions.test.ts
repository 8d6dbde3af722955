// What an access of each kind and privilege may do, where the architecture's rule is not the obvious one.
import { describe, expect, it } from "vitest";
import { Access, armLpaeS1, Fault, riscv } from "../../bindings/index.js";
import { Prot } from "../../bindings/prot.js";
import { useTable } from "./support/fixture.js";

const PADDR = 0x8000_0000;
const { READ, WRITE, NOEXEC, PRIV } = Prot;
const KINDS = { r: Access.READ, w: Access.WRITE, x: Access.EXECUTE };

/** The kinds that are allowed: of the user, then of the privileged. */
function allowed(format: Parameters<typeof useTable>[0], prot: number): string {
  let text = "";
  useTable(format, ({ table }) => {
    table.map(0, PADDR, 0x1000, prot);
    const may = (privilege: number) =>
      Object.entries(KINDS)
        .filter(([, kind]) => table.access(0, kind | privilege) !== -Fault.PERMISSION)
        .map(([name]) => name)
        .join("");
    text = `${may(0)} ${may(Access.PRIV)}`;
  });
  return text;
}

describe("Arm stage 1 (DDI 0487, D8.4.1)", () => {
  it.each([
    // EL1 never executes what EL0 may write.
    [READ | WRITE, "rwx rw"],
    [READ, "rx rx"],
    // Without AP[1] EL0 has no data, and executes all the same.
    [READ | WRITE | PRIV, "x rwx"],
    [READ | PRIV, "x rx"],
    [READ | WRITE | NOEXEC, "rw rw"],
    [READ | PRIV | NOEXEC, " r"],
  ])("protection %i allows %s", (prot, kinds) => {
    expect(allowed(armLpaeS1({ ias: 48, oas: 48 }), prot)).toBe(kinds);
  });
});

describe("RISC-V", () => {
  it.each([
    [READ | WRITE, "rwx rw"],
    [READ | NOEXEC, "r r"],
  ])("protection %i allows %s: a supervisor executes nothing of the user's", (prot, kinds) => {
    expect(allowed(riscv({ ias: 48, oas: 56 }), prot)).toBe(kinds);
  });
});
