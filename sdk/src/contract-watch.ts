// Notices when the server's contract is not, or no longer, the one that the caller was written against.
import { ContractMismatchError } from './errors.ts';
import type { MlApiOptions } from './options.ts';

export interface ContractChange {
  /** The hash of the contract known before. */
  readonly expected: string;
  /** The hash of the contract that the server has. */
  readonly actual: string;
  /** The model and version that answered. */
  readonly model: string | undefined;
  readonly version: string | undefined;
}

/**
 * Checks the contract hash of every answer. Each hash is told once: where two versions share an address for an
 * A/B test, their answers alternate.
 * @returns a function that throws a ContractMismatchError for another contract, if so asked
 */
export function watchContract(options: MlApiOptions): (response: Response) => void {
  let expected = options.contractHash;
  const known = new Set<string>();
  return ({ headers }) => {
    const actual = headers.get('ML-Contract-Hash');
    if (actual === null) return;
    expected ??= actual;
    if (actual === expected) return;
    if (options.strictContract) throw new ContractMismatchError(expected, actual);
    if (known.has(actual)) return;
    known.add(actual);
    const change: ContractChange = {
      expected,
      actual,
      model: headers.get('ML-Model-Name') ?? undefined,
      version: headers.get('ML-Model-Version') ?? undefined,
    };
    (options.onContractChange ?? warn)(change);
  };
}

function warn({ expected, actual, model, version }: ContractChange): void {
  console.warn(
    `ml-sdk: the contract of ${model} ${version} has the hash ${actual}, not ${expected}: the model has changed. Generate the client again, or pass onContractChange.`,
  );
}
