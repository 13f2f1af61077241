// The other models of the same server: a link to the page of each.

/** @import { Model } from './server.js' */

/**
 * @param {HTMLElement} nav
 * @param {Model} own the model of this page
 * @param {{ name: string, version: string, at: URL }[]} models
 */
export function showModels(nav, own, models) {
  const links = models.map(({ name, version, at }) => {
    const link = document.createElement('a');
    const isOnly = models.filter((one) => one.name === name).length === 1;
    link.textContent = isOnly ? name : `${name} ${version}`;
    link.href = at.href;
    if (name === own.name && version === own.version) link.setAttribute('aria-current', 'page');
    return link;
  });
  nav.replaceChildren(...links);
  nav.hidden = links.length === 0;
}
