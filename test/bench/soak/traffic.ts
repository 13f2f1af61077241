// Clients that send a mixture of everything for as long as they are told, and what was wrong with what they got.
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Abandoned, type Answered, abandon, exchange, type Kind } from './kind.ts';

/** Exchanges at a time, and the pause of each client after one: the server is to be busy, not overloaded. */
const CLIENTS = 12;
const PAUSE_MS = 5;

/** How the exchanges ended, by what is promised of them. */
export interface Outcome {
  exchanges: number;
  /** 503: the server said that it had too much to do. */
  refused: number;
  readonly serverErrors: string[];
  readonly wrongStatuses: string[];
  readonly wrongPredictions: string[];
  readonly broken: string[];
  /** Kinds that have come at least once. */
  readonly seen: Set<string>;
}

export async function traffic(
  port: number,
  kinds: readonly Kind[],
  isOver: () => boolean,
): Promise<Outcome> {
  const outcome: Outcome = {
    exchanges: 0,
    refused: 0,
    serverErrors: [],
    wrongStatuses: [],
    wrongPredictions: [],
    broken: [],
    seen: new Set(),
  };
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const urn = kinds.flatMap((kind) => Array<Kind>(kind.weight).fill(kind));
  const client = async () => {
    while (!isOver()) {
      const kind = urn[Math.floor(Math.random() * urn.length)];
      if (kind === undefined) throw new Error('there is no traffic');
      outcome.exchanges++;
      outcome.seen.add(kind.name);
      if (isAbandoned(kind)) await abandon(port, kind);
      else await ask(port, agent, kind, outcome);
      await sleep(PAUSE_MS);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  agent.destroy();
  return outcome;
}

function isAbandoned(kind: Kind): kind is Abandoned {
  return 'bytes' in kind;
}

async function ask(port: number, agent: Agent, kind: Answered, outcome: Outcome): Promise<void> {
  const { name, status, check, mayBeCut = false } = kind;
  const sent = kind.send();
  try {
    const received = await exchange(port, agent, sent);
    const got = `${name}: ${received.status} ${received.body.toString('utf8', 0, 300)}`;
    if (received.status === 503) outcome.refused++;
    else if (received.status >= 500) outcome.serverErrors.push(got);
    else if (received.status !== status)
      outcome.wrongStatuses.push(`${got}, where ${status} was expected`);
    else {
      const complaint = check?.(received, sent);
      if (complaint !== undefined) outcome.wrongPredictions.push(`${name}: ${complaint}`);
    }
  } catch (error) {
    if (!mayBeCut) outcome.broken.push(`${name}: ${error}`);
  }
}
