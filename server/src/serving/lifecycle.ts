// The states of a predictor process, and what its probes say in each.

export type State =
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'draining' }
  /** Only a restart helps. */
  | { readonly kind: 'broken'; readonly reason: string };

/** The answer to a probe. */
export interface Health {
  readonly healthy: boolean;
  readonly reason: string;
}

/** Whether the process works; only `broken` needs a restart. */
export function liveness(state: State): Health {
  return state.kind === 'broken' ? { healthy: false, reason: state.reason } : ok;
}

/** Whether requests should be sent here. */
export function readiness(state: State): Health {
  return state.kind === 'ready' ? ok : { healthy: false, reason: reasonOf(state) };
}

/** Whether the model is loaded and warm; stays so while draining. */
export function startup(state: State): Health {
  return state.kind === 'starting' ? { healthy: false, reason: 'starting' } : ok;
}

const ok: Health = { healthy: true, reason: 'ok' };

function reasonOf(state: State): string {
  return state.kind === 'broken' ? state.reason : state.kind;
}
