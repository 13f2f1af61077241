// Development: the service, and a server of its model beside it.
import { startServer } from '@org/ml-sdk/testing';
import { model } from './model.ts';

const { url } = await startServer({ model });
console.log(`The model is at ${url}`);
process.env['ML_API_URL'] = url;
await import('./main.ts');
