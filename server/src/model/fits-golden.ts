// Golden predictions of a model that nobody is served by yet: whether it may be.
import { ModelLoadError } from '../runtime/session.ts';
import type { Tensors } from '../tensor/tensor.ts';
import { Outputs } from '../tensor/work.ts';
import { checkGolden, type Extent, type GoldenRequest } from './check-golden.ts';
import type { Contract } from './contract/contract.ts';
import type { Golden } from './golden.ts';
import { encodeInputs } from './inputs.ts';
import type { Model } from './model.ts';
import { Result, toPrediction } from './prediction.ts';

/**
 * @param run runs the model
 * @returns how many rows were as expected: all that were compared
 * @throws ModelLoadError that says how golden.json and the model differ, and what to do about it
 */
export async function fitsGolden(
  golden: Golden,
  model: Model,
  { validatePredict, maxRows }: Pick<Contract, 'validatePredict' | 'maxRows'>,
  run: (feeds: Tensors) => Promise<Tensors>,
  isWanted?: Extent['isWanted'],
): Promise<number> {
  const predict = async (body: GoldenRequest) => {
    const request = validatePredict(body);
    const outputs = await run(encodeInputs(model, request.inputs).feeds);
    return { ...toPrediction(new Result(model, new Outputs(outputs)), request) };
  };
  try {
    return await checkGolden(golden, predict, { maxRows, ...(isWanted && { isWanted }) });
  } catch (error) {
    const why =
      error instanceof RangeError
        ? 'it is nested too deeply'
        : error instanceof Error
          ? error.message
          : error;
    throw new ModelLoadError(
      `golden.json: ${String(why).replace(/[.]$/, '')}. Export the model and its golden predictions together.`,
      { cause: error },
    );
  }
}
