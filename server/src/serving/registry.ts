// The models of a process, by name and version.
import { quote } from '../util/quote.ts';
import { NotFoundError } from './errors.ts';
import type { ServedModel } from './served-model.ts';

export interface Registry {
  /** The model of calls that name none. */
  readonly main: ServedModel;
  /**
   * @param name any model's where it is undefined, and so with the version
   * @throws NotFoundError that says what there is
   */
  find(name: string | undefined, version: string | undefined): ServedModel;
  /** Gives the calls from now on to another model. @returns the one before, which still has the calls that it took */
  replace(next: ServedModel): ServedModel;
  /** Why a model can no longer do all its work, where one cannot. */
  failure(): string | undefined;
}

export function createRegistry(first: ServedModel): Registry {
  let main = first;
  return {
    get main() {
      return main;
    },
    find(wanted, wantedVersion) {
      const { name, version } = main.model;
      const isName = wanted === undefined || wanted === name;
      const isVersion = wantedVersion === undefined || wantedVersion === version;
      if (isName && isVersion) return main;
      throw new NotFoundError(
        `There is no model ${quote(wanted ?? name)}${isVersion ? '' : ` of version ${quote(wantedVersion)}`} here; this server has "${name}" of version "${version}".`,
      );
    },
    replace(next) {
      const before = main;
      main = next;
      return before;
    },
    failure: () => main.failure(),
  };
}
