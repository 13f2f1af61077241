// The same request for a terminal and for a program.
import { base } from './server.js';

/** @returns {{ curl: string, sdk: string }} */
export function codeFor(/** @type {object} */ request, /** @type {boolean} */ withKey) {
  const key = withKey ? ` \\\n  -H "X-API-Key: $ML_API_KEY"` : '';
  const url = base.href.replace(/\/$/, '');
  const json = fields(request, (name) => JSON.stringify(name), '    ');
  return {
    curl: `curl ${url}/predict \\
  -H 'Content-Type: application/json'${key} \\
  -d '{
${json.join(',\n').replaceAll("'", "'\\''")}
  }'`,
    sdk: `import { createClient } from '@org/ml-sdk';

const { predict } = createClient({
  baseUrl: '${url}',${withKey ? '\n  apiKey: process.env.ML_API_KEY,' : ''}
});
const answer = await predict({
${fields(request, (name) => name, '  ').join(',\n')},
});`,
  };
}

/** The fields of a request, a line each. */
function fields(
  /** @type {object} */ request,
  /** @type {(name: string) => string} */ named,
  /** @type {string} */ indent,
) {
  return Object.entries(request).map(
    ([name, value]) => `${indent}${named(name)}: ${onOneLine(value)}`,
  );
}

/** A value as JSON with a space after each comma. Line ends are never part of a text in it. */
function onOneLine(/** @type {unknown} */ value) {
  return JSON.stringify(value, null, 1)
    .replaceAll(/,\n\s*/g, ', ')
    .replaceAll(/\n\s*/g, '');
}

/** Makes the buttons copy the text of the element that they name. */
export function enableCopying() {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    if (!(button instanceof HTMLButtonElement)) continue;
    button.addEventListener('click', async () => {
      const element = document.getElementById(button.dataset['copy'] ?? '');
      const { firstChild } = button;
      if (element === null || firstChild === null) return;
      const copied = await copy(element);
      firstChild.textContent = copied ? 'Copied' : `Press ${COPY_KEYS} to copy`;
      setTimeout(
        () => {
          firstChild.textContent = 'Copy';
        },
        copied ? 1500 : 5000,
      );
    });
  }
}

const COPY_KEYS = /Mac|iP/.test(navigator.platform) ? '⌘C' : 'Ctrl+C';

/**
 * Copies the text of an element, or selects it where the browser does not let a page copy.
 * @returns whether it has been copied
 */
async function copy(/** @type {HTMLElement} */ element) {
  try {
    // Undefined on plain HTTP: only secure contexts have a clipboard.
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    const selection = getSelection();
    selection?.selectAllChildren(element);
    // Deprecated, and the only way there is without a secure context.
    if (!document.execCommand('copy')) return false;
    selection?.removeAllRanges();
    return true;
  }
}
