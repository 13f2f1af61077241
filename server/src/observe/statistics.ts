// What the model has done since the start, in the form of Triton's statistics extension.

/** Told of every request that asked for a prediction, and of every run. */
export class Statistics {
  private last = 0;
  private rows = 0;
  private runs = 0;
  private readonly success = new Duration();
  private readonly failure = new Duration();
  private readonly queue = new Duration();
  private readonly inference = new Duration();

  /** Durations in milliseconds. */
  succeeded(rows: number, totalMs: number, queueMs: number, inferenceMs: number): void {
    this.last = Date.now();
    this.rows += rows;
    this.success.add(totalMs);
    this.queue.add(queueMs);
    this.inference.add(inferenceMs);
  }

  failed(totalMs: number): void {
    this.failure.add(totalMs);
  }

  ran(): void {
    this.runs++;
  }

  report(name: string, version: string) {
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
