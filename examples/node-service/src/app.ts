// The service: it asks the model for the species of a flower, and says how sure it is.
import { InvalidInputError, MlApiError } from '@org/ml-sdk';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { createClient } from './ml/index.ts';

/** Of the typed client, the one call that this service needs. */
export type Predictor = Pick<ReturnType<typeof createClient>, 'predict'>;

const SIZES = ['sepal.length', 'sepal.width', 'petal.length', 'petal.width'];

export function createApp(model: Predictor): Express {
  const app = express().use(express.json());

  app.post('/flowers', async (req, res) => {
    const { sepal, petal } = req.body ?? {};
    const sizes = [sepal?.length, sepal?.width, petal?.length, petal?.width];
    // The model's errors name its inputs by number, and visitors know theirs by name.
    const wrong = SIZES.filter((_, at) => typeof sizes[at] !== 'number');
    if (wrong.length > 0)
      return void res
        .status(422)
        .json({ errors: wrong.map((size) => `${size}: a number is needed`) });
    try {
      const inputs = sizes as [number, number, number, number];
      const { labels, probabilities } = await model.predict({
        inputs,
        labels: true,
        probabilities: true,
      });
      res.json({ species: labels?.[0], probability: Math.max(...(probabilities?.[0] ?? [])) });
    } catch (error) {
      if (error instanceof InvalidInputError)
        return void res.status(422).json({ errors: error.errors.map(({ detail }) => detail) });
      if (!(error instanceof MlApiError)) throw error;
      console.error(error.message); // for this service's log, not for visitors
      res.status(503).json({ errors: ['Try again in a moment.'] });
    }
  });

  // Of express.json(), such as for a body that is no JSON: without the stack trace that Express would send.
  const onError: ErrorRequestHandler = (error, _req, res, next) => {
    if (res.headersSent || !(error.status < 500)) return next(error);
    res.status(error.status).json({ errors: [error.message] });
  };
  app.use(onError);

  return app;
}
