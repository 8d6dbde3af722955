// Changes of mapped addresses, chosen first and made later, so that a device can use the addresses before.
import { Prot } from "../../../bindings/index.js";
import type { Builder } from "./builder.js";
import type { Span } from "./model.js";
import { isHarmless } from "./probes.js";

export interface Change {
  /** What it is about. */
  readonly spans: readonly Span[];
  make(): void;
}

const MOST_LEAVES = 16384n;
const READ_WRITE = Prot.READ | Prot.WRITE;

const unmapOf = (builder: Builder, span: Span): void => {
  builder.table.unmap(span.iova, Number(span.size));
  builder.model.remove(span);
};

const one = (builder: Builder, make: (span: Span) => void): Change | null => {
  const span = builder.places.nearMapped();
  return span === null ? null : { spans: [span], make: () => make(span) };
};

/** With larger leaves for a wide stretch, whose pages would need more tables than there is memory; and only with RAM, where a device is seen. */
function replacement(builder: Builder): Change | null {
  const span = builder.places.nearMapped();
  if (span === null) return null;
  const { places, surroundings } = builder;
  const align = surroundings.configuration.pageSizes.find((size) => size * MOST_LEAVES >= span.size);
  const paddr = align === undefined ? null : places.output(span.size, align, span.iova % align);
  if (paddr === null || ![paddr, paddr + span.size - 8n].every((at) => isHarmless(surroundings, at))) return null;
  const make = () => {
    builder.table.replace(span.iova, Number(paddr), Number(span.size), READ_WRITE);
    builder.model.remove(span);
    builder.model.add({ ...span, paddr, prot: READ_WRITE });
  };
  return { spans: [span], make };
}

/** Several changes whose flushes are issued as one. */
function gathered(builder: Builder): Change | null {
  const spans = [0, 1, 2].flatMap(() => builder.places.nearMapped() ?? []);
  const make = () => {
    using gather = builder.table.gather();
    for (const span of spans) {
      builder.table.unmap(span.iova, Number(span.size), { gather });
      builder.model.remove(span);
    }
  };
  return spans.length === 0 ? null : { spans, make };
}

/** One page of a wide repeat, whose tables are shared. */
function insideRepeat(builder: Builder): Change | null {
  const { table, model, page, random } = builder;
  const place = builder.places.free();
  const paddr = builder.places.output(page, page, 0n);
  if (place === null || paddr === null) return null;
  table.mapRepeat(place.iova, Number(place.size), { paddr: Number(paddr), size: Number(page) }, READ_WRITE);
  model.add({ iova: place.iova, size: place.size, paddr, prot: READ_WRITE, period: page, phase: 0n });
  const span = { iova: random.between(place.iova, place.iova + place.size, page), size: page };
  return { spans: [place, span], make: () => unmapOf(builder, span) };
}

interface Kind {
  choose(builder: Builder): Change | null;
  /** Nothing that was translated changes: there is nothing stale to be seen. */
  readonly unseen?: true;
  /** One flush covers much more than what changed: it may be shortened without harm. */
  readonly wide?: true;
}

export const CHANGES: Readonly<Record<string, Kind>> = {
  unmap: { choose: (builder) => one(builder, (span) => unmapOf(builder, span)) },
  unmapPages: { choose: (builder) => one(builder, (span) => builder.unmapPages(span)) },
  replace: { choose: replacement },
  protect: {
    choose: (builder) =>
      one(builder, (span) => {
        builder.table.protect(span.iova, Number(span.size), Prot.READ);
        builder.model.protect(span, Prot.READ);
      }),
  },
  "unmap, gathered": { choose: gathered, wide: true },
  "unmap inside a repeat": { choose: insideRepeat },
  coalesce: {
    choose: (builder) => one(builder, (span) => void builder.table.coalesce(span.iova, Number(span.size))),
    unseen: true,
  },
  map: { choose: (builder) => ({ spans: [], make: () => void builder.map() }), unseen: true },
};
