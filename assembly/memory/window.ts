// Physical addresses and where they lie in this memory. RAM may have holes: the window that answered last stands in globals, and a miss asks the
// bindings, which know them all, for another one.

/** Finds the window that holds [paddr, paddr+bytes), makes it the current one through `setWindow` and returns 1; 0 when there is none. */
declare function otherWindow(paddr: f64, bytes: u32): u32;
/** The same for the window that holds an offset; pages in use always lie in one. */
declare function otherWindowAt(offset: u32): void;

let physBase: u64 = 0;
let windowBytes: u64 = 0;
let windowOffset: u32 = 0;

export class Window {
  /** No table can be here: tables are aligned to 64 bytes at least. */
  static readonly OUTSIDE: u32 = 0xffff_ffff;

  /** The offset of the `bytes` bytes at `paddr`, or OUTSIDE. */
  @inline static resolve(paddr: u64, bytes: u32): u32 {
    const at = paddr - physBase;
    if (at < windowBytes && at + <u64>bytes <= windowBytes) return windowOffset + <u32>at;
    return Window.elsewhere(paddr, bytes);
  }

  static elsewhere(paddr: u64, bytes: u32): u32 {
    if (otherWindow(<f64>paddr, bytes) == 0) return Window.OUTSIDE;
    return windowOffset + <u32>(paddr - physBase);
  }

  /** The physical address of a page that is in use. */
  @inline static paddr(offset: u32): u64 {
    if (<u64>(offset - windowOffset) >= windowBytes) otherWindowAt(offset);
    return <u64>(offset - windowOffset) + physBase;
  }
}

/** Make a window the current one. */
export function setWindow(offset: u32, bytes: f64, paddr: f64): void {
  windowOffset = offset;
  windowBytes = <u64>bytes;
  physBase = <u64>paddr;
}
