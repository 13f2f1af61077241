// Renders the chart many times in one process, and asks Kubernetes' own validation about what comes out: test/tools/admit.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { env as environment } from 'node:process';
import { createInterface } from 'node:readline';
import { toolPath } from '../tools/tool.ts';
import { chart } from './chart.ts';
import { customResourceDefinitions } from './schemas.ts';

/** What is rendered: values for a release. */
export type Rendering = {
  readonly release: string;
  readonly namespace: string;
  readonly upgrade: boolean;
  readonly values: object;
};

/** A Kubernetes object, of which the checks look at what they need. */
// biome-ignore lint/suspicious/noExplicitAny: an object of any kind
export type KubernetesObject = { readonly [field: string]: any };

/** Why values were refused, or what they make and what an API server would refuse of it. */
export type Admission =
  | { readonly refused: string }
  | {
      readonly objects: readonly KubernetesObject[];
      readonly faults: readonly string[];
      /** Fields that an API server adds to elements of lists of custom resources, which Argo CD takes for a difference. */
      readonly added: readonly string[];
      readonly notes: string;
    };

export type Admitter = {
  /** Answers come in order; any number may be asked for at once. */
  admit(rendering: Rendering): Promise<Admission>;
  close(): Promise<void>;
};

/** Starts the process, which reads the chart once. */
export function startAdmitter(kubeVersion = 'v1.37.2'): Admitter {
  const process = spawn(toolPath('admit'), [chart, kubeVersion, customResourceDefinitions()], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...environment, GOGC: '400' }, // much is thrown away
  });
  const waiting: {
    readonly resolve: (admission: Admission) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  createInterface({ input: process.stdout }).on('line', (line) => {
    const { refused, objects = [], faults = [], added = [], notes = '' } = JSON.parse(line);
    waiting
      .shift()
      ?.resolve(refused === undefined ? { objects, faults, added, notes } : { refused });
  });
  const ended = once(process, 'close').then(([status]) => {
    for (const { reject } of waiting.splice(0))
      reject(new Error(`admit ended with status ${status}: see the lines above.`));
  });
  return {
    admit: ({ values, ...rest }) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        process.stdin.write(`${JSON.stringify({ ...rest, values: JSON.stringify(values) })}\n`);
      }),
    close: async () => {
      process.stdin.end();
      await ended;
    },
  };
}
