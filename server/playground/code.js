// The same request for a terminal and for a program.
import { base } from './server.js';

/** @returns {{ curl: string, sdk: string }} */
export function codeFor(/** @type {object} */ request, /** @type {boolean} */ withKey) {
  const json = JSON.stringify(request);
  const quoted = json.replaceAll("'", "'\\''");
  const key = withKey ? ` \\\n  -H "X-API-Key: $ML_API_KEY"` : '';
  const url = base.href.replace(/\/$/, '');
  return {
    curl: `curl ${url}/predict \\\n  -H 'Content-Type: application/json'${key} \\\n  -d '${quoted}'`,
    sdk: `import { createClient } from '@org/ml-sdk';

const { predict } = createClient({
  baseUrl: '${url}',${withKey ? '\n  apiKey: process.env.ML_API_KEY,' : ''}
});
const answer = await predict(${json});`,
  };
}

/** Makes the buttons copy the text of the element that they name. */
export function enableCopying() {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    if (!(button instanceof HTMLButtonElement)) continue;
    button.addEventListener('click', async () => {
      const text = document.getElementById(button.dataset['copy'] ?? '')?.textContent ?? '';
      await navigator.clipboard.writeText(text);
      const { firstChild } = button;
      if (firstChild === null) return;
      firstChild.textContent = 'Copied';
      setTimeout(() => {
        firstChild.textContent = 'Copy';
      }, 1500);
    });
  }
}
