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
  /** Why a model can no longer do all its work, where one cannot. */
  failure(): string | undefined;
}

export function createRegistry(main: ServedModel): Registry {
  const { name, version } = main.model;
  return {
    main,
    find(wanted = name, wantedVersion = version) {
      if (wanted === name && wantedVersion === version) return main;
      throw new NotFoundError(
        `There is no model ${quote(wanted)}${wantedVersion === version ? '' : ` of version ${quote(wantedVersion)}`} here; this server has "${name}" of version "${version}".`,
      );
    },
    failure: () => main.failure(),
  };
}
