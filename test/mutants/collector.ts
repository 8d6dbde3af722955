// Stands in for vitest where mutants are judged: collects the tests of the project's files, so that each can be run by itself, many times, in one process.
import { format } from "node:util";

type Body = (...args: never[]) => unknown;
type Table = readonly unknown[];
type Hook = () => unknown;

export { expect } from "./expectation.js";

export interface Case {
  readonly name: string;
  readonly suite: Suite;
  readonly body: Hook;
}

/** A file or a `describe`. */
class Suite {
  readonly first: Hook[] = [];
  readonly before: Hook[] = [];
  readonly after: Hook[] = [];
  readonly last: Hook[] = [];
  begun = false;

  constructor(
    readonly name: string,
    readonly parent: Suite | undefined,
  ) {}

  get path(): readonly Suite[] {
    return [...(this.parent?.path ?? []), this];
  }
}

/** The tests of one outermost `describe`, or one test outside of any. They share what the `describe` made: it is made anew once it may be broken. */
export class Unit {
  cases: readonly Case[] = [];

  constructor(
    private readonly file: Suite,
    private readonly fill: Hook,
  ) {}

  async collect(): Promise<void> {
    await this.end();
    suite = this.file;
    collected = [];
    await this.fill();
    this.cases = collected;
  }

  /** Run what its suites run last. */
  async end(): Promise<void> {
    const suites = new Set(this.cases.flatMap((one) => one.suite.path.filter(({ begun }) => begun)));
    for (const one of [...suites].reverse()) {
      one.begun = false;
      for (const hook of one.last) await hook();
    }
  }
}

let suite = new Suite("", undefined);
let collected: Case[] = [];
let units: Unit[] = [];
/** In the file itself: what is registered makes a unit. */
let outermost = true;

/** The units of a file, which `load` imports. */
export async function collectFile(name: string, load: () => Promise<unknown>): Promise<readonly Unit[]> {
  const file = new Suite(name, undefined);
  suite = file;
  units = [];
  outermost = true;
  await load();
  outermost = false;
  const found = units;
  for (const unit of found) await unit.collect();
  return found;
}

/** Run a test with the hooks around it. */
export async function runCase({ suite: own, body }: Case): Promise<void> {
  for (const one of own.path) {
    if (!one.begun) for (const hook of one.first) await hook();
    one.begun = true;
  }
  for (const one of own.path) for (const hook of one.before) await hook();
  try {
    const done = body();
    if (done instanceof Promise) await done;
  } finally {
    for (const one of own.path) for (const hook of one.after) await hook();
  }
}

function register(fill: Hook): void {
  if (outermost) units.push(new Unit(suite, fill));
  else fill();
}

function addSuite(name: string, fill: Hook): void {
  register(() => {
    const parent = suite;
    suite = new Suite(name, parent);
    const done = fill();
    suite = parent;
    return done;
  });
}

function addCase(title: string, body: Hook): void {
  register(() => {
    const name = [...suite.path.map((one) => one.name), title].join(" > ");
    collected.push({ name, suite, body });
  });
}

/** The title of a row: the values in the places of %s and the like, and properties in those of $name. */
function titleOf(title: string, args: Table): string {
  const named = title.replaceAll(/\$(\w+)/g, (text, key: string) => {
    const [first] = args;
    return typeof first === "object" && first !== null && key in first ? String(Reflect.get(first, key)) : text;
  });
  const places = named.match(/%[sdifjo]/g)?.length ?? 0;
  return format(named, ...args.slice(0, places));
}

interface Adder {
  (name: string, ...rest: readonly unknown[]): void;
  each(rows: Table): (name: string, ...rest: readonly unknown[]) => void;
  runIf(condition: unknown): Adder;
  skipIf(condition: unknown): Adder;
  skip(): void;
}

/** Of options, body and time limit, in any order, the body. */
function bodyIn(rest: readonly unknown[]): Body {
  const body = rest.find((one) => typeof one === "function");
  if (body === undefined) throw new Error("a test without a body");
  return body as Body;
}

function adder(add: (name: string, body: Hook) => void): Adder {
  const one = (name: string, ...rest: readonly unknown[]): void => add(name, bodyIn(rest) as Hook);
  const none = Object.assign(() => undefined, { each: () => () => undefined }) as unknown as Adder;
  const all: Adder = Object.assign(one, {
    each:
      (rows: Table) =>
      (name: string, ...rest: readonly unknown[]): void => {
        for (const row of rows) {
          const args = Array.isArray(row) ? row : [row];
          add(titleOf(name, args), () => bodyIn(rest)(...(args as never[])));
        }
      },
    runIf: (condition: unknown) => (condition ? all : none),
    skipIf: (condition: unknown) => (condition ? none : all),
    skip: () => undefined,
  });
  return all;
}

export const describe = adder(addSuite);
export const test = adder(addCase);
export const it = test;
export const beforeAll = (hook: Hook): void => void suite.first.push(hook);
export const beforeEach = (hook: Hook): void => void suite.before.push(hook);
export const afterEach = (hook: Hook): void => void suite.after.push(hook);
export const afterAll = (hook: Hook): void => void suite.last.push(hook);
/** What a failed test prints is for whoever looks at one. */
export const onTestFailed = (): void => undefined;
