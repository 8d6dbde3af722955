// Vitest's `expect`, without its runner.
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  getState,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from "@vitest/expect";

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);
// What failed is of interest, not how the values differ: printing them takes longer than the test.
chai.config.truncateThreshold = 40;

type Expect = typeof chai.expect;

const one = ((value: unknown, message?: string) => chai.expect(value, message)) as Expect;
const asymmetric: object = Reflect.get(globalThis, ASYMMETRIC_MATCHERS_OBJECT);

export const expect: Expect = Object.assign(one, chai.expect, asymmetric);
Object.assign(expect, { getState: () => getState(expect as never) });
setState({ assertionCalls: 0 } as never, expect as never);
