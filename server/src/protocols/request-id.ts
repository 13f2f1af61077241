// What a request is called in responses and log lines.
import { randomUUID } from 'node:crypto';
import type { Metadata } from '../serving/call.ts';

/** The id that the client gave, else the trace that the request belongs to, else a new one. */
export function requestIdFor(
  headers: Metadata,
  traceId: string | undefined = traceIdOf(headers),
): string {
  return requestIdOf(headers) ?? traceId ?? randomUUID();
}

/** The id that the client gave, when it can stand in a log line and a header. */
function requestIdOf(headers: Metadata): string | undefined {
  const id = headers['x-request-id'];
  return typeof id === 'string' && /^[\w.:/+=@-]{1,128}$/.test(id) ? id : undefined;
}

/** The trace id of a W3C traceparent: https://www.w3.org/TR/trace-context/#traceparent-header */
export function traceIdOf(headers: Metadata): string | undefined {
  const header = headers['traceparent'];
  if (typeof header !== 'string') return undefined;
  const [, id] = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(header) ?? [];
  return id && !/^0+$/.test(id) ? id : undefined;
}
