// Golden predictions where a model came without: what it predicts here and now, so that a server elsewhere can be held against it.
import { inputsToJson } from '../../model/inputs.ts';
import type { Model } from '../../model/model.ts';
import { Result, toPrediction } from '../../model/prediction.ts';
import { sampleInputs } from '../../model/samples.ts';
import type { ModelSession } from '../../runtime/session.ts';
import { joinRows, Outputs } from '../../tensor/work.ts';

/** What people still read, and every server takes as a request. */
const MOST_CHARACTERS = 100_000;
/** Processors differ in the last bits. */
const TOLERANCE = 1e-5;

export type MadeGolden =
  | { readonly json: string; readonly inputs: unknown }
  /** Why there is none. */
  | { readonly reason: string };

/** Runs the model on its example, or on made-up values. */
export async function makeGolden(model: Model, session: ModelSession): Promise<MadeGolden> {
  const { rows } = sampleInputs(model, undefined);
  const feeds = model.rowMode === 'many' ? joinRows(rows.map((row) => row.feeds)) : rows[0].feeds;
  try {
    const outputs = await session.run(feeds);
    const predicted = toPrediction(new Result(model, new Outputs(outputs)), {
      labels: model.labels !== undefined,
      probabilities: true,
    });
    const inputs = inputsToJson(model, feeds);
    const json = JSON.stringify({ inputs, tolerance: TOLERANCE, ...predicted });
    if (json.length > MOST_CHARACTERS)
      return { reason: `an example and its prediction have ${json.length} characters` };
    return { json: `${json}\n`, inputs };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}
