// What the main thread and the others say to each other.
import type { Files } from '../files.ts';
import type { ProcessState } from './state.ts';
import type { Ask, AskAll } from './thread.ts';

/** What a thread is started with: data only. */
export interface ServingSetup {
  readonly env: NodeJS.ProcessEnv;
  readonly files: Readonly<Record<keyof Files, string>>;
  /** Which of the threads it is: the main thread is 1. */
  readonly number: number;
  readonly memory: SharedArrayBuffer;
  /** The fingerprint of what it is to serve. */
  readonly expected: string;
}

/** What the main thread asks of another. */
export interface ForMain {
  /** Loads the models, then serves. @returns why it cannot, where that is known; it throws what is not */
  start(): Promise<string | undefined>;
  readonly ask: Ask;
  /** Finishes what it has begun, the start too. */
  stop(): Promise<void>;
  end(): void;
}

/** What another asks of the main thread. */
export interface ForWorker {
  readonly all: AskAll;
  /** Says that it does not stand still. */
  respond(): void;
  /** Writes lines of the log: threads that wrote at once could cut each other's in two. */
  log(lines: string): void;
}

export function setupFor(
  number: number,
  { memory }: ProcessState,
  options: Pick<ServingSetup, 'env' | 'expected'> & { readonly files: Files },
): ServingSetup {
  const { contract, protos, manifestSchema, playground, defaultModel } = options.files;
  return {
    number,
    memory,
    env: { ...options.env },
    expected: options.expected,
    files: {
      contract: contract.href,
      protos: protos.href,
      manifestSchema: manifestSchema.href,
      playground: playground.href,
      defaultModel: defaultModel.href,
    },
  };
}

export function filesOf({ files }: ServingSetup): Files {
  return {
    contract: new URL(files.contract),
    protos: new URL(files.protos),
    manifestSchema: new URL(files.manifestSchema),
    playground: new URL(files.playground),
    defaultModel: new URL(files.defaultModel),
  };
}
