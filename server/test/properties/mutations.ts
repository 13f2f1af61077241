// Generates what goes wrong with a request on its way: in its JSON, in its bytes, in its headers.
import fc from 'fast-check';
import { array, type Json, object, token, write } from './json.ts';
import { CANARY, type Route, type WireRequest, type Written, wireRequest } from './requests.ts';

/** A change, and what a failure calls it. */
export interface Mutation {
  readonly name: string;
  readonly json?: (json: Json) => Json;
  readonly wire?: (request: WireRequest) => WireRequest;
}

/** The request with all changes; those of its JSON come first. */
export function mutate(
  route: Route,
  { json, binary }: Written,
  model: string,
  mutations: readonly Mutation[],
): WireRequest {
  const changed = mutations.reduce((all, one) => one.json?.(all) ?? all, json);
  const sent = wireRequest(route, { json: changed, binary }, model);
  return mutations.reduce((all, one) => one.wire?.(all) ?? all, sent);
}

/** Values that stand where another was expected. */
const strangers = fc.constantFrom(
  'null',
  'true',
  '0',
  '1',
  '-1',
  '1.5',
  '-0',
  '1e400',
  '3.5e38',
  '65536',
  '50000000',
  '9007199254740992',
  '9223372036854775808',
  '18446744073709551616',
  '1270987653',
  'NaN',
  'Infinity',
  '0x10',
  '01',
  'undefined',
  '""',
  `"${CANARY}"`,
  `"${CANARY}\\u0000x"`,
  `"\\ud800${CANARY}"`,
  '"\\udfff"',
  '"1"',
  '"FP32"',
  '"BYTES"',
  '[]',
  '[[]]',
  '{}',
  '[null]',
  `{"${CANARY}":1}`,
  '[50000000,2]',
  '[9007199254740992,2]',
  '[1024,1024,1024,1024]',
  '[-1,-1]',
  '[1.5]',
  '[1e300]',
  '{"__proto__":{"data":[1]}}',
  '{"length":5}',
);

const keys = fc.constantFrom(
  '__proto__',
  'constructor',
  '',
  `${CANARY}-key`,
  'toString',
  'data',
  'shape',
  'parameters',
  'inputs',
  'binary_data_size',
  'shared_memory_region',
);

/** Changes one node of the JSON: of all, or of those under a key such as `shape`. */
const ofJson: fc.Arbitrary<Mutation> = fc
  .record({
    at: fc.nat(400),
    under: fc.constantFrom(undefined, 'shape', 'name', 'datatype', 'binary_data_size', 'inputs'),
    change: fc.oneof(
      fc.record({ kind: fc.constant('becomes'), value: strangers }),
      fc.record({ kind: fc.constant('gets a member'), value: fc.tuple(keys, strangers) }),
      fc.record({ kind: fc.constant('is renamed'), value: keys }),
      fc.record({ kind: fc.constant('is nested'), value: fc.constantFrom(1, 2, 5, 20_000) }),
      fc.record({
        kind: fc.constantFrom('is dropped', 'comes twice', 'is unwrapped', 'is reversed'),
        value: fc.constant(''),
      }),
    ),
  })
  .map(({ at, under, change: { kind, value } }) => ({
    name: `node ${at}${under ? ` under "${under}"` : ''} ${kind} ${String(value)}`,
    json: (json: Json) => {
      const places = placesIn(json, under);
      const place = places[at % places.length];
      return place === undefined ? json : changeAt(json, place, changeOf(kind, value));
    },
  }));

/** What becomes of a node: the members or items that stand in its place. */
type Change = (node: Json, key: string) => readonly (readonly [string, Json])[];

function changeOf(kind: string, value: unknown): Change {
  switch (kind) {
    case 'becomes':
      return (_node, key) => [[key, token(String(value))]];
    case 'gets a member': {
      const [added, content] = Array.isArray(value) ? value : ['', ''];
      const extra: readonly [string, Json] = [String(added), token(String(content))];
      return (node, key) => {
        if (node.kind === 'object') return [[key, object([...node.members, extra])]];
        if (node.kind === 'array') return [[key, array([...node.items, extra[1]])]];
        return [[key, node], extra];
      };
    }
    case 'is renamed':
      return (node) => [[String(value), node]];
    case 'is nested':
      return (node, key) => [
        [key, token(`${'['.repeat(Number(value))}${write(node)}${']'.repeat(Number(value))}`)],
      ];
    case 'is dropped':
      return () => [];
    case 'comes twice':
      return (node, key) => [
        [key, node],
        [key, node],
      ];
    case 'is unwrapped':
      return (node, key) => [[key, node.kind === 'array' ? (node.items[0] ?? node) : node]];
    default:
      return (node, key) => {
        if (node.kind === 'object') return [[key, object(node.members.toReversed())]];
        return [[key, node.kind === 'array' ? array(node.items.toReversed()) : node]];
      };
  }
}

type Place = readonly number[];

/** The places of all nodes, or of those at a key and below; the root's is the empty one. */
function placesIn(json: Json, under: string | undefined): Place[] {
  const places: Place[] = [];
  const visit = (node: Json, place: Place, inside: boolean) => {
    if (inside) places.push(place);
    for (const [i, [key, child]] of childrenOf(node).entries())
      visit(child, [...place, i], inside || key === under);
  };
  visit(json, [], under === undefined);
  return places;
}

function childrenOf(node: Json): readonly (readonly [string, Json])[] {
  if (node.kind === 'object') return node.members;
  return node.kind === 'array' ? node.items.map((item) => ['', item] as const) : [];
}

function changeAt(json: Json, [first, ...rest]: Place, change: Change, key = ''): Json {
  if (first === undefined) return change(json, key)[0]?.[1] ?? token('');
  const children = childrenOf(json).flatMap(([name, child], i) => {
    if (i !== first) return [[name, child] as const];
    if (rest.length === 0) return change(child, name);
    return [[name, changeAt(child, rest, change, name)] as const];
  });
  if (json.kind === 'object') return object(children);
  return array(children.map(([, child]) => child));
}

const junk = fc.constantFrom(
  [0xef, 0xbb, 0xbf], // a BOM
  [0xff],
  [0xc0, 0x80],
  [0xed, 0xa0, 0x80],
  [0x00],
  [...Buffer.from(',')],
  [...Buffer.from('}')],
  [...Buffer.from('{')],
  [...Buffer.from('"')],
  [...Buffer.from('\n')],
  [...Buffer.from('[[[[')],
);

/** Changes the bytes of the body. */
const ofBytes: fc.Arbitrary<Mutation> = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }).map((at) => ({
    name: `ends after ${at} of its bytes`,
    wire: (request: WireRequest) => ({
      ...request,
      body: request.body.subarray(0, at * request.body.length),
    }),
  })),
  fc
    .record({ at: fc.constantFrom(0, 1, 0.25, 0.5, 0.75), bytes: junk, over: fc.boolean() })
    .map(({ at, bytes, over }) => ({
      name: `has ${over ? 'over' : 'before'} byte ${at} the bytes ${bytes}`,
      wire: (request: WireRequest) => {
        const place = Math.floor(at * request.body.length);
        const after = request.body.subarray(over ? place + bytes.length : place);
        return {
          ...request,
          body: Buffer.concat([request.body.subarray(0, place), Buffer.from(bytes), after]),
        };
      },
    })),
);

const header = (name: string, value: string): Mutation => ({
  name: `has the header ${name}: ${value}`,
  wire: (request) => ({ ...request, headers: { ...request.headers, [name]: value } }),
});

const ofHeaders: fc.Arbitrary<Mutation> = fc.oneof(
  fc
    .constantFrom('0', '1', '-1', '99999999', 'abc', '', '1.5', '0x1', '9'.repeat(400))
    .map((value) => header('Inference-Header-Content-Length', value)),
  fc
    .constantFrom(
      '',
      'text/plain',
      'application/json; charset=latin1',
      'application/json; charset=utf-8',
      'application/json; charset=utf-16',
      'application/x-www-form-urlencoded',
      'application/octet-stream',
      'APPLICATION/JSON',
      ';',
      `${CANARY}/${CANARY}`,
    )
    .map((value) => header('Content-Type', value)),
  fc
    .constantFrom('gzip', 'deflate', 'br', 'zstd', 'identity', '', CANARY)
    .map((value) => header('Content-Encoding', value)),
  fc
    .constantFrom(`${CANARY}\u00e9`, 'x'.repeat(500), '{}')
    .map((value) => header('X-Request-Id', value)),
);

/** One thing that goes wrong, or two. */
export const mutationLists: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: ofJson },
    { weight: 2, arbitrary: ofBytes },
    { weight: 1, arbitrary: ofHeaders },
  ),
  { minLength: 1, maxLength: 2, size: 'max' },
);
