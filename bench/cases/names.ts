// What the limits and the cases call each other by.

export const MAP_POOLED = "map 1 GiB as 4K pages, tables from the pool";
export const MAP_STANDING = "map 1 GiB as 4K pages, tables standing";
export const UNMAP_PAGES = "unmap 1 GiB of 4K pages";
export const MAP_BLOCKS = "map 64 GiB as 2M leaves";
export const UNMAP_BLOCKS = "unmap 64 GiB of 2M leaves";
export const PAIR = "map and unmap one 4K page";
export const PAIR_WITH_TABLES = "map and unmap one 4K page, its tables made and freed";
export const LOOK_UP = "look up, random over 1 GiB of 4K pages";
export const ACCESS = "access() for writing, random over 1 GiB of 4K pages";

export const LIST = "map a list of 262,144 scattered 4K pages";
export const UNMAP_LIST = "unmap 262,144 scattered 4K pages";
export const MAP_FORMATS = "map 16,384 pages of each format's smallest size";

export const BIND_LARGE = "bind 64 MiB as 4K pages over nothing";
export const BIND_PAGE = "bind one 4K page over nothing";
export const REBIND_PAGE = "bind one 4K page over a sparse mapping";
export const RESIDENCY = "bind 24,415 scattered pages of a sparse resource";

export const REPEAT = "repeat 16 GiB of one 4K page";
export const PREPARED = "prepare and commit 64 MiB as 4K pages over nothing";
export const PREPARED_PAGE = "prepare and commit one 4K page over nothing";
export const REPLACE = "replace 16,384 4K pages by others";
export const PROTECT = "protect 16,384 4K pages";
export const COALESCE = "coalesce 16,384 4K pages to 2M leaves";
export const POPULATION = "map and unmap one 4K page beside what is mapped";
export const MAP_PLAIN_LIST = "map the page list of a process, 262,144 pages in 10,299 runs";
export const RECORD = "replay a kernel's calls for an NVMe disk";
export const RECORD_LOOK_UP = "look up the data accesses of xz";
export const FIRST_TOUCH = "map 1 GiB as 4K pages for the first time";
export const IMPORT = "from the import to the first table";
export const WORKERS_PAGES = "workers: map 4 GiB as 4K pages";
export const WORKERS_LIST = "workers: map lists of scattered 4K pages";
export const WORKERS_PAIR = "workers: map and unmap one 4K page";

export function bytesName(bytes: number): string {
  const unit = bytes >= 2 ** 30 ? 30 : bytes >= 2 ** 20 ? 20 : 10;
  return `${bytes / 2 ** unit} ${{ 10: "KiB", 20: "MiB", 30: "GiB" }[unit]}`;
}

/** In calls of so many bytes. */
export const sizedName = (bytes: number): string => `map ${bytesName(bytes)} a call as 4K pages`;

export const OURS = "io-pgtable";
export const TYPED_ARRAYS = "typed arrays";
export const BIGINT = "BigInt";
/** Linux's code with its flushes left to a queue: nobody is told of single pages. */
export const QUEUED = ", flush queued";
export const MEMORY_FILL = "memory.fill of the table pages";
export const MEMORY_COPY = "memory.copy of the list to the table pages";
export const EMPTY_CALL = "empty wasm call";

export const IN_MEMORY = "io-pgtable mapList(), in the memory";
export const FRAMES = "io-pgtable mapFrames(), 32 bits, in the memory";
export const COPIED = "io-pgtable mapList(), own array";
export const PAGE_BY_PAGE = "io-pgtable map(), page by page";
export const SINGLE = "io-pgtable iovaToPhys(), one by one";

export const BULK = "io-pgtable translate()";
export const BULK_COPIED = "io-pgtable translate(), own arrays";

export const BIND = "GpuVm bind()";
export const BARE_MAP = "io-pgtable map(), nothing kept";
export const ONE_PREPARE = "GpuVm prepare() of all, commit()";
export const BIND_EACH = "GpuVm bind(), page by page";

export const REPEATED = "io-pgtable mapRepeat()";
/** Linux's code has no such call: the nearest is a map of as many neighbours. */
export const NEIGHBOURS = ", as many neighbours";
export const PREPARE = "io-pgtable prepare(), commit()";
export const CHANGE = "io-pgtable, one call";
export const UNMAP_AND_MAP = "io-pgtable unmap(), map()";
export const NOTHING_ELSE = "io-pgtable, nothing else mapped";
export const BESIDE_1_GIB = "io-pgtable, beside 1 GiB of 4K pages";
export const BESIDE_16_GIB = "io-pgtable, beside 16 GiB of 4K pages";
export const COLD = "io-pgtable, memory never touched";
export const TOUCHED = "io-pgtable, touched ahead";
export const USED = "io-pgtable, memory used before";
/** No work of ours: what the length of the library costs. */
export const PARSED = "V8 reads the modules";
export const ONE_WORKER = "1 worker";
export const TWO_WORKERS = "2 workers";
