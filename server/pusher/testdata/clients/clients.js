// The official clients and the official library for servers against the
// endpoint. Arguments: the port, the application's id, its key and its secret.
// It asks for the server to be started anew by the line "restart", and goes on
// at "restarted"; TestOfficialClients runs it.
import readline from 'node:readline'
import Client from 'pusher-js'
import Server from 'pusher'
import Echo from 'laravel-echo'

const [port, appId, key, secret] = process.argv.slice(2)
const patience = 10_000
const api = (secret) => new Server({
  appId, key, secret, host: '127.0.0.1', port, useTLS: false,
  encryptionMasterKeyBase64: Buffer.alloc(32, 7).toString('base64'),
})
const server = api(secret)

// options are those of a user whose application signs everything for it.
const options = (user, signer = server) => ({
  wsHost: '127.0.0.1', wsPort: Number(port), forceTLS: false, enabledTransports: ['ws'], cluster: '',
  channelAuthorization: {
    customHandler: ({ socketId, channelName }, done) => done(null, signer.authorizeChannel(
      socketId, channelName, channelName.startsWith('presence-') ? { user_id: user, user_info: { name: user } } : undefined)),
  },
  userAuthentication: {
    customHandler: ({ socketId }, done) => done(null, signer.authenticateUser(socketId, { id: user })),
  },
})
const connect = (user, signer) => new Client(key, options(user, signer))

let failed = 0
let passed = 0
const check = (what, got, want) => {
  if (JSON.stringify(got) === JSON.stringify(want)) { passed++; return }
  failed++
  console.log(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`)
}

// next is what the next event carries.
const next = (target, event) => new Promise((resolve) => {
  const give = (data) => { clearTimeout(timer); target.unbind(event, give); resolve(data ?? null) }
  const timer = setTimeout(() => give('nothing came'), patience)
  target.bind(event, give)
})
const joined = async (client, channel) => {
  const subscribed = client.subscribe(channel)
  if (!subscribed.subscribed) await next(subscribed, 'pusher:subscription_succeeded')
  check(`${channel} is subscribed`, subscribed.subscribed, true)
  return subscribed
}
const json = async (answer) => (await answer).json()

const ann = connect('ann')
const bob = connect('bob')
await Promise.all([next(ann.connection, 'connected'), next(bob.connection, 'connected')])

// Channels of every kind.
let news = await joined(ann, 'news')
let coming = next(news, 'hello')
check('trigger', await json(server.trigger('news', 'hello', { text: 'é<' })), {})
check('public', await coming, { text: 'é<' })

const ours = await joined(ann, 'private-x')
const theirs = await joined(bob, 'private-x')
coming = next(theirs, 'client-typing')
ours.bind('client-typing', () => check('an echo', true, false))
ours.trigger('client-typing', { on: true })
check('a client event', await coming, { on: true })

ours.bind('but-ann', () => check('the sender was not left out', true, false))
coming = next(theirs, 'but-ann')
await server.trigger('private-x', 'but-ann', {}, { socket_id: ann.connection.socket_id })
check('all but the sender', await coming, {})

const room = await joined(ann, 'presence-room')
check('alone', [room.members.count, room.members.me], [1, { id: 'ann', info: { name: 'ann' } }])
coming = next(room, 'pusher:member_added')
const roomToo = await joined(bob, 'presence-room')
check('member_added', await coming, { id: 'bob', info: { name: 'bob' } })
check('both', roomToo.members.count, 2)
const sender = new Promise((resolve) => room.bind('client-wave', (_, about) => resolve(about)))
roomToo.trigger('client-wave', {})
check('whose client event', await sender, { user_id: 'bob' })
check('users', await json(server.get({ path: '/channels/presence-room/users' })), { users: [{ id: 'ann' }, { id: 'bob' }] })
check('channels', await json(server.get({ path: '/channels', params: { filter_by_prefix: 'presence-', info: 'user_count' } })),
  { channels: { 'presence-room': { user_count: 2 } } })
check('channel', await json(server.get({ path: '/channels/presence-room', params: { info: 'user_count,subscription_count' } })),
  { occupied: true, subscription_count: 2, user_count: 2 })
coming = next(room, 'pusher:member_removed')
bob.unsubscribe('presence-room')
check('member_removed', await coming, { id: 'bob', info: { name: 'bob' } })

const sealed = await joined(ann, 'private-encrypted-x')
coming = next(sealed, 'secret')
await server.trigger('private-encrypted-x', 'secret', { hidden: 1 })
check('encrypted', await coming, { hidden: 1 })

const cache = ann.subscribe('cache-x')
check('cache_miss', await next(cache, 'pusher:cache_miss'), null)
await server.trigger('cache-x', 'last', { v: 1 })
check('cached', await next(bob.subscribe('cache-x'), 'last'), { v: 1 })

check('batch', await json(server.triggerBatch([
  { channel: 'news', name: 'a', data: {} },
  { channel: 'presence-room', name: 'b', data: {}, info: 'user_count' },
])), { batch: [{}, { user_count: 1 }] })

// Users.
ann.signin()
await ann.user.signinDonePromise
check('signed in', ann.user.user_data?.id, 'ann')
const own = ann.user.serverToUserChannel // which the client subscribes to by itself
if (!own.subscribed) await next(own, 'pusher:subscription_succeeded')
coming = next(ann.user, 'direct')
await server.sendToUser('ann', 'direct', { d: 1 })
check('sent to a user', await coming, { d: 1 })

// Refusals.
const refused = async (what, call) => check(what, await call.then(() => 200, (e) => e.status), 401)
await refused('a wrong secret', api('wrong').trigger('news', 'x', {}))
const forger = connect('eve', api('wrong'))
check('a wrong signature', (await next(forger.subscribe('private-x'), 'pusher:subscription_error')).status, 401)
check('and it stays', forger.connection.state, 'connected')
forger.signin()
check('a wrong sign-in', await next(forger.connection, 'disconnected'), null)
const stranger = new Client('no-such-key', options('x'))
check('an unknown key', (await next(stranger.connection, 'error')).error.data.code, 4001)
if (stranger.connection.state !== 'disconnected') await next(stranger.connection, 'disconnected')
check('is not tried again', stranger.connection.state, 'disconnected')

// Laravel Echo.
const echo = new Echo({ broadcaster: 'reverb', key, Pusher: Client, client: connect('eve') })
const shipped = new Promise((resolve) => {
  const orders = echo.private('orders')
  orders.listen('.Shipped', resolve)
  orders.subscribed(() => server.trigger('private-orders', 'Shipped', { order: 1 }))
})
check('Echo listens', await shipped, { order: 1 })
check('Echo is here', await new Promise((resolve) => echo.join('lobby').here(resolve)), [{ name: 'eve' }])

// The server is started anew, and everybody comes back by themselves.
coming = next(news, 'pusher:subscription_succeeded')
console.log('restart')
for await (const line of readline.createInterface({ input: process.stdin })) { if (line === 'restarted') break }
await coming
coming = next(news, 'again')
await server.trigger('news', 'again', { back: true })
check('after a restart', await coming, { back: true })

// Ending a user's connections.
while (!(await json(server.get({ path: '/channels/presence-room', params: { info: 'user_count' } }))).user_count) { /* until she is back */ }
coming = next(ann.connection, 'disconnected')
await server.terminateUserConnections('ann')
await coming
check('ended', ann.connection.state, 'disconnected')

console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
