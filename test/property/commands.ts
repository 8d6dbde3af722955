import fc from "fast-check";
import { endOf, type Range, rangeOf } from "../configurations/geometry.js";
import {
  alignDown,
  type IovaSpec,
  iovaSpec,
  limitSize,
  type PaddrSpec,
  paddrSpec,
  protection,
  resolveIova,
  resolvePaddr,
  resolveSize,
  type SizeSpec,
  sizeSpec,
} from "./addresses.js";
import type { Expectation } from "./expectation.js";
import { expectMap, expectUnmap, type PartialUnmap } from "./idiomaticCalls.js";
import type { LeafModel } from "./leafModel.js";
import { UNCHANGED } from "./leafModel.js";
import { expectMapPages, expectMapRange, expectUnmapPages, expectUnmapRange } from "./linuxCalls.js";
import { expectMapRuns, listForm, mapRuns, resolveRuns, runSpecs } from "./listCalls.js";
import type { Session } from "./session.js";

type TableCommand = fc.Command<LeafModel, Session>;

interface Call {
  expected: Expectation | null;
  act: () => unknown;
  gathered: boolean;
  places: bigint[];
}

/** A command from plain data: shrinks as its data does, prints as its data is. */
function command<T>(
  name: string,
  data: fc.Arbitrary<T>,
  prepare: (data: T, model: LeafModel, session: Session) => Call,
) {
  return data.map(
    (drawn): TableCommand => ({
      check: () => true,
      run: (model, session) => {
        const before = session.dump();
        const { expected, ...call } = prepare(drawn, model, session);
        if (expected !== null) session.call(model, expected, before, call);
      },
      toString: () => `${name} ${JSON.stringify(drawn)}`,
    }),
  );
}

/** Safe integers go as numbers, the others and every second one as bigints. */
const spell = (iova: bigint, asBigint: boolean) =>
  asBigint || iova > BigInt(Number.MAX_SAFE_INTEGER) ? iova : Number(iova);

interface Target {
  iova: IovaSpec;
  size: SizeSpec;
  bigint: boolean;
}
const target = { iova: iovaSpec, size: sizeSpec, bigint: fc.boolean() };

function resolveTarget(model: LeafModel, { iova, size }: Target): Range {
  return { iova: resolveIova(model, iova), size: resolveSize(model.configuration, size) };
}

interface MapData extends Target {
  paddr: PaddrSpec;
  prot: number;
}
const mapFields = { ...target, paddr: paddrSpec, prot: protection };
const mapData: fc.Arbitrary<MapData> = fc.record(mapFields);

function resolveMap(model: LeafModel, data: MapData): { range: Range; paddr: bigint } {
  const c = model.configuration;
  const { iova, size } = resolveTarget(model, data);
  const paddr = resolvePaddr(c, data.paddr, iova, size);
  return { range: { iova, size: limitSize(c, iova, paddr, size) }, paddr };
}

const places = ({ iova, size }: Range) => [iova, iova + size / 2n, iova + size];

const map = command("map", mapData, (data, model, { table }) => {
  const { range, paddr } = resolveMap(model, data);
  return {
    expected: expectMap(model, range, paddr, data.prot),
    act: () => table.map(spell(range.iova, data.bigint), Number(paddr), Number(range.size), data.prot),
    gathered: false,
    places: places(range),
  };
});

const mapListData = fc.record({
  iova: iovaSpec,
  bigint: fc.boolean(),
  runs: runSpecs,
  form: listForm,
  prot: protection,
});

const mapList = command("mapList", mapListData, (data, model, session) => {
  const iova = resolveIova(model, data.iova);
  const runs = resolveRuns(model.configuration, data.runs, iova);
  const range = { iova, size: runs.reduce((sum, run) => sum + run.size, 0n) };
  return {
    expected: expectMapRuns(model, range, runs, data.prot),
    act: () => mapRuns(session, spell(iova, data.bigint), runs, data.prot, data.form),
    gathered: false,
    places: places(range),
  };
});

const mapRangeData = fc.record({ ...mapFields, gathered: fc.boolean() });

const mapRange = command("mapRange", mapRangeData, (data, model, session) => {
  const { range, paddr } = resolveMap(model, data);
  const gather = data.gathered ? session.gather : undefined;
  const iova = spell(range.iova, data.bigint);
  return {
    expected: expectMapRange(model, range, paddr, data.prot),
    act: () => session.table.mapRange(iova, Number(paddr), Number(range.size), data.prot, gather),
    gathered: data.gathered,
    places: places(range),
  };
});

/** A run of one page size, its start aligned to it as Linux's callers guarantee. */
function resolveRun(model: LeafModel, { iova, size }: Target) {
  const c = model.configuration;
  const sizes = c.pageSizes.filter((s) => s <= 2n ** 34n);
  const pageSize = sizes[size.unit % sizes.length] ?? sizes[0] ?? 0n;
  const start = alignDown(resolveIova(model, iova), pageSize);
  const last = endOf(rangeOf(c, start)) - pageSize;
  return { pageSize, iova: start > last ? last : start, count: size.count * 2 + size.pages + 1 };
}

const mapPages = command("mapPages", mapData, (data, model, { table }) => {
  const { pageSize, iova, count } = resolveRun(model, data);
  const size = pageSize * BigInt(count);
  const paddr = alignDown(resolvePaddr(model.configuration, data.paddr, iova, size), pageSize);
  return {
    expected: expectMapPages(model, { iova, paddr, pageSize, count, prot: data.prot }),
    act: () => table.mapPages(spell(iova, data.bigint), Number(paddr), Number(pageSize), count, data.prot),
    gathered: false,
    places: places({ iova, size }),
  };
});

const unmapData = fc.record({ ...target, gathered: fc.boolean() });

const unmapPages = command("unmapPages", unmapData, (data, model, session) => {
  const { pageSize, iova, count } = resolveRun(model, data);
  const gather = data.gathered ? session.gather : undefined;
  return {
    expected: expectUnmapPages(model, session.dump().slots, { iova, pageSize, count }),
    act: () => session.table.unmapPages(spell(iova, data.bigint), Number(pageSize), count, gather),
    gathered: data.gathered,
    places: places({ iova, size: pageSize * BigInt(count) }),
  };
});

const unmapRange = command("unmapRange", unmapData, (data, model, session) => {
  const range = resolveTarget(model, data);
  const gather = data.gathered ? session.gather : undefined;
  return {
    expected: expectUnmapRange(model, range),
    act: () => session.table.unmapRange(spell(range.iova, data.bigint), Number(range.size), gather),
    gathered: data.gathered,
    places: places(range),
  };
});

const partial: fc.Arbitrary<PartialUnmap | undefined> = fc.constantFrom(undefined, "split", "whole", "refuse");

const unmap = command("unmap", fc.record({ ...target, gathered: fc.boolean(), partial }), (data, model, session) => {
  const range = resolveTarget(model, data);
  const options = {
    ...(data.gathered ? { gather: session.gather } : {}),
    ...(data.partial === undefined ? {} : { partial: data.partial }),
  };
  return {
    expected: expectUnmap(model, range, data.partial ?? "split"),
    act: () => session.table.unmap(spell(range.iova, data.bigint), Number(range.size), options),
    gathered: data.gathered,
    places: places(range),
  };
});

const trim = command("trim", fc.record({ gathered: fc.boolean() }), ({ gathered }, model, session) => {
  const isEmpty = (slot: Range) => model.inside(slot).length === 0;
  const empty = session.dump().slots.filter(isEmpty).length;
  return {
    expected: { outcome: { value: empty }, change: UNCHANGED, frees: isEmpty, exactGranule: true },
    act: () => (gathered ? session.table.trim(session.gather) : session.table.trim()),
    gathered,
    places: [],
  };
});

const sync: fc.Arbitrary<TableCommand> = fc.constant({
  check: () => true,
  run: (_: LeafModel, session: Session) => session.sync(),
  toString: () => "sync",
});

export const commands = [map, map, mapList, mapRange, mapPages, unmap, unmap, unmapRange, unmapPages, trim, sync];
