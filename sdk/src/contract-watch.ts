// Notices when the server's contract is not, or no longer, the one that the caller was written against.
import { CHANGED, ContractMismatchError } from './errors.ts';
import type { MlApiOptions } from './options.ts';

/** What `onContractChange` is told. */
export interface ContractChange {
  /** The hash of the contract known before. */
  readonly expected: string;
  /** The hash of the contract that the server has. */
  readonly actual: string;
  /** The model that answered. */
  readonly model: string | undefined;
  /** The version that answered. */
  readonly version: string | undefined;
}

/**
 * Checks the contract hash of every response that has one. Each hash is told once: where two versions share an
 * address for an A/B test, their answers alternate.
 * @returns a function that throws a ContractMismatchError for another contract, if so asked
 */
export function watchContract(
  options: Pick<MlApiOptions, 'contractHash' | 'onContractChange' | 'strictContract'>,
): (headers: Headers) => void {
  let expected = options.contractHash;
  const told = new Set<string>();
  return (headers) => {
    const actual = headers.get('ML-Contract-Hash');
    if (actual === null) return;
    expected ??= actual;
    if (actual === expected) return;
    if (options.strictContract) throw new ContractMismatchError(expected, actual);
    if (told.has(actual)) return;
    told.add(actual);
    (options.onContractChange ?? warn)({
      expected,
      actual,
      model: headers.get('ML-Model-Name') ?? undefined,
      version: headers.get('ML-Model-Version') ?? undefined,
    });
  };
}

function warn({ expected, actual, model = 'the model', version = '' }: ContractChange): void {
  console.warn(
    `ml-sdk: the contract of ${model} ${version} has the hash ${actual}, not ${expected}: ${CHANGED}, or pass onContractChange.`,
  );
}
