// Which model a response comes from, as headers say it in every protocol.
import type { ServedModel } from '../serving/served-model.ts';

/** Names and values. */
export function identityOf({ model, contract }: ServedModel): [name: string, value: string][] {
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
