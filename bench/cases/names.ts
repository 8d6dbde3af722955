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

export const OURS = "io-pgtable";
export const TYPED_ARRAYS = "typed arrays";
export const BIGINT = "BigInt";
/** Linux's code with its flushes left to a queue: nobody is told of single pages. */
export const QUEUED = ", flush queued";
export const MEMORY_FILL = "memory.fill of the table pages";
export const MEMORY_COPY = "memory.copy of the list to the table pages";
export const EMPTY_CALL = "empty wasm call";

export const IN_MEMORY = "io-pgtable mapList(), in the memory";
export const COPIED = "io-pgtable mapList(), own array";
export const PAGE_BY_PAGE = "io-pgtable map(), page by page";
export const SINGLE = "io-pgtable iovaToPhys(), one by one";

export const BULK = "io-pgtable translate()";
export const BULK_COPIED = "io-pgtable translate(), own arrays";

export const BIND = "GpuVm bind()";
export const BARE_MAP = "io-pgtable map(), nothing kept";
export const ONE_PREPARE = "GpuVm prepare() of all, commit()";
export const BIND_EACH = "GpuVm bind(), page by page";
