// The runs that a model is tried with at the start, of which the pace remains.
import type { Model } from '../../model/model.ts';
import type { Engine } from '../../runtime/engine.ts';
import type { Tensors } from '../../tensor/tensor.ts';
import type { Pace } from '../queue/drain-rate.ts';

export interface Trials {
  /** The same engine, whose runs count as trials. */
  on(engine: Engine): Engine;
  /** The trial that took in the most rows a millisecond, of those that could have been a run: first ones are slow. */
  fastest(mostRows: number): Pace | undefined;
}

/** @param signal aborts when the start is given up: trying a heavy model takes a while */
export function createTrials({ rowMode }: Model, signal: AbortSignal | undefined): Trials {
  const trials: Pace[] = [];
  return {
    on: (engine) => ({
      ...engine,
      run: async (feeds) => {
        signal?.throwIfAborted();
        const startedAt = performance.now();
        const outputs = await engine.run(feeds);
        const rows = rowMode === 'many' ? rowsIn(feeds) : 1;
        trials.push({ rows, milliseconds: performance.now() - startedAt });
        return outputs;
      },
    }),
    fastest(mostRows) {
      const paceOf = ({ rows, milliseconds }: Pace) => rows / milliseconds;
      return trials
        .filter(({ rows }) => rows <= mostRows)
        .reduce<Pace | undefined>(
          (best, one) => (best === undefined || paceOf(one) > paceOf(best) ? one : best),
          undefined,
        );
    },
  };
}

function rowsIn(feeds: Tensors): number {
  return Object.values(feeds)[0]?.dims[0] ?? 1;
}
