// Calls over gRPC from outside the cluster, without a pause: every connection has one in flight at any moment, so that one that is
// closed carelessly loses it. A client tries a call as gRPC's clients do: again only where no server has seen it.
import { quantile } from '../bench/quantile.ts';
import { InferenceClient } from './grpc.ts';
import type { LoadResult, Sample } from './load.ts';

type GrpcLoadOptions = {
  readonly address: string;
  /** The authority; default: the address. */
  readonly host?: string;
  readonly connections: number;
};

/** A load that has begun. Stop it, or it goes on. */
export class GrpcLoad {
  private readonly samples: Sample[] = [];
  private readonly codes: Record<string, number> = {};
  private readonly callers: readonly Promise<void>[];
  private isOver = false;

  constructor({ address, host, connections }: GrpcLoadOptions) {
    this.callers = Array.from({ length: connections }, () =>
      this.callOnAndOn(new InferenceClient(address, host)),
    );
  }

  private async callOnAndOn(client: InferenceClient): Promise<void> {
    while (!this.isOver) {
      const at = Date.now();
      const began = performance.now();
      const { code, details, label } = await client.infer();
      const isRight = code === 'OK' && label === 0;
      this.codes[code] = (this.codes[code] ?? 0) + 1;
      this.samples.push({
        at,
        status: isRight ? 200 : 0,
        milliseconds: performance.now() - began,
        error: isRight ? '' : `${code}: ${details || `label ${label}`}`,
      });
      // A server that cannot be reached is told of at once: without a pause, of a thousand calls.
      if (!isRight) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    client.close();
  }

  /** Calls no more, waits for the answers that are due, and counts. */
  async stop(): Promise<LoadResult> {
    this.isOver = true;
    await Promise.all(this.callers);
    const failures = this.samples.filter(({ status }) => status !== 200);
    const times = this.samples.map(({ milliseconds }) => milliseconds);
    return {
      sent: this.samples.length,
      failed: failures.length,
      statuses: this.codes,
      errors: [...new Set(failures.map(({ error }) => error))],
      latency: {
        p50: quantile(times, 0.5),
        p99: quantile(times, 0.99),
        max: times.reduce((most, time) => Math.max(most, time), 0),
      },
      samples: this.samples,
      failures,
    };
  }
}
