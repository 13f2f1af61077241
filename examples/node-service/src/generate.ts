// Writes src/ml, the client with the types of the model. Run it when the model takes or gives something else.
import { execFileSync } from 'node:child_process';
import { startServer } from '@org/ml-sdk/testing';
import { model } from './model.ts';

// A client asks by default where it was generated from: the same port each time, so that nothing else changes.
await using server = await startServer({ model, port: 5050 });
execFileSync('npx', ['ml-sdk', 'generate', '--from', server.url, '--out', 'src/ml'], {
  stdio: 'inherit',
});
