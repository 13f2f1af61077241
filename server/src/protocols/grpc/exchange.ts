// What belongs to one call of a method, or to one request of a stream, and what is told of it in the end.
import { Metadata, status } from '@grpc/grpc-js';
import type { Model } from '../../model/model.ts';
import type { Exchange } from '../../observe/exchange.ts';
import { Call, type Metadata as CallMetadata } from '../../serving/call.ts';
import type { ServedModel } from '../../serving/served-model.ts';
import { identityOf } from '../identity.ts';
import { requestIdFor, traceIdOf } from '../request-id.ts';
import { type Failure, httpStatusOf, statusOf } from './errors.ts';

export class GrpcExchange implements Exchange {
  readonly id: string;
  readonly traceId: string | undefined;
  readonly method = 'POST'; // as gRPC's requests are to HTTP
  readonly route: string;
  readonly isProbe: boolean;
  readonly forwardedTo = undefined;
  readonly metadata: CallMetadata;
  readonly #startedAt = performance.now();
  /** What it ended with. */
  code: status;
  problem: Failure | undefined;
  call: Call | undefined;
  /** The model that it is about, where it is about one. */
  served: ServedModel | undefined;
  /** The model that its response names where it is about none. */
  main: ServedModel | undefined;
  /** The id that the message itself has. */
  messageId: string;

  /** @param route the path of the method, or `other` */
  constructor(route: string, metadata: CallMetadata, isProbe: boolean) {
    this.traceId = traceIdOf(metadata);
    this.id = requestIdFor(metadata, this.traceId);
    this.route = route;
    this.isProbe = isProbe;
    this.metadata = metadata;
    this.code = status.CANCELLED; // until something else is sent
    this.problem = undefined;
    this.call = undefined;
    this.served = undefined;
    this.main = undefined;
    this.messageId = '';
  }

  get model(): Model | undefined {
    return this.served?.model;
  }

  get named(): ServedModel | undefined {
    return this.served ?? this.main;
  }

  get status(): number {
    return httpStatusOf(this.code);
  }

  /** So far. */
  get durationMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Begins what it asks of a model. @param timeoutMs that whoever called will wait */
  begin(timeoutMs: number): Call {
    this.call = new Call(
      this.id,
      this.metadata,
      timeoutMs === Infinity ? undefined : Math.max(0, timeoutMs),
    );
    return this.call;
  }

  /** What it ends with, of which the first counts. */
  fail(failure: Failure): void {
    if (this.problem !== undefined) return;
    this.code = failure.code;
    this.problem = failure;
  }

  /**
   * A failure as it is sent. What else goes before a response goes with it: a client that has had anything of a response does not
   * try again.
   */
  statusOf(failure: Failure) {
    const { named } = this;
    return statusOf(failure, [['x-request-id', this.id], ...(named ? identityOf(named) : [])]);
  }
}

/** Texts that came with a call; binary values are nobody's here. */
export function textsIn(metadata: Metadata): CallMetadata {
  const texts: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(metadata.getMap()))
    if (typeof value === 'string') texts[name] = value;
  return texts;
}

/** What goes before a response. */
export function initialMetadata({ id, named }: GrpcExchange): Metadata {
  const metadata = new Metadata();
  metadata.set('x-request-id', id);
  for (const [name, value] of named ? identityOf(named) : []) metadata.set(name, value);
  return metadata;
}
