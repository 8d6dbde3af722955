/** Why a recorded configuration has no counterpart in our API. */
export class Unsayable {
  constructor(readonly reason: string) {}
}

/** Callbacks that a configuration may need; the runner records what they are told. */
export interface Hooks {
  changeTop(root: bigint, mode: number): void;
  syncForDevice(paddr: number, bytes: number): void;
}
