import type { Configuration } from "../../configurations/configuration.js";
import type { Span } from "../tables/model.js";
import { X86_QEMU } from "../walkers/q35.js";
import { GUEST_SLOT, X86 } from "../walkers/x86.js";
import { configurationOf } from "./configurations.js";
import { ALL, X86 as PROTS } from "./prots.js";
import { isSignless, signExtended } from "./signs.js";
import { walkerSuite } from "./walkerSuite.js";

const CONFIGURATIONS = [
  [4, ["x86-64, lower half", "x86-64, 48 bits signed", "x86-64, not coherent"]],
  [5, ["x86-64, 57 bits signed", "x86-64, 56 bits"]],
] as const;

/** What the root's slot covers that the guest needs for itself, at the addresses that the table has for it. */
function guestSpan(levels: number, configuration: Configuration): Span {
  const bits = 12 + 9 * levels;
  const slot = BigInt(bits - 9);
  const iova = BigInt(GUEST_SLOT) << slot;
  return { iova: isSignless(configuration) ? iova : BigInt.asUintN(64, BigInt.asIntN(bits, iova)), size: 1n << slot };
}

for (const [levels, names] of CONFIGURATIONS) {
  const plan = { walker: `x86-64 CPU, ${levels} levels`, program: X86_QEMU, start: () => X86.start(levels) };
  walkerSuite({ ...plan, probes: 1500, rounds: 3 }, (add) => {
    for (const name of names) {
      const configuration = configurationOf(name);
      // A table without signs has the upper half of the CPU's addresses above the lower one.
      add<{ cr3: bigint; levels: number }>({
        configuration,
        prots: PROTS,
        accesses: ALL,
        program: (cpu, registers) => cpu.program(registers),
        taken: guestSpan(levels, configuration),
        ...(isSignless(configuration) ? { outside: false, addressOf: signExtended(configuration.ias) } : {}),
      });
    }
  });
}
