// Calls over gRPC at a constant rate from outside the cluster: every one is counted, answered or not. Each connection has its
// calls in turn, and a call is tried by the client as gRPC's clients do: again only where no server has seen it.

import { quantile } from '../bench/quantile.ts';
import { InferenceClient } from './grpc.ts';
import type { LoadResult, Sample } from './load.ts';

type GrpcLoadOptions = {
  readonly address: string;
  /** The authority; default: the address. */
  readonly host?: string;
  /** Calls a second, whether or not the earlier ones are answered. */
  readonly rate: number;
  readonly connections: number;
};

type GrpcSample = Sample & { readonly code: string };

/** A load that has begun. Stop it, or it goes on. */
export class GrpcLoad {
  private readonly clients: readonly InferenceClient[];
  private readonly timer: NodeJS.Timeout;
  private readonly samples: GrpcSample[] = [];
  private readonly calls: Promise<void>[] = [];

  constructor({ address, host, rate, connections }: GrpcLoadOptions) {
    this.clients = Array.from({ length: connections }, () => new InferenceClient(address, host));
    const began = performance.now();
    // Timers come late on a busy machine: what is due by then is sent at once.
    this.timer = setInterval(() => {
      const due = Math.floor(((performance.now() - began) / 1000) * rate);
      while (this.calls.length < due) this.calls.push(this.call(this.calls.length));
    }, 1000 / rate);
  }

  private async call(number: number): Promise<void> {
    const at = Date.now();
    const began = performance.now();
    const client = this.clients[number % this.clients.length];
    if (client === undefined) throw new RangeError('a load needs a connection');
    const { code, details, label } = await client.infer();
    const isRight = code === 'OK' && label === 0;
    this.samples.push({
      at,
      status: isRight ? 200 : 0,
      code,
      milliseconds: performance.now() - began,
      error: isRight ? '' : `${code}: ${details || `label ${label}`}`,
    });
  }

  /** Sends no more, waits for the answers that are due, and counts. */
  async stop(): Promise<LoadResult> {
    clearInterval(this.timer);
    await Promise.all(this.calls);
    for (const client of this.clients) client.close();
    const failures = this.samples.filter(({ status }) => status !== 200);
    const statuses: Record<string, number> = {};
    for (const { code } of this.samples) statuses[code] = (statuses[code] ?? 0) + 1;
    const times = this.samples.map(({ milliseconds }) => milliseconds);
    return {
      sent: this.samples.length,
      failed: failures.length,
      statuses,
      errors: [...new Set(failures.map(({ error }) => error))],
      latency: { p50: quantile(times, 0.5), p99: quantile(times, 0.99), max: Math.max(...times) },
      samples: this.samples,
      failures,
    };
  }
}
