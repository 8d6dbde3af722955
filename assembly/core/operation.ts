// An operation as the list of formats dispatches it, and what the operation that is running has to remember.
import { Format } from "../format/format";
import { Shared } from "../memory/superblock";
import { Table } from "./table";

/**
 * Base of all operations. `run` is generic: each subclass has its own of the same name, chosen at compile time together with the format, so that
 * one switch (`withFormat` in formats.ts) serves them all.
 */
export abstract class Operation {
  run<_F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    return -1;
  }
}

/** State of the running operation. A realm runs one at a time. */
export class Op {
  @inline static begin(): void {
    birth = 0;
    pages = 0;
    removed = 0;
    status = 0;
  }

  /** The bits of the table's addresses that are address: all but an encryption bit. Set on the way into every operation. */
  @inline static get addressMask(): u64 {
    return addressMask;
  }
  @inline static use(mask: u64): void {
    addressMask = mask;
  }

  /** The number that marks tables made by this operation; taken when the first one is. */
  @inline static get birth(): u32 {
    // Odd, and hence not 0, and no other's: with the last bit set instead, two operations in a row had one number.
    if (birth == 0) birth = (Shared.next() << 1) | 1;
    return birth;
  }
  /** Go on as the operation with this number. */
  @inline static resumeAs(number: u32): void {
    birth = number;
  }
  @inline static get birthSoFar(): u32 {
    return birth;
  }
  @inline static bornHere(recordBirth: u32): bool {
    return birth != 0 && recordBirth == birth;
  }
  /** Table objects made, less those dropped unseen. */
  @inline static made(change: i32): void {
    pages += change;
  }
  /** Book the pages made so far. */
  @inline static book(): void {
    if (pages != 0) {
      Shared.count(pages);
      pages = 0;
    }
  }
  /** Bytes unmapped so far. */
  @inline static get removed(): u64 {
    return removed;
  }
  @inline static remove(bytes: u64): void {
    removed += bytes;
  }
  /** Where it stopped, and why. */
  @inline static stop(why: i32, va: u64): i32 {
    status = why;
    at = va;
    return why;
  }
  @inline static get status(): i32 {
    return status;
  }
  @inline static get at(): u64 {
    return at;
  }
}

let addressMask: u64 = <u64>-1;
let birth: u32 = 0;
let pages: i32 = 0;
let removed: u64 = 0;
let status: i32 = 0;
let at: u64 = 0;
