// The snippets of the guide for Laravel, run against a server. The test puts
// each of them where its name stands behind "// snippet:", and gives the server's
// address, its key and the filled guide.php as arguments. What the snippets call is defined here.
import { execFileSync } from 'node:child_process'
import { webcrypto } from 'node:crypto'

const [chatServer, serverKey, php] = process.argv.slice(2)
globalThis.crypto ??= webcrypto // which Node.js 18 hides

const post = async (path, body, token) => (await fetch(chatServer + path, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
  body: JSON.stringify(body),
})).json()
const { conversation, token } = await post('/api/chatbot/conversations', {})
const conversationId = conversation.id
const send = (body) => post(`/api/chatbot/conversations/${conversationId}/messages`, { clientId: crypto.randomUUID(), body }, token)

// until waits for something to become true.
const until = async (what, condition) => {
  for (const deadline = Date.now() + 10_000; !condition();) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  console.log(what)
}

const shown = [], signals = [], typing = []
const show = (message) => shown.push(message.body)
const showSignal = (author, type) => signals.push(`${author.role} ${type}`)
const showTyping = (name) => typing.push(name)
// times is how often a message was shown.
const times = (body) => shown.filter((s) => s === body).length

// snippet: echo-setup
// snippet: echo-listen
// snippet: catch-up
// snippet: echo-endpoint
await until('the custom authorizer gets leave', () => channel.subscription.subscribed)

// The colleague listens by the other authorization, and keeps what it hears.
const heard = [], whispers = []
const colleague = plain.private(`chat.conversation.${conversationId}`)
colleague.listen('.ChatMessageReceived', (event) => heard.push(event.message?.body))
colleague.listenForWhisper('typing', (event) => whispers.push(event.name))
await until('the built-in authorization gets leave', () => colleague.subscription.subscribed)

await send('When are you here?')
await until('a message is heard', () => times('When are you here?') === 1)
await until("the bot's dots are heard", () => signals.includes('bot thinking'))
await until('the bot is heard', () => shown.some((body) => body.includes('nine to five')))

// snippet: echo-whisper
await until('a whisper is heard', () => whispers.includes('Ann'))
colleague.whisper('typing', { name: 'Bob' })
await until('a whisper is answered', () => typing.includes('Bob'))
if (typing.includes('Ann')) throw new Error('a whisper came back to who whispered')

// snippet: post-message
if (message.author.role !== 'agent' || message.author.name !== 'Ann') throw new Error(`stored: ${JSON.stringify(message)}`)
await until('what the application posts is heard', () => times(message.body) === 1)

// snippet: to-others
await until('others hear it', () => heard.includes('Thank you!'))

// An event without its message, because that is too long, makes the page catch up.
const long = '🙂'.repeat(4000)
await send(long)
await until('an event without its message is followed by catchUp', () => cursor !== '' && times(long) === 1)
if (times('Thank you!') !== 1) throw new Error(`toOthers: shown ${times('Thank you!')} times, want once, by catchUp`)
await catchUp()
if (times(long) !== 1) throw new Error('catchUp from the cursor brings what is there already')

// What the application posts in PHP, with this page's socket, is not for it.
const before = shown.length
console.log(execFileSync('php', [php, chatServer, serverKey, conversationId, echo.socketId()], { encoding: 'utf8' }))
await until('others hear what PHP posts', () => heard.includes('From PHP'))
await send('The end')
await until('the end is heard', () => times('The end') === 1)
if (shown.length !== before + 1) throw new Error(`the page heard of what it knows: ${shown.slice(before)}`)
console.log('done')
process.exit(0)
