// What the pod of a model that cannot be fetched says.
import { expect } from 'vitest';
import { eventually } from './http.ts';
import type { Namespace } from './namespace.ts';

/** Waits until the init container of a pod has failed, and gives its last words, which `kubectl describe pod` shows. */
export function failureOfFetching(namespace: Namespace): Promise<string> {
  return eventually(60, async () => {
    const pods = await namespace.stayingPredictors();
    const messages = pods.flatMap(({ status }) =>
      (status.initContainerStatuses ?? []).flatMap(
        // biome-ignore lint/suspicious/noExplicitAny: as the API server answers
        ({ state, lastState }: any) =>
          state.terminated?.message ?? lastState.terminated?.message ?? [],
      ),
    );
    expect(messages).not.toEqual([]);
    return messages.join('\n');
  });
}
