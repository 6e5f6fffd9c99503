// An OpenID provider of somebody else's making (oidc-provider), for tests: anybody may sign in to it under any name.
// It is told where its packages are and its port, and then, in a line of its input, where its one client is.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [packages, port] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${packages}/node_modules/oidc-provider/lib/index.js`));
const { value: callback } = await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next();

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'vestibule', client_secret: 'a secret of tests', redirect_uris: [callback] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
  cookies: { keys: ['of tests'] },
  pkce: { methods: ['S256'], required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.com`,
      email_verified: true,
      name: id.toUpperCase(),
      preferred_username: id,
    }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
