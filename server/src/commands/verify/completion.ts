// What is asked of a server of an LLM: a short completion, by OpenAI's API.
import { patientRequest, type Target } from '../../net/patient-request.ts';
import { shown } from '../../net/shown-url.ts';
import { isRecord } from '../../util/is-record.ts';
import { parsedJson } from '../../util/parsed-json.ts';

/** Few: a large model on a slow processor says some a second. */
const MAX_TOKENS = 8;

/**
 * Asks the first model that the server has for a few tokens.
 * @param target its URL is the one that OpenAI's clients are given, which ends in /v1
 * @throws Error that says what was answered instead
 */
export async function checkCompletion(target: Target): Promise<string> {
  const models = dataOf(await ask(target, 'GET', '/models'));
  const [model] = models.filter(isRecord).map(({ id }) => id);
  if (typeof model !== 'string') throw new Error('the server names no model in /models');
  const completion = await ask(target, 'POST', '/chat/completions', {
    model,
    messages: [{ role: 'user', content: 'Say hello.' }],
    max_tokens: MAX_TOKENS,
  });
  const tokens = isRecord(completion['usage']) ? completion['usage']['completion_tokens'] : 0;
  if (!Array.isArray(completion['choices']) || completion['choices'].length === 0)
    throw new Error('expected a completion with a choice, got one with none');
  if (typeof tokens !== 'number' || !(tokens > 0))
    throw new Error('expected a completion of at least one token, got none');
  return `${model} completes a message with ${tokens} tokens`;
}

async function ask(
  target: Target,
  method: string,
  path: string,
  body?: object,
): Promise<Readonly<Record<string, unknown>>> {
  const authorization =
    target.apiKey === undefined ? {} : { Authorization: `Bearer ${target.apiKey}` };
  const text = body === undefined ? undefined : JSON.stringify(body);
  const response = await patientRequest(target, method, path, text, authorization);
  const answered = `${shown(new URL(target.url + path))} answered ${response.status}`;
  const value = parsedJson(response.body);
  if (response.status !== 200) throw new Error(`${answered}: ${response.body.slice(0, 300)}`);
  if (!isRecord(value)) throw new Error(`${answered} without a JSON object`);
  return value;
}

function dataOf(list: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Array.isArray(list['data']) ? list['data'] : [];
}
