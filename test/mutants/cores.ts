// Puts mutants into the cores that the library makes, in the place where it makes them: the constructors of WebAssembly.

const Original = { Module: WebAssembly.Module, Instance: WebAssembly.Instance };

/** How the module names its memory import; its declaration follows in five bytes, which the library changes for each kind of memory. */
const MEMORY_IMPORT = Buffer.from("\x03env\x06memory\x02", "latin1");
const DECLARATION = 5;

/** What a build of the core exports for mutants. */
interface Switches {
  readonly mutant?: WebAssembly.Global;
  readonly hasReached?: () => number;
  readonly takeReached?: (word: number) => bigint;
}

export class Cores {
  readonly #declarations = new WeakMap<WebAssembly.Module, Uint8Array>();
  /** Those that are alive, as far as is known. */
  #instances: WeakRef<Switches>[] = [];
  #build: Uint8Array<ArrayBuffer> | null = null;
  #modules = new Map<string, WebAssembly.Module>();
  #mutant = 0;

  /** From now on the library's cores come from here. */
  install(): void {
    WebAssembly.Module = new Proxy(Original.Module, {
      construct: (target, [bytes]: [Uint8Array<ArrayBuffer>]) => {
        const module = new target(bytes);
        const from = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(MEMORY_IMPORT);
        if (from >= 0) this.#declarations.set(module, bytes.slice(from + MEMORY_IMPORT.length).slice(0, DECLARATION));
        return module;
      },
    });
    WebAssembly.Instance = new Proxy(Original.Instance, {
      construct: (target, [module, imports]: [WebAssembly.Module, WebAssembly.Imports]) => {
        const instance = new target(this.#insteadOf(module), imports);
        this.#add(instance.exports as unknown as Switches);
        return instance;
      },
    });
  }

  /** The build that new instances are of; null: the library's own. */
  use(build: Uint8Array<ArrayBuffer> | null): void {
    this.#build = build;
    this.#modules = new Map();
  }

  /** The mutant of all instances, also of those to come. */
  choose(mutant: number): void {
    this.#mutant = mutant;
    for (const { mutant: global } of this.#live()) if (global !== undefined) global.value = mutant;
  }

  /** What was reached since the last time, of these many words. */
  takeReached(words: number): BigUint64Array {
    const reached = new BigUint64Array(words);
    for (const { hasReached, takeReached } of this.#live()) {
      // Most cores that are alive belong to tests that have ended.
      if (takeReached === undefined || hasReached?.() !== 1) continue;
      for (let word = 0; word < words; word++) {
        reached[word] = (reached[word] ?? 0n) | BigInt.asUintN(64, takeReached(word));
      }
    }
    return reached;
  }

  #add(switches: Switches): void {
    if (switches.mutant !== undefined) switches.mutant.value = this.#mutant;
    this.#instances.push(new WeakRef(switches));
  }

  #live(): Switches[] {
    const live = this.#instances.flatMap((one) => one.deref() ?? []);
    this.#instances = this.#instances.filter((one) => one.deref() !== undefined);
    return live;
  }

  #insteadOf(module: WebAssembly.Module): WebAssembly.Module {
    const declaration = this.#declarations.get(module);
    if (this.#build === null || declaration === undefined) return module;
    const known = this.#modules.get(declaration.join());
    if (known !== undefined) return known;
    const bytes = this.#build.slice();
    bytes.set(declaration, Buffer.from(bytes.buffer).indexOf(MEMORY_IMPORT) + MEMORY_IMPORT.length);
    const instead = new Original.Module(bytes);
    this.#modules.set(declaration.join(), instead);
    return instead;
  }
}
