// The same request for a terminal and for a program.
import { byId, save } from './dom.js';
import { base } from './server.js';

/** A longer request is a file. */
const LONGEST = 600;

/** @param {object} request @param {boolean} needsKey */
export function showCode(request, needsKey) {
  const isLong = JSON.stringify(request).length > LONGEST;
  const url = base.href.replace(/\/$/, '');
  const lines = (/** @type {string} */ indent, /** @type {string} */ quote) =>
    Object.entries(request)
      .map(([name, value]) => `${indent}${quote}${name}${quote}: ${onOneLine(value)}`)
      .join(',\n');
  const header = needsKey ? ` \\\n  -H "X-API-Key: $ML_API_KEY"` : '';
  const body = isLong
    ? '@request.json'
    : `'{\n${lines('    ', '"').replaceAll("'", "'\\''")}\n  }'`;
  byId('curl').textContent = `curl ${url}/predict \\
  -H 'Content-Type: application/json'${header} \\
  -d ${body}`;
  const read = `import request from './request.json' with { type: 'json' };\n`;
  byId('sdk').textContent = `import { createClient } from '@org/ml-sdk';
${isLong ? read : ''}
const { predict } = createClient({
  baseUrl: '${url}',${needsKey ? '\n  apiKey: process.env.ML_API_KEY,' : ''}
});
const result = await predict(${isLong ? 'request' : `{\n${lines('  ', '')},\n}`});`;
  byId('request').hidden = !isLong;
  byId('request').onclick = () => save('request.json', JSON.stringify(request));
}

/** A value as JSON with a space after each comma. Line ends are never part of a text in it. */
const onOneLine = (/** @type {unknown} */ value) =>
  JSON.stringify(value, null, 1)
    .replaceAll(/,\n\s*/g, ', ')
    .replaceAll(/\n\s*/g, '');

const COPY_KEYS = /Mac|iP/.test(navigator.platform) ? '⌘C' : 'Ctrl+C';

/** Makes the buttons copy the text of the element that they name. */
export function enableCopying() {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll('[data-copy]')
  ))
    button.onclick = async () => {
      const copied = await copy(byId(button.dataset['copy'] ?? ''));
      const text = /** @type {Text} */ (button.firstChild);
      text.data = copied ? 'Copied' : `Press ${COPY_KEYS} to copy`;
      setTimeout(
        () => {
          text.data = 'Copy';
        },
        copied ? 1500 : 5000,
      );
    };
}

/** Copies the text of an element, or selects it where the browser does not let a page copy. */
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
