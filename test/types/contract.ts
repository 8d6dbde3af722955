// The library's exports against the contract, checked by the compiler alone: `tsc --noEmit` fails where a name drifts.
//
// Results may say more than the contract and arguments may accept more, never less. Methods are compared member by member,
// because the compiler accepts a method whose parameters are narrower than the contract's.
import type * as library from "../../bindings/index.js";
import type * as contract from "../contract/io-pgtable.js";

type Library = typeof library;
type Contract = typeof contract;

// biome-ignore lint/suspicious/noExplicitAny: only `any` matches the parameters of every function
type AnyFunction = (...parameters: any[]) => unknown;

/** Whether `Ours` can stand where `Theirs` is promised: its result says as much, and it takes whatever that one takes. */
type Member<Ours, Theirs> = [Theirs] extends [AnyFunction]
  ? [Ours] extends [AnyFunction]
    ? [Parameters<Theirs>, ReturnType<Ours>] extends [Parameters<Ours>, ReturnType<Theirs>]
      ? true
      : false
    : false
  : [Ours] extends [Theirs]
    ? true
    : false;

/** The members of `Theirs` that `Ours` lacks or has with another type; never where all agree. */
type Drifted<Ours, Theirs, Except = never> = {
  [K in Exclude<keyof Theirs, Except>]: K extends keyof Ours
    ? Member<Ours[K], Theirs[K]> extends true
      ? never
      : K
    : K;
}[Exclude<keyof Theirs, Except>];

type Both<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

declare function nothing<_ extends never>(): void;
declare function holds<_ extends true>(): void;

// Every name of the contract is exported.
nothing<Exclude<keyof Contract, keyof Library>>();

// Values and functions.
holds<Library["Prot"] extends Contract["Prot"] ? true : false>();
holds<Library["Access"] extends Contract["Access"] ? true : false>();
holds<Library["Fault"] extends Contract["Fault"] ? true : false>();
nothing<Drifted<Pick<Library, FormatName | "flushedByOwner">, Pick<Contract, FormatName | "flushedByOwner">>>();
type FormatName = "armLpaeS1" | "armLpaeS2" | "arm32LpaeS1" | "arm32LpaeS2" | "armMaliLpae" | "amdV1";

// Classes: statics, then members. The table's `open` and `attach` and both constructors take classes of ours, which need not
// accept a stranger's object; what they take beside them is compared below.
type TakesOurMemory = "open" | "attach";
nothing<Drifted<Library["TableMemory"], Contract["TableMemory"], "prototype">>();
nothing<Drifted<library.TableMemory, contract.TableMemory>>();
nothing<Drifted<Library["IoPageTable"], Contract["IoPageTable"], "prototype" | TakesOurMemory>>();
nothing<Drifted<library.IoPageTable<1>, contract.IoPageTable<1>>>();
nothing<Drifted<library.IoPgtableError, contract.IoPgtableError>>();
nothing<Drifted<library.GpuVm, contract.GpuVm>>();
nothing<Drifted<ReturnType<library.GpuVm["prepare"]>, ReturnType<contract.GpuVm["prepare"]>>>();
nothing<Drifted<library.AdversarialTlb, contract.AdversarialTlb, "watch">>();
holds<library.IoPgtableError extends Error ? true : false>();
holds<library.IoPageTable<1>["registers"] extends 1 ? true : false>();

type WithoutMemory<Parameters extends readonly unknown[]> = Parameters extends [unknown, ...infer Rest] ? Rest : never;
type ContractOptions = WithoutMemory<ConstructorParameters<Contract["IoPageTable"]>>;
holds<ContractOptions extends WithoutMemory<ConstructorParameters<Library["IoPageTable"]>> ? true : false>();
holds<
  WithoutMemory<ConstructorParameters<Contract["GpuVm"]>> extends WithoutMemory<ConstructorParameters<Library["GpuVm"]>>
    ? true
    : false
>();
type TableOf<K extends TakesOurMemory> = WithoutMemory<Parameters<Contract["IoPageTable"][K]>>;
holds<TableOf<"open"> extends WithoutMemory<Parameters<Library["IoPageTable"]["open"]>> ? true : false>();
holds<TableOf<"attach"> extends WithoutMemory<Parameters<Library["IoPageTable"]["attach"]>> ? true : false>();
nothing<
  Drifted<ReturnType<Library["IoPageTable"][TakesOurMemory]>, ReturnType<Contract["IoPageTable"][TakesOurMemory]>>
>();

// Types that users write down: what they write for the contract fits the library and the other way round.
holds<Both<library.Iova, contract.Iova>>();
holds<Both<library.Paddr, contract.Paddr>>();
holds<Both<library.ErrorCode, contract.ErrorCode>>();
holds<Both<library.SharedTableMemory, contract.SharedTableMemory>>();
holds<Both<library.TableAllocator, contract.TableAllocator>>();
holds<Both<library.FlushOps, contract.FlushOps>>();
holds<Both<library.Gather, contract.Gather>>();
holds<Both<library.Format<1>, contract.Format<1>>>();
holds<Both<library.ArmLpaeConfig, contract.ArmLpaeConfig>>();
holds<Both<library.ArmLpaeS1Registers, contract.ArmLpaeS1Registers>>();
holds<Both<library.ArmLpaeS2Registers, contract.ArmLpaeS2Registers>>();
holds<Both<library.TableOptions<1>, contract.TableOptions<1>>>();
holds<Both<library.MapResult, contract.MapResult>>();
holds<Both<library.WalkStep, contract.WalkStep>>();
holds<Both<library.SharedTable, contract.SharedTable>>();
holds<Both<library.Mapping, contract.Mapping>>();
holds<Both<library.GpuObject, contract.GpuObject>>();
holds<Both<library.GpuMapping, contract.GpuMapping>>();
holds<Both<library.GpuVmStep, contract.GpuVmStep>>();
holds<contract.GpuVmRequest extends library.GpuVmRequest ? true : false>();

// A table without flush operations does not compile, nor does one whose flush operations lack a member.
declare const memory: library.TableMemory;
declare const format: library.Format<1>;
declare const IoPageTable: Library["IoPageTable"];
export const complete = () =>
  new IoPageTable(memory, { format, flush: { flushAll() {}, flushWalk() {}, flushRange() {} } });
// @ts-expect-error: no flush operations
export const unflushed = () => new IoPageTable(memory, { format });
// @ts-expect-error: no flushRange
export const incomplete = () => new IoPageTable(memory, { format, flush: { flushAll() {}, flushWalk() {} } });
// @ts-expect-error: attaching without flush operations
export const attached = (shared: library.SharedTable) => IoPageTable.attach(memory, shared, { format });
