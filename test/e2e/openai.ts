// OpenAI's client, as people use it, through the Ingress or the Gateway.
import { request } from 'node:http';
import { Readable } from 'node:stream';
import OpenAI from 'openai';
import { ingressUrl } from './http.ts';

type Server = { readonly host: string; readonly path?: string; readonly apiKey?: string };

/** A client of a server below a path, by the name of a host. It tries nothing twice: a failure is to be seen. */
export function openaiAt({ host, path = '', apiKey = 'none' }: Server): OpenAI {
  return new OpenAI({
    baseURL: `${ingressUrl()}${path}/v1`,
    apiKey,
    maxRetries: 0,
    timeout: 600_000,
    fetch: fetchByHost(host),
  });
}

/** fetch for a host that no DNS knows: the real one sets the header from the URL. */
function fetchByHost(host: string): typeof fetch {
  return async (input, init = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const { method = 'GET', body, signal } = init;
    const headers = { ...Object.fromEntries(new Headers(init.headers)), host };
    const sent = request(
      String(input),
      { method, headers, ...(signal && { signal }) },
      (incoming) => {
        const responseHeaders = new Headers();
        for (const [name, value] of Object.entries(incoming.headers))
          responseHeaders.set(name, String(value));
        const { statusCode: status = 0 } = incoming;
        resolve(
          new Response(Readable.toWeb(incoming) as ReadableStream, {
            status,
            headers: responseHeaders,
          }),
        );
      },
    );
    sent.on('error', reject).end(typeof body === 'string' ? body : undefined);
    return await promise;
  };
}

/** A chat completion as it arrives. */
export class Stream {
  /** What each part said. */
  readonly parts: string[] = [];
  finishReason: string | null = null;
  /** Settles when the first token is here, or with the failure of the request. */
  readonly begun: Promise<void>;
  /** Settles when the answer is whole. @throws what broke it */
  readonly whole: Promise<void>;

  constructor(client: OpenAI, tokens: number) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.begun = promise;
    this.whole = this.read(client, tokens, resolve);
    this.whole.catch(reject);
  }

  get isWhole(): boolean {
    return this.finishReason !== null;
  }

  private async read(client: OpenAI, tokens: number, begun: () => void): Promise<void> {
    const stream = await client.chat.completions.create({
      model: 'tiny',
      messages: [{ role: 'user', content: 'Say something long.' }],
      max_tokens: tokens,
      temperature: 0,
      stream: true,
    });
    for await (const { choices } of stream) {
      const [choice] = choices;
      const content = choice?.delta.content;
      if (content) {
        this.parts.push(content);
        begun();
      }
      this.finishReason = choice?.finish_reason ?? this.finishReason;
    }
  }
}
