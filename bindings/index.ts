/// <reference lib="esnext.disposable" preserve="true" />
// io-pgtable: builds, changes, walks and checks the page tables that IOMMUs and GPUs read.

export { AdversarialTlb, StaleTlbError } from "./adversarialTlb.js";
export type { TableAllocator } from "./allocator.js";
export { compileCore } from "./coreModule.js";
export { type ErrorCode, IoPgtableError } from "./errors.js";
export { type FlushOps, flushedByOwner } from "./flush.js";
export * from "./formats/index.js";
export type { GpuMapping, GpuObject } from "./gpuVm/mapping.js";
export type { PreparedGpuVmUpdate } from "./gpuVm/prepared.js";
export type { BindRequest, GpuVmRequest } from "./gpuVm/requests.js";
export type { GpuVmStep } from "./gpuVm/steps.js";
export { type GpuVmRange, lockedRegion } from "./gpuVm/touched.js";
export { GpuVm } from "./gpuVm.js";
export { IoPageTable, type Iova, type Paddr } from "./ioPageTable.js";
export { Access, Fault, Prot } from "./prot.js";
export { type Segment, SegmentList, type Segments } from "./segmentList.js";
export type { SharedTable, TableOptions } from "./table/build.js";
export type { ReadDirtyOptions } from "./table/dirty.js";
export type { Gather } from "./table/gather.js";
export type { MapResult } from "./table/map.js";
export type { Mapping } from "./table/mappings.js";
export type { TableOp } from "./table/prepare/operations.js";
export type { PreparedUpdate } from "./table/prepare/update.js";
export type { TableStats } from "./table/stats.js";
export type { UnmapOptions } from "./table/unmap.js";
export type { WalkStep } from "./table/walk.js";
export { type SharedTableMemory, TableMemory } from "./tableMemory.js";
