// Calls without a library: what no client of gRPC would send.
import { connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { onTestFinished } from 'vitest';
import type { Running } from '../start.ts';

export const GRPC = { 'content-type': 'application/grpc', te: 'trailers' };

export function framed(message: Buffer, isCompressed: boolean): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(isCompressed ? 1 : 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** A call of ModelInfer without a library: what no client of gRPC would send. */
export function rawCall(
  { grpcPort }: Running,
  request: { headers?: object; body: Buffer; isOpen?: boolean },
): Promise<{ headers: IncomingHttpHeaders; trailers: IncomingHttpHeaders }> {
  const session = connect(`http://127.0.0.1:${grpcPort}`);
  onTestFinished(() => session.destroy());
  session.on('error', () => {});
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: '/inference.GRPCInferenceService/ModelInfer',
    ...GRPC,
    ...request.headers,
  });
  let [headers, trailers]: IncomingHttpHeaders[] = [{}, {}];
  stream.on('response', (got) => {
    headers = got;
  });
  stream.on('trailers', (got) => {
    trailers = got;
  });
  stream.on('error', () => {});
  stream.resume();
  if (request.isOpen) stream.write(request.body);
  else stream.end(request.body);
  return new Promise((resolve) => {
    const done = () => resolve({ headers: headers ?? {}, trailers: trailers ?? {} });
    stream.once('end', done);
    stream.once('close', done); // of a stream that is reset
  });
}
