// What a model has done since the start, in the form of Triton's statistics extension.

import type { Model } from '../model/model.ts';
import type { AcceptedCall } from '../serving/call.ts';
import type { Observer } from './observer.ts';

/** A subscriber that counts calls and runs. */
export class Statistics implements Pick<Observer, 'succeeded' | 'failed' | 'ran'> {
  private last = 0;
  private rows = 0;
  private runs = 0;
  private readonly success = new Duration();
  private readonly failure = new Duration();
  private readonly queue = new Duration();
  private readonly inference = new Duration();

  succeeded({ call, acceptedAt }: AcceptedCall): void {
    this.last = Date.now();
    this.rows += call.rows ?? 0;
    this.success.add(performance.now() - acceptedAt);
    this.queue.add(call.queueMs ?? 0);
    this.inference.add(call.inferenceMs ?? 0);
  }

  failed({ acceptedAt }: AcceptedCall): void {
    this.failure.add(performance.now() - acceptedAt);
  }

  ran(): void {
    this.runs++;
  }

  report({ name, version }: Model) {
    const nothing = { count: this.success.count, ns: 0 }; // is not measured apart
    return {
      model_stats: [
        {
          name,
          version,
          last_inference: this.last,
          inference_count: this.rows,
          execution_count: this.runs,
          inference_stats: {
            success: this.success.report(),
            fail: this.failure.report(),
            queue: this.queue.report(),
            compute_input: nothing,
            compute_infer: this.inference.report(),
            compute_output: nothing,
          },
        },
      ],
    };
  }
}

class Duration {
  count = 0;
  private milliseconds = 0;

  add(milliseconds: number): void {
    this.count++;
    this.milliseconds += milliseconds;
  }

  report() {
    return { count: this.count, ns: Math.round(this.milliseconds * 1e6) };
  }
}
