// A driver's own books, kept by nothing but the steps that it is told: each step has to fit what the steps before it left.
import { expect } from "vitest";
import type { GpuMapping, GpuVmStep } from "../../bindings/index.js";

export class DriverBooks {
  readonly #mappings = new Set<GpuMapping>();

  /** What the steps of one request do; `most` of each kind that it may have. */
  apply(steps: readonly GpuVmStep[]): void {
    for (const step of steps) {
      if (step.step === "map") this.#enter(step.mapping);
      else if (step.step === "unmap") this.#strike(step.mapping);
      else {
        this.#strike(step.unmapped);
        const parts = [step.before, step.after].filter((part) => part !== null);
        expect(parts.length).toBeGreaterThan(0);
        for (const part of parts) this.#enter(part);
      }
    }
  }

  /** Whether they hold just these mappings: the very same objects. */
  check(mappings: readonly GpuMapping[]): void {
    expect(mappings.length).toBe(this.#mappings.size);
    for (const mapping of mappings) expect(this.#mappings.has(mapping)).toBe(true);
  }

  #enter(mapping: GpuMapping): void {
    expect(this.#mappings.has(mapping)).toBe(false);
    this.#mappings.add(mapping);
  }

  #strike(mapping: GpuMapping): void {
    expect(this.#mappings.delete(mapping)).toBe(true);
  }
}

/** At most two remaps and one map, and the map last. */
export function checkBindSteps(steps: readonly GpuVmStep[]): void {
  expect(steps.filter(({ step }) => step === "remap").length).toBeLessThanOrEqual(2);
  expect(steps.filter(({ step }) => step === "map").length).toBe(1);
  expect(steps.at(-1)?.step).toBe("map");
}

export function checkUnbindSteps(steps: readonly GpuVmStep[]): void {
  expect(steps.filter(({ step }) => step === "remap").length).toBeLessThanOrEqual(2);
  expect(steps.some(({ step }) => step === "map")).toBe(false);
}
