// What a GPU driver does for a sparse texture of 100 MB: address space that reads zeroes, tiles that become resident and go again, an alias, an eviction.
// The GPU is a Mali with a command-stream frontend; it locks what changes, and is told what to forget.
import {
  armLpaeS1,
  GpuVm,
  IoPageTable,
  lockedRegion,
  maliCsfRegisters,
  Prot,
  SegmentList,
  TableMemory,
} from "io-pgtable";

/** @typedef {import("io-pgtable").GpuObject} GpuObject */
/** @typedef {import("io-pgtable").GpuVmRequest} GpuVmRequest */
/** @typedef {import("io-pgtable").GpuVmStep} GpuVmStep */

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const TILE = 64 * KIB; // Vulkan's standard sparse block
const TILES = Math.ceil(100e6 / TILE);
const TEXTURE = 2 ** 32;
const ALIAS = 2 ** 33;
const RW = Prot.READ | Prot.WRITE;
const hex = (/** @type {number | bigint} */ x) => `0x${x.toString(16)}`;

// The GPU's TLB counts what it is told to forget.
const told = { calls: 0, bytes: 0 };
const forget = (/** @type {number} */ _iova, /** @type {number} */ size) => {
  told.calls++;
  told.bytes += size;
};
const flush = { flushAll: () => {}, flushWalk: forget, flushRange: forget };

const memory = TableMemory.create({ bytes: 16 * MIB });
const table = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 40, coherentWalk: false }), flush });
const vm = new GpuVm(table);
const { memattr, transcfg } = maliCsfRegisters(table.registers);
console.log(`MEMATTR ${hex(memattr)}, TRANSCFG ${hex(transcfg)}, and TRANSTAB is the root table`);

/** Says what was done: the steps by kind, the flushes, and what the table is now. @param {string} what @param {readonly GpuVmStep[]} [steps] */
function report(what, steps = []) {
  /** @type {Record<string, number>} */
  const kinds = {};
  for (const step of steps) {
    const kind = step.step === "unmap" && step.kept ? "unmap (kept)" : step.step;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  const { tablePages, mappedBytes } = table.stats();
  console.log(what);
  console.log(
    `  steps: ${
      Object.entries(kinds)
        .map(([kind, n]) => `${n} ${kind}`)
        .join(", ") || "none"
    }`,
  );
  console.log(
    `  ${told.calls} flushes of ${told.bytes / KIB} KiB; now ${mappedBytes / KIB} KiB in ${tablePages} table pages`,
  );
  told.calls = 0;
  told.bytes = 0;
}

/** Memory that was allocated in pieces: of each 256 KiB, 192 are ours. @param {number} base */
const heapAt = (base) => {
  return new SegmentList(Array.from({ length: 256 }, (_, i) => ({ paddr: base + i * 256 * KIB, size: 192 * KIB })));
};
const zeroes = { segments: [{ paddr: 0x8_0000_0000, size: 2 * MIB }] };
const heap = { segments: heapAt(0x9_0000_0000) };

/** A tile of the texture shows one of the heap. @param {number} tile @param {number} place @returns {GpuVmRequest} */
const resident = (tile, place) => {
  const iova = TEXTURE + tile * TILE;
  return { request: "bind", iova, size: TILE, object: heap, offset: place * TILE, prot: RW };
};
/** A tile reads zeroes. @param {number} tile @returns {GpuVmRequest} */
const absent = (tile) => ({ request: "bindSparse", iova: TEXTURE + tile * TILE, size: TILE, dummy: zeroes });

/** The life of a VM_BIND: the ioctl prepares; the job locks the range, commits and unlocks. @param {string} what @param {GpuVmRequest[]} requests */
function submit(what, requests) {
  const update = vm.prepare(requests);
  const { touched, tablePages, steps } = update;
  if (touched !== null) {
    const lock = lockedRegion(touched.iova, touched.size);
    console.log(`lock ${hex(lock.iova)}, ${lock.size / KIB} KiB; ${tablePages} table pages in hand`);
  }
  update.commit();
  report(what, steps);
}

report(`the texture: ${TILES} tiles that read zeroes`, vm.bindSparse(TEXTURE, TILES * TILE, zeroes));

const places = Array.from({ length: 256 }, (_, i) => (i * 7) % 256);
submit(
  "256 tiles become resident, from all over the heap",
  places.map((place, i) => resident(600 + i, place)),
);
submit("the view moves: 64 tiles go, 64 come in their places", [
  ...places.slice(0, 64).map((_, i) => absent(600 + i)),
  ...places.slice(0, 64).map((place, i) => resident(856 + i, place)),
]);

const iova = TEXTURE + 900 * TILE;
const offset = vm.find(iova)?.offset ?? 0;
report("one tile is bound as it is", vm.bind({ iova, size: TILE, object: heap, offset, prot: RW }));
report("an alias: 16 MiB of the heap", vm.bind({ iova: ALIAS, size: 16 * MIB, object: heap, prot: Prot.READ }));

vm.invalidate(heap);
report("the heap is evicted");
console.log(`  tile 700 translates to ${table.iovaToPhys(TEXTURE + 700 * TILE)}; tile 0 reads zeroes still`);
heap.segments = heapAt(0xa_0000_0000);
vm.revalidate(heap);
report("it is back, elsewhere");
console.log(`  tile 700 translates to ${hex(table.iovaToPhys(TEXTURE + 700 * TILE) ?? 0)}`);

report("all tiles go", vm.bindSparse(TEXTURE, TILES * TILE, zeroes));
report("and the alias, which is the heap's last mapping", vm.unbindObject(heap));
report("and the texture", vm.unbind(TEXTURE, TILES * TILE));
table.destroy();
console.log("table pages in use:", memory.stats().tablePagesInUse);

// Prints:
//   MEMATTR 0x4c4c4c4c8c4c8f4c, TRANSCFG 0x420001c6, and TRANSTAB is the root table
//   the texture: 1526 tiles that read zeroes
//     steps: 1 map
//     0 flushes of 0 KiB; now 97664 KiB in 4 table pages
//   lock 0x102000000, 32768 KiB; 9 table pages in hand
//   256 tiles become resident, from all over the heap
//     steps: 256 remap, 256 map
//     256 flushes of 34240 KiB; now 97664 KiB in 13 table pages
//   lock 0x102000000, 32768 KiB; 2 table pages in hand
//   the view moves: 64 tiles go, 64 come in their places
//     steps: 64 unmap, 128 map, 64 remap
//     68 flushes of 14208 KiB; now 97664 KiB in 13 table pages
//   one tile is bound as it is
//     steps: 1 unmap (kept), 1 map
//     0 flushes of 0 KiB; now 97664 KiB in 13 table pages
//   an alias: 16 MiB of the heap
//     steps: 1 map
//     0 flushes of 0 KiB; now 114048 KiB in 22 table pages
//   the heap is evicted
//     steps: none
//     4 flushes of 1064960 KiB; now 81280 KiB in 6 table pages
//     tile 700 translates to null; tile 0 reads zeroes still
//   it is back, elsewhere
//     steps: none
//     0 flushes of 0 KiB; now 114048 KiB in 22 table pages
//     tile 700 translates to 0xa00fa0000
//   all tiles go
//     steps: 66 unmap (kept), 256 unmap, 1 map
//     5 flushes of 20480 KiB; now 114048 KiB in 13 table pages
//   and the alias, which is the heap's last mapping
//     steps: 1 unmap
//     1 flushes of 1048576 KiB; now 97664 KiB in 4 table pages
//   and the texture
//     steps: 1 unmap
//     1 flushes of 536870912 KiB; now 0 KiB in 1 table pages
//   table pages in use: 0
