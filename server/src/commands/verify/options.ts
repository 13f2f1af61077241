// The options of `verify`, and what --help says of them.
import { EXIT } from '../../util/exit-codes.ts';
import { type Options, optionsHelp } from '../options.ts';

export const verifyOptions = {
  target: {
    type: 'string',
    multiple: true,
    value: 'NAME=URL',
    desc: 'A server, such as service=http://ml-api-v1',
  },
  grpc: {
    type: 'string',
    multiple: true,
    value: 'NAME=URL',
    desc: 'A gRPC server, such as grpc=http://ml-api-v1:8001',
  },
  host: {
    type: 'string',
    multiple: true,
    value: 'NAME=HOST',
    desc: 'The Host header for a target whose name is not in DNS',
  },
  golden: {
    type: 'string',
    value: 'FILE',
    desc: 'golden.json; required with --target and --grpc. --grpc also reads the model.json beside it',
  },
  'example-without-golden': {
    type: 'boolean',
    default: false,
    desc: "Without a golden.json, send the example of the model's contract over HTTP. It must be\npredicted, but nothing says whether the prediction is right",
  },
  'models-dir': {
    type: 'string',
    value: 'DIR',
    desc: 'Instead of --golden, for servers of several models: the folder in MODELS_DIR. Every model\nof the server is checked with the golden.json of its folder, if there is one. A model in\nthe folder that the server lacks is a failure, and so is a server with nothing to check',
  },
  model: {
    type: 'string',
    multiple: true,
    value: 'NAME',
    desc: 'The model to check, if there are several. It must be served and have golden predictions. With\n--models-dir, may be repeated. Default: the default model with --golden, all models\nwith --models-dir',
  },
  completion: {
    type: 'string',
    multiple: true,
    value: 'NAME=URL',
    desc: "The base URL for OpenAI's clients, such as llama=http://ml-api-llama/v1: its first model\nmust complete a message",
  },
  probe: {
    type: 'string',
    multiple: true,
    value: 'NAME=URL',
    desc: 'An address that must return success, for servers other than ml-api',
  },
  metrics: {
    type: 'string',
    value: 'URL',
    desc: 'Also check that these metrics have the same contract; without targets, that they are metrics',
  },
  'expect-version': {
    type: 'string',
    value: 'V',
    desc: 'The version that must serve every request, except for models with a folder per version',
  },
  'grpc-metadata': {
    type: 'string',
    multiple: true,
    value: 'K=V',
    desc: 'Metadata for every gRPC call, such as ml-version=v2; may be repeated',
  },
  'api-key-file': {
    type: 'string',
    value: 'FILE',
    desc: 'File whose first line is the API key to send',
  },
  'ca-file': {
    type: 'string',
    value: 'FILE',
    desc: 'File with the certificate authority of https targets',
  },
  'timeout-ms': {
    type: 'string',
    default: '10000',
    value: 'N',
    desc: 'Maximum time for a request, and for servers to become ready (10000)',
  },
} as const satisfies Options;

export const verifyHelp = `Usage: ml-api verify (--target NAME=URL … (--golden FILE | --models-dir DIR) | --completion NAME=URL … | --probe NAME=URL …) [options]

Sends the golden inputs to every target, and compares the predictions with the golden ones. Ends with ${EXIT.no} where a check fails.

${optionsHelp(verifyOptions)}
`;
