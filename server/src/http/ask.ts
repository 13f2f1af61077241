// One HTTP request with a Host header of choice, which fetch does not allow.
import http from 'node:http';
import https from 'node:https';

export interface Target {
  readonly name: string;
  /** The address, without a trailing slash. */
  readonly url: string;
  readonly host: string | undefined;
  readonly apiKey: string | undefined;
  /** Certificate authority of an https address, PEM. */
  readonly ca: string | undefined;
  readonly timeoutMs: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** @throws Error that names the address when no answer comes */
export function ask(target: Target, method: string, path: string, body?: string): Promise<Answer> {
  const url = new URL(target.url + path);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new Error(`${url.href}: ${error.message || error.name}`));
    const request = (url.protocol === 'https:' ? https : http).request(
      url,
      {
        method,
        signal: AbortSignal.timeout(target.timeoutMs),
        headers: {
          ...(target.host !== undefined && { Host: target.host }),
          ...(target.apiKey !== undefined && { 'X-API-Key': target.apiKey }),
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(target.ca !== undefined && { ca: target.ca }),
        ...(target.host !== undefined && { servername: target.host }),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
        response.once('error', fail);
      },
    );
    request.once('error', fail);
    request.end(body);
  });
}
