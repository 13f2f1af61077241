// How the tests' MLflow servers let people in, and how their administrator asks them.
import { expect } from 'vitest';

/** Who may do everything there. */
export const mlflowLogin = {
  MLFLOW_TRACKING_USERNAME: 'admin',
  MLFLOW_TRACKING_PASSWORD: 'hunter2hunter2',
};
const { MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password } = mlflowLogin;

/** What MLFLOW_AUTH_CONFIG_PATH names, for a server that keeps its users in a folder. */
export const authenticationIn = (folder: string) => `[mlflow]
default_permission = READ
database_uri = sqlite:///${folder}/auth.db
admin_username = ${user}
admin_password = ${password}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
`;

/** Asks MLflow's REST API as its administrator. */
export async function askMlflow(
  url: string,
  method: string,
  path: string,
  body: object,
): Promise<void> {
  const response = await fetch(`${url}/api/2.0/mlflow/${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
    },
    body: JSON.stringify(body),
  });
  expect(response.status, await response.text()).toBe(200);
}
