import { type ErrorCode, IoPgtableError } from "../../../bindings/index.js";

/** The code of a typed error; anything else passes on. */
export function codeOf(run: () => void): ErrorCode | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof IoPgtableError) return error.code;
    throw error;
  }
}
