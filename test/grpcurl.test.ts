// grpcurl, which knows nothing of this project: it has the services from server reflection.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startGrpc } from '../server/test/grpc/client.ts';
import { toolPath } from './tools/tool.ts';

const run = promisify(execFile); // not blocking: this process serves what it calls

it('lists the services, describes them and calls them, without a .proto file', async () => {
  const { grpcPort } = await startGrpc();
  const grpcurl = async (options: string[], ...words: string[]) => {
    const args = ['-plaintext', ...options, `127.0.0.1:${grpcPort}`, ...words];
    return (await run(toolPath('grpcurl'), args)).stdout;
  };
  expect((await grpcurl([], 'list')).trim().split('\n')).toEqual([
    'grpc.health.v1.Health',
    'grpc.reflection.v1.ServerReflection',
    'grpc.reflection.v1alpha.ServerReflection',
    'inference.GRPCInferenceService',
  ]);
  const described = await grpcurl([], 'describe', 'inference.ModelInferRequest');
  expect(described).toContain('map<string, .inference.InferParameter> parameters = 4;');
  const health = await grpcurl([], 'grpc.health.v1.Health/Check');
  expect(JSON.parse(health)).toEqual({ status: 'SERVING' });
  const contents = { fp32_contents: [5.1, 3.5, 1.4, 0.2] };
  const input = { name: 'inputs', datatype: 'FP32', shape: [1, 4], contents };
  const request = JSON.stringify({ model_name: 'iris', inputs: [input] });
  const response = await grpcurl(['-d', request], 'inference.GRPCInferenceService/ModelInfer');
  expect(JSON.parse(response).outputs[0].contents).toEqual({ int64Contents: ['0'] });
  const config = await grpcurl([], 'inference.GRPCInferenceService/ModelConfig');
  expect(JSON.parse(config).config.input[0].dataType).toBe('TYPE_FP32');
});
