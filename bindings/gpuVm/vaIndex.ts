// Ranges by their first address: a B+-tree. Keys lie in Float64Arrays, so that a search compares numbers that stand side by side and makes nothing; a
// descent over 100,000 ranges looks at three or four nodes.

/** What the tree holds: ranges that do not overlap. */
export interface Range {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** Children of a node, ranges of a leaf. */
const FANOUT = 64;
/** A node below this is joined with a neighbour where both fit into one with room left, or takes some of the neighbour's. */
const SPARSE = FANOUT / 4;
const JOINED = (FANOUT * 3) / 4;

class Leaf<R> {
  readonly keys: Float64Array = new Float64Array(FANOUT);
  readonly ranges: R[] = [];
  count = 0;
  before: Leaf<R> | undefined;
  after: Leaf<R> | undefined;
}

class Inner<R> {
  /** keys[i] is at most the first address below children[i]; keys[0] is not looked at. */
  readonly keys: Float64Array = new Float64Array(FANOUT);
  readonly children: Node<R>[] = [];
  count = 0;
}

/** What both kinds of node have beside their items. */
interface Items {
  readonly keys: Float64Array;
  count: number;
}

type Node<R> = Leaf<R> | Inner<R>;

/** A place in the tree; good until the tree changes. */
export class Cursor<R extends Range> {
  leaf: Leaf<R> | undefined;
  slot = 0;

  /** The range here; undefined beyond the last. */
  get range(): R | undefined {
    return this.leaf?.ranges[this.slot];
  }

  next(): void {
    const { leaf } = this;
    if (leaf === undefined) return;
    this.slot++;
    if (this.slot < leaf.count) return;
    this.leaf = leaf.after;
    this.slot = 0;
  }
}

export class VaIndex<R extends Range> {
  #root: Node<R>;
  #count = 0;
  /** Where the last search ended. */
  #leaf: Leaf<R>;
  #slot = -1;
  /** The address of the last search, if nothing has changed since and the path leads to where it ended; else NaN. */
  #searched = Number.NaN;
  /** The inner nodes of the last descent, root first, and which child was taken. */
  readonly #path: Inner<R>[] = [];
  readonly #slots: number[] = [];
  /** Levels of inner nodes. */
  #depth = 0;

  constructor() {
    this.#leaf = new Leaf<R>();
    this.#root = this.#leaf;
  }

  get count(): number {
    return this.#count;
  }

  /** The range that holds the address. */
  at(address: number): R | undefined {
    const range = this.#before(address);
    return range !== undefined && address < range.end ? range : undefined;
  }

  /** Put the cursor at the first range that ends beyond the address. */
  seek(cursor: Cursor<R>, address: number): void {
    const range = this.#before(address);
    cursor.leaf = this.#leaf;
    cursor.slot = Math.max(this.#slot, 0);
    if (range !== undefined && range.end <= address) cursor.next();
  }

  /** Whether any range overlaps [start, end). */
  overlaps(start: number, end: number): boolean {
    const range = this.#before(start);
    if (range !== undefined && start < range.end) return true;
    const slot = this.#slot + 1;
    const next = slot < this.#leaf.count ? this.#leaf.keys[slot] : this.#leaf.after?.keys[0];
    return next !== undefined && next < end;
  }

  /** Find the last range that starts at or before the address. Where there is none, the place found is before the first. */
  #before(address: number): R | undefined {
    let leaf = this.#descend(address);
    let slot = lastAtMost(leaf.keys, leaf.count, address);
    this.#searched = address;
    if (slot < 0 && leaf.before !== undefined) {
      leaf = leaf.before;
      slot = leaf.count - 1;
      this.#searched = Number.NaN;
    }
    this.#leaf = leaf;
    this.#slot = slot;
    return slot < 0 ? undefined : leaf.ranges[slot];
  }

  /** Add a range that overlaps none. */
  insert(range: R): void {
    const found = this.#searched === range.start;
    const leaf = found ? this.#leaf : this.#descend(range.start);
    const slot = (found ? this.#slot : lastAtMost(leaf.keys, leaf.count, range.start)) + 1;
    this.#searched = Number.NaN;
    this.#count++;
    if (leaf.count < FANOUT) {
      insertInto(leaf, leaf.ranges, slot, range.start, range);
      return;
    }
    const right = splitLeaf(leaf, slot);
    if (slot <= leaf.count && leaf.count < FANOUT) insertInto(leaf, leaf.ranges, slot, range.start, range);
    else insertInto(right, right.ranges, slot - leaf.count, range.start, range);
    this.#grow(right, right.keys[0] ?? 0);
  }

  /** Take a range out. */
  remove(range: R): void {
    const leaf = this.#descend(range.start);
    const slot = lastAtMost(leaf.keys, leaf.count, range.start);
    this.#searched = Number.NaN;
    if (leaf.ranges[slot] !== range) return;
    removeFrom(leaf, leaf.ranges, slot);
    this.#count--;
    if (leaf.count < SPARSE) this.#shrink(leaf);
  }

  /** The leaf that has the address or would take it. */
  #descend(address: number): Leaf<R> {
    let node = this.#root;
    for (let depth = 0; depth < this.#depth; depth++) {
      const inner = node as Inner<R>;
      const slot = Math.max(0, lastAtMost(inner.keys, inner.count, address));
      this.#path[depth] = inner;
      this.#slots[depth] = slot;
      node = inner.children[slot] as Node<R>;
    }
    return node as Leaf<R>;
  }

  /** A node has come beside the last one of the descent. */
  #grow(made: Node<R>, first: number): void {
    let node = made;
    let key = first;
    for (let depth = this.#depth - 1; depth >= 0; depth--) {
      const parent = this.#path[depth] as Inner<R>;
      const slot = (this.#slots[depth] ?? 0) + 1;
      if (parent.count < FANOUT) {
        insertInto(parent, parent.children, slot, key, node);
        return;
      }
      const right = splitInner(parent);
      if (slot <= parent.count) insertInto(parent, parent.children, slot, key, node);
      else insertInto(right, right.children, slot - parent.count, key, node);
      node = right;
      key = right.keys[0] ?? 0;
    }
    const root = new Inner<R>();
    insertInto(root, root.children, 0, 0, this.#root);
    insertInto(root, root.children, 1, key, node);
    this.#root = root;
    this.#depth++;
  }

  /** The last node of the descent has few left: join it with a neighbour or take some of its, and so on upwards. */
  #shrink(leaf: Leaf<R>): void {
    let node: Node<R> = leaf;
    for (let depth = this.#depth - 1; depth >= 0 && node.count < SPARSE; depth--) {
      const parent = this.#path[depth] as Inner<R>;
      const slot = this.#slots[depth] ?? 0;
      evenOut(parent, slot + 1 < parent.count ? slot : slot - 1);
      node = parent;
    }
    while (this.#depth > 0 && this.#root.count === 1) {
      this.#root = (this.#root as Inner<R>).children[0] as Node<R>;
      this.#depth--;
    }
  }
}

/** The last slot whose key is at most the address; -1 where there is none. */
function lastAtMost(keys: Float64Array, count: number, address: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as number) <= address) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function insertInto<T>(node: Items, items: T[], slot: number, key: number, item: T): void {
  const { keys, count } = node;
  if (slot < count) {
    keys.copyWithin(slot + 1, slot, count);
    for (let i = count; i > slot; i--) items[i] = items[i - 1] as T;
  }
  keys[slot] = key;
  items[slot] = item;
  node.count = count + 1;
}

function removeFrom<T>(node: Items, items: T[], slot: number): void {
  node.keys.copyWithin(slot, slot + 1, node.count);
  for (let i = slot + 1; i < node.count; i++) items[i - 1] = items[i] as T;
  items.pop();
  node.count--;
}

/** The new leaf to the right takes the upper half; all that comes in ascending order fills leaves whole. */
function splitLeaf<R>(leaf: Leaf<R>, slot: number): Leaf<R> {
  const right = new Leaf<R>();
  const kept = slot === leaf.count && leaf.after === undefined ? leaf.count : leaf.count >>> 1;
  moveUpper(leaf, leaf.ranges, right, right.ranges, kept);
  right.after = leaf.after;
  right.before = leaf;
  if (leaf.after !== undefined) leaf.after.before = right;
  leaf.after = right;
  return right;
}

function splitInner<R>(node: Inner<R>): Inner<R> {
  const right = new Inner<R>();
  moveUpper(node, node.children, right, right.children, node.count >>> 1);
  return right;
}

function moveUpper<T>(from: Items, items: T[], to: Items, toItems: T[], kept: number): void {
  for (let i = kept; i < from.count; i++) {
    to.keys[to.count] = from.keys[i] as number;
    toItems[to.count] = items[i] as T;
    to.count++;
  }
  items.length = kept;
  from.count = kept;
}

/** Child `slot` and the one after it become one where both fit, else equally full. */
function evenOut<R>(parent: Inner<R>, slot: number): void {
  const left = parent.children[slot];
  const right = parent.children[slot + 1];
  if (left === undefined || right === undefined) return;
  // The first key of an inner node is whatever it was: the parent's is what counts.
  right.keys[0] = right instanceof Leaf ? (right.keys[0] as number) : (parent.keys[slot + 1] as number);
  if (left instanceof Leaf && right instanceof Leaf) {
    if (!shareOut(left, left.ranges, right, right.ranges)) {
      left.after = right.after;
      if (right.after !== undefined) right.after.before = left;
    }
  } else if (left instanceof Inner && right instanceof Inner) shareOut(left, left.children, right, right.children);
  if (right.count === 0) removeFrom(parent, parent.children, slot + 1);
  else parent.keys[slot + 1] = right.keys[0] as number;
}

/** All goes to the left where it fits, else each gets half. Returns whether the right has any. */
function shareOut<T>(left: Items, leftItems: T[], right: Items, rightItems: T[]): boolean {
  const keys = [...left.keys.subarray(0, left.count), ...right.keys.subarray(0, right.count)];
  const items = [...leftItems, ...rightItems];
  const inLeft = items.length <= JOINED ? items.length : items.length >>> 1;
  fill(left, leftItems, keys, items, 0, inLeft);
  fill(right, rightItems, keys, items, inLeft, items.length);
  return right.count !== 0;
}

function fill<T>(node: Items, own: T[], keys: readonly number[], items: readonly T[], from: number, to: number): void {
  own.length = 0;
  for (let i = from; i < to; i++) {
    node.keys[i - from] = keys[i] as number;
    own.push(items[i] as T);
  }
  node.count = to - from;
}
