// Which model a response comes from, as headers say it in every protocol.
import type { ServedModel } from '../serving/served-model.ts';

type Identity = readonly (readonly [name: string, value: string])[];

const identities = new WeakMap<ServedModel, Identity>();

/** Names and values. */
export function identityOf(served: ServedModel): Identity {
  const known = identities.get(served);
  if (known !== undefined) return known;
  const identity = identify(served);
  identities.set(served, identity);
  return identity;
}

function identify({ model, contract }: ServedModel): Identity {
  return [
    ['ML-Model-Name', headerText(model.name)],
    ['ML-Model-Version', headerText(model.version)],
    ['ML-Contract-Hash', contract.hash],
  ];
}

/** A text as a header can carry it: percent-encoded in UTF-8 where it is not printable ASCII. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/gu, (part) => encodeURIComponent(part));
}
