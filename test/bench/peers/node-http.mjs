// The ceiling: Node's own server with a constant answer.
import { createServer } from 'node:http';

createServer((_req, res) => res.end('hello')).listen(Number(process.env.PORT), '127.0.0.1');
