// A certified OpenID provider (npm oidc-provider) as an operator would embed it: people sign in by its own pages, and
// an administrative API lists their sessions and grants, ends them, and says which relying parties did not take a
// logout. All of it in memory, on loopback.
//
//   PORT=… ADMIN_PORT=… CLIENTS='[{"client_id": "crm", …}]' node server.mjs
//
// The API takes an access token of the client `curfew` with the scope `sessions`. What stands below /test is no part of
// it: what is wrong for the tests (throttled, cut, …).
import http from 'node:http';
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { Provider } from 'oidc-provider';

const port = Number(process.env.PORT);
const adminPort = Number(process.env.ADMIN_PORT);
const issuer = `http://127.0.0.1:${port}`;

// What the library stores, and what an operator must be able to find: whose it is, and of which session.
const stored = new Map(); // "Model:id" -> {payload, until}
const sessionOfGrant = new Map(); // grant id -> session uid
const keysOfGrant = new Map(); // grant id -> keys of what was granted by it

class Store {
  constructor(model) {
    this.model = model;
  }
  key(id) {
    return `${this.model}:${id}`;
  }
  async upsert(id, payload, seconds) {
    const key = this.key(id);
    stored.set(key, { payload, until: seconds ? Date.now() + seconds * 1000 : Infinity, at: Date.now() });
    if (payload.grantId && payload.sessionUid) {
      sessionOfGrant.set(payload.grantId, payload.sessionUid);
      if (!keysOfGrant.has(payload.grantId)) keysOfGrant.set(payload.grantId, new Set());
      keysOfGrant.get(payload.grantId).add(key);
    }
  }
  async find(id) {
    const one = stored.get(this.key(id));
    return one && one.until > Date.now() ? one.payload : undefined;
  }
  async findByUid(uid) {
    return living('Session').map((one) => one.payload).find((payload) => payload.uid === uid);
  }
  async findByUserCode() {
    return undefined;
  }
  async consume(id) {
    const one = stored.get(this.key(id));
    if (one) one.payload.consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) {
    stored.delete(this.key(id));
  }
  async revokeByGrantId(grant) {
    for (const key of keysOfGrant.get(grant) ?? []) stored.delete(key);
    keysOfGrant.delete(grant);
  }
}

const living = (model) =>
  [...stored].filter(([key, one]) => key.startsWith(`${model}:`) && one.until > Date.now()).map(([, one]) => one);

const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
const clients = JSON.parse(process.env.CLIENTS);
const seconds = Number(process.env.TOKEN_SECONDS ?? 600);

const provider = new Provider(issuer, {
  adapter: Store,
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: 'k1' }] },
  clients: [
    ...clients,
    {
      client_id: 'curfew',
      client_secret: 'the-secret-of-curfew',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      scope: 'sessions',
    },
  ],
  scopes: ['openid', 'offline_access', 'sessions'],
  findAccount: (context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  cookies: { keys: ['a key for the tests alone'] },
  pkce: { required: () => false },
  features: {
    devInteractions: { enabled: true },
    introspection: { enabled: true },
    // The gate revokes what others were given.
    revocation: {
      enabled: true,
      allowedPolicy: (context, client, token) => client.clientId === 'curfew' || client.clientId === token.clientId,
    },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      // An API that looks at the token alone.
      getResourceServerInfo: (context, resource) => ({
        scope: 'openid',
        audience: resource,
        accessTokenTTL: seconds,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  issueRefreshToken: async (context, client) => client.grantTypeAllowed('refresh_token'),
  ttl: { AccessToken: seconds, RefreshToken: 86400, Session: 3600, Grant: 86400, IdToken: 3600, ClientCredentials: 300 },
  // Its own refuses to speak to loopback, where the tests' relying parties are.
  fetch: (url, { dispatcher, ...options } = {}) => fetch(url, { ...options, signal: AbortSignal.timeout(2000) }),
});
provider.on('server_error', (context, error) => console.error('server_error', error));

const undelivered = new Map(); // "session client" -> {session, client, subject, sid}

async function tell(session, subject, client, sid) {
  const known = await provider.Client.find(client);
  if (!known?.backchannelLogoutUri) return;
  const key = `${session} ${client}`;
  try {
    await known.backchannelLogout(subject, sid);
    undelivered.delete(key);
  } catch (error) {
    console.error(`the logout was not taken by ${client}:`, error.message);
    undelivered.set(key, { session, client, subject, sid });
  }
}
// What a person does by the provider's own pages is sent by the library itself.
provider.on('backchannel.error', (context, error, client, subject, sid) => {
  const session = context?.oidc?.session?.uid;
  if (session) undelivered.set(`${session} ${client.clientId}`, { session, client: client.clientId, subject, sid });
});

async function revoke(grant) {
  const models = [provider.AccessToken, provider.RefreshToken, provider.AuthorizationCode];
  await Promise.all(models.map((model) => model.revokeByGrantId(grant)));
  const found = await provider.Grant.find(grant);
  if (found) await found.destroy();
}
const grants = () =>
  living('Grant').map(({ payload }) => ({
    grant: payload.jti,
    session: sessionOfGrant.get(payload.jti) ?? null,
    person: payload.accountId,
    client: payload.clientId,
  }));
const sessions = () =>
  living('Session')
    .filter(({ payload }) => payload.accountId)
    .map(({ payload, at }) => ({
      id: payload.uid,
      person: payload.accountId,
      signed_in: payload.loginTs,
      seen: at,
      sids: Object.values(payload.authorizations ?? {}).map((one) => one.sid).filter(Boolean),
    }));

// False: there was nothing of it.
async function end(uid, { keepGrants = false, keepSession = false } = {}) {
  const session = await provider.Session.findByUid(uid);
  const of = grants().filter((one) => one.session === uid);
  if (!session && of.length === 0) return false;
  if (!keepGrants) await Promise.all(of.map((one) => revoke(one.grant)));
  if (session && !keepSession) {
    const told = Object.entries(session.authorizations ?? {});
    await session.destroy();
    if (!keepGrants)
      await Promise.all(told.map(([client, { sid }]) => tell(uid, session.accountId, client, sid)));
  }
  return true;
}

let wrong; // what the next answers of the API are

const page = (rows, name, url) => {
  const size = Number(url.searchParams.get('limit') ?? 100);
  const from = Number(url.searchParams.get('after') || 0);
  return { [name]: rows.slice(from, from + size), next: from + size < rows.length ? String(from + size) : null };
};

async function answer(request, url) {
  const parts = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  const at = `${request.method} /${parts.map((part, i) => (i % 2 === 1 ? '*' : part)).join('/')}`;
  const of = (rows) => rows.filter((one) => one.person === parts[1]);
  switch (at) {
    case 'GET /sessions':
      return [200, page(sessions(), 'sessions', url)];
    case 'GET /grants':
      return [200, page(grants(), 'grants', url)];
    case 'GET /people/*/sessions':
      return [200, page(of(sessions()), 'sessions', url)];
    case 'GET /people/*/grants':
      return [200, page(of(grants()), 'grants', url)];
    case 'GET /people/*/logouts':
      return [200, { undelivered: [...undelivered.values()].filter((one) => one.subject === parts[1]) }];
    case 'DELETE /sessions/*':
      return (await end(parts[1], { keepGrants: url.searchParams.get('grants') === 'keep' })) ? [204] : [404, {}];
    case 'DELETE /people/*/grants':
      await Promise.all(of(grants()).map((one) => revoke(one.grant)));
      return [204];
    case 'DELETE /people/*': {
      const uids = new Set([...of(sessions()).map((one) => one.id), ...of(grants()).map((one) => one.session)]);
      for (const uid of uids) await end(uid);
      await Promise.all(of(grants()).map((one) => revoke(one.grant)));
      return [204];
    }
    case 'POST /sessions/*/logouts': {
      const open = [...undelivered.values()].filter((one) => one.session === parts[1]);
      await Promise.all(open.map((one) => tell(one.session, one.subject, one.client, one.sid)));
      return [202, { undelivered: [...undelivered.values()].filter((one) => one.session === parts[1]).length }];
    }
    default:
      return [404, { error: 'no such call' }];
  }
}

http
  .createServer(async (request, response) => {
    const url = new URL(request.url, 'http://admin');
    const send = (status, body) => {
      const text = body === undefined ? '' : JSON.stringify(body);
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
      response.end(text);
    };
    try {
      let body = '';
      for await (const part of request) body += part;
      if (url.pathname === '/test/wrong') {
        wrong = JSON.parse(body);
        return send(204);
      }
      const shown = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
      const token = shown ? await provider.ClientCredentials.find(shown) : undefined;
      if (!token) return send(401, { error: 'invalid_token' });
      if (!token.scope?.split(' ').includes('sessions')) return send(403, { error: 'insufficient_scope' });
      if (wrong?.times > 0) {
        wrong.times -= 1;
        response.writeHead(wrong.status ?? 200, { 'content-type': 'application/json', ...wrong.headers });
        return response.end(wrong.body ?? '');
      }
      return send(...(await answer(request, url)));
    } catch (error) {
      console.error(error);
      return send(500, { error: 'server_error' });
    }
  })
  .listen(adminPort, '127.0.0.1');
provider.listen(port, '127.0.0.1');
