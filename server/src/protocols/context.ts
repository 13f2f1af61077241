// What the routes of a running predictor work with. Made once, passed by parameter.
import type { Logger } from 'pino';
import type { Config } from '../commands/serve/config.ts';
import type { Contract } from '../model/contract/contract.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Statistics } from '../observe/statistics.ts';
import type { Resources } from '../runtime/resources.ts';
import type { State } from '../serving/lifecycle.ts';
import type { Serving } from '../serving/load/choose.ts';
import type { Batcher } from '../serving/queue/batcher.ts';
import type { Shadow } from '../traffic/shadow/shadow.ts';
import type { ApiKeys } from './http/api-keys.ts';

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
