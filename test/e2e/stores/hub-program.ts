// The program of the Hub's pod: `node hub.js URL FOLDER`, the URL by which it is asked and the folder of the model that it has.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { answerAsHub, sendPart } from '../../../server/test/stores/hub-protocol.ts';

const [url = '', folder = ''] = process.argv.slice(2);
const weights = readFileSync(path.join(folder, 'model.onnx'));
const files = {
  'config.json': '{"architectures":["IrisForClassification"]}',
  'onnx/model.onnx': weights,
  ...Object.fromEntries(
    ['model.json', 'golden.json'].map((file) => [
      file,
      readFileSync(path.join(folder, file), 'utf8'),
    ]),
  ),
};
const repository = {
  files,
  token: process.env['HF_TOKEN'],
  blobAt: (name: string) => `${url}/blobs/${name}`,
};

createServer((req, res) => {
  // Who has the address of a blob needs no token.
  if (req.url?.startsWith('/blobs/')) sendPart(req, res, weights);
  else answerAsHub(repository, req, res);
}).listen(Number(new URL(url).port));
