// The requests and responses of a listener, made with the prototypes that its application would give them. Express changes
// those of every request and response that has others, after which V8 knows nothing of their shape: a tenth of what a small
// prediction costs.
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Express } from 'express';

/** The classes of one listener's requests and responses. */
export interface Messages {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
}

export function createMessages(): Messages {
  return {
    IncomingMessage: class extends IncomingMessage {},
    ServerResponse: class<Request extends IncomingMessage> extends ServerResponse<Request> {},
  };
}

/** Gives the classes all that the application's requests and responses have: it will find nothing to change. */
export function adopt(app: Express, { IncomingMessage, ServerResponse }: Messages): void {
  app.request = Object.setPrototypeOf(IncomingMessage.prototype, app.request);
  app.response = Object.setPrototypeOf(ServerResponse.prototype, app.response);
}
