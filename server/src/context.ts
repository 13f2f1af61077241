// What the routes of a running predictor work with. Made once, passed by parameter.
import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import type { Contract } from './contract/contract.ts';
import type { Batcher } from './engine/batcher.ts';
import type { Serving } from './engine/choose.ts';
import type { Resources } from './engine/resources.ts';
import type { ApiKeys } from './http/api-keys.ts';
import type { State } from './lifecycle.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Statistics } from './open-inference/statistics.ts';
import type { Shadow } from './shadow/shadow.ts';

export interface Context {
  readonly config: Config;
  readonly log: Logger;
  readonly resources: Resources;
  readonly serving: Serving;
  readonly contract: Contract;
  readonly batcher: Batcher;
  readonly metrics: Metrics;
  readonly statistics: Statistics;
  /** What compares another version's predictions; undefined where none is shadowed. */
  readonly shadow: Shadow | undefined;
  /** The keys that callers need; undefined when none is needed. */
  readonly apiKeys: ApiKeys | undefined;
  /** The state of the process at this moment. */
  state(): State;
}
