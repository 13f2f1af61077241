// What models have done since the start, in the form of Triton's statistics extension.

import type { Model } from '../model/model.ts';
import type { AcceptedCall } from '../serving/call.ts';
import type { Observer } from './observer.ts';

export type VersionOfModel = Pick<Model, 'name' | 'version'>;

/** A subscriber that counts calls and runs. */
export class Statistics implements Pick<Observer, 'succeeded' | 'failed' | 'ran'> {
  readonly #byModel = new WeakMap<Model, Work>();
  readonly #byVersion = new Map<string, Work>();

  succeeded({ call, acceptedAt, model }: AcceptedCall): void {
    const work = this.#of(model);
    work.last = Date.now();
    work.rows += call.rows ?? 0;
    work.success.add(performance.now() - acceptedAt);
    work.queue.add(call.queueMs ?? 0);
    work.inference.add(call.inferenceMs ?? 0);
  }

  failed({ acceptedAt, model }: AcceptedCall): void {
    this.#of(model).failure.add(performance.now() - acceptedAt);
  }

  ran(model: Model): void {
    this.#of(model).runs++;
  }

  report(models: readonly VersionOfModel[]): readonly ModelStatistics[] {
    return models.map((model) => statsOf(model, this.#ofVersion(model)));
  }

  /** What takes the place of a version goes on with what that has done. */
  #of(model: Model): Work {
    const known = this.#byModel.get(model);
    if (known !== undefined) return known;
    const work = this.#ofVersion(model);
    this.#byModel.set(model, work);
    return work;
  }

  #ofVersion({ name, version }: VersionOfModel): Work {
    const key = JSON.stringify([name, version]);
    const work = this.#byVersion.get(key) ?? new Work();
    this.#byVersion.set(key, work);
    return work;
  }
}

export type ModelStatistics = ReturnType<typeof statsOf>;

function statsOf({ name, version }: VersionOfModel, work: Work) {
  const nothing = { count: work.success.count, ns: 0 }; // is not measured apart
  return {
    name,
    version,
    last_inference: work.last,
    inference_count: work.rows,
    execution_count: work.runs,
    inference_stats: {
      success: work.success.report(),
      fail: work.failure.report(),
      queue: work.queue.report(),
      compute_input: nothing,
      compute_infer: work.inference.report(),
      compute_output: nothing,
    },
  };
}

/** @param threads what each of a process's threads did, of the same models in the same order */
export function joinStatistics(
  threads: readonly (readonly ModelStatistics[])[],
): readonly ModelStatistics[] {
  const [first = [], ...others] = threads;
  return first.map((model, i) => others.reduce((sum, one) => added(sum, one[i]), model));
}

function added(one: ModelStatistics, other = one): ModelStatistics {
  const sums = Object.entries(one.inference_stats).map(([name, { count, ns }]) => {
    const more = other.inference_stats[name as keyof ModelStatistics['inference_stats']];
    return [name, { count: count + more.count, ns: ns + more.ns }];
  });
  return {
    ...one,
    last_inference: Math.max(one.last_inference, other.last_inference),
    inference_count: one.inference_count + other.inference_count,
    execution_count: one.execution_count + other.execution_count,
    inference_stats: Object.fromEntries(sums),
  };
}

class Duration {
  count = 0;
  #milliseconds = 0;

  add(milliseconds: number): void {
    this.count++;
    this.#milliseconds += milliseconds;
  }

  report() {
    return { count: this.count, ns: Math.round(this.#milliseconds * 1e6) };
  }
}

/** What one version of a model has done. */
class Work {
  last = 0;
  rows = 0;
  runs = 0;
  readonly success = new Duration();
  readonly failure = new Duration();
  readonly queue = new Duration();
  readonly inference = new Duration();
}
