import { expect } from "vitest";
import { type ErrorCode, IoPgtableError } from "../../../bindings/index.js";

/** The error that `action` throws; fails unless it is an IoPgtableError of one of `codes`. */
export function failureOf(action: () => unknown, ...codes: ErrorCode[]): IoPgtableError {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(IoPgtableError);
  const failure = thrown as IoPgtableError;
  expect(codes, failure.message).toContain(failure.code);
  return failure;
}

/** What `action` returned, or the code it failed with. Anything but an IoPgtableError is a defect and passes on. */
export function outcomeOf<T>(action: () => T): { value: T } | { code: ErrorCode } {
  try {
    return { value: action() };
  } catch (error) {
    if (error instanceof IoPgtableError) return { code: error.code };
    throw error;
  }
}
