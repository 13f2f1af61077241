// Production: ML_API_URL names the server of the model.
import { createApp } from './app.ts';
import { createClient } from './ml/index.ts';

const port = Number(process.env['PORT'] ?? 3000);
createApp(createClient({ timeout: 2000, totalTimeout: 5000 })).listen(port, () =>
  console.log(`http://localhost:${port}/flowers`),
);
