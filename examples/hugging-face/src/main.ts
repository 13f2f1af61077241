// npm start -- TEXT …
import { pathToFileURL } from 'node:url';
import { createClient } from '@org/ml-sdk';
import { startServer } from '@org/ml-sdk/testing';
import { createClassifier } from './classifier.ts';

const [, , ...given] = process.argv;
const texts = given.length > 0 ? given : ['I love this book!', 'The film was boring.'];
const folder = process.env['MODEL'] ?? 'tiny';
const model = pathToFileURL(`${folder}/`);

// In production, ML_API_URL names a server of the model.
await using server = await startServer({ model });
const classify = await createClassifier(model, createClient({ baseUrl: server.url }));
for (const { text, label } of await classify(texts)) console.log(`${label}\t${text}`);
