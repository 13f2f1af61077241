// The service: it asks the model for the species of a flower, and says how sure it is.
import { InvalidInputError, MlApiError } from '@org/ml-sdk';
import express, { type Express } from 'express';
import type { createClient } from './ml/index.ts';

/** Of the typed client, the one call that this service needs. */
export type Predictor = Pick<ReturnType<typeof createClient>, 'predict'>;

export function createApp(model: Predictor): Express {
  const app = express().use(express.json());

  app.post('/flowers', async (req, res) => {
    const { sepal, petal } = req.body ?? {};
    const sizes = [sepal?.length, sepal?.width, petal?.length, petal?.width];
    try {
      // The server checks what a visitor sent, so that its type may be taken on trust.
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

  return app;
}
