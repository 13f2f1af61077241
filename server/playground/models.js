// The other models of the same server: a link to the page of each.
import { byId, make } from './dom.js';

/** @param {Model} own the model of this page @param {{ name: string, version: string, href: string }[]} models */
export function showModels(own, models) {
  const links = models.map(({ name, version, href }) => {
    const isOnly = models.filter((one) => one.name === name).length === 1;
    const link = make('a', { href }, isOnly ? name : `${name} ${version}`);
    if (name === own.name && version === own.version) link.setAttribute('aria-current', 'page');
    return link;
  });
  byId('models').replaceChildren(...links);
  byId('models').hidden = links.length === 0;
}
