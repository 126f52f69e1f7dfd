// A scripted js-libp2p host: takes commands as JSON lines on stdin and reports what happens as JSON lines on stdout.
import './src/polyfill.mjs'
import readline from 'node:readline'
import { parseOptions } from './src/options.mjs'

const DEFAULT_TIMEOUT_MS = 10_000
const STOP_TIMEOUT_MS = 4000

/** Tells the driver that nothing failed, that an option is wrong, that the time is up. */
const exitCodes = { done: 0, usage: 2, life: 3 }

let options
try {
  options = parseOptions(process.argv.slice(2))
} catch (error) {
  console.error(`peer: ${error.message}`)
  process.exit(exitCodes.usage)
}

// Loaded only now, so that a wrong option is told at once.
const { createHost } = await import('./src/host.mjs')
const { commandsOf } = await import('./src/commands.mjs')
const { watchGossip, watchHost } = await import('./src/events.mjs')
const { builtIn, handlerOf, servePerf } = await import('./src/streams.mjs')
const { describe } = await import('./src/text.mjs')

// Nothing is printed before `listening`, which has to be the first line.
const held = []
let listening = false

function emit (ev, fields = {}) {
  const line = `${JSON.stringify({ ev, node: options.name, t: Math.round(performance.now()), ...fields })}\n`
  if (listening) {
    process.stdout.write(line)
  } else {
    held.push(line)
  }
}

process.on('uncaughtException', error => { emit('uncaught', { error: error.stack ?? describe(error) }) })
process.on('unhandledRejection', error => { emit('unhandled', { error: error?.stack ?? String(error) }) })

const host = await createHost(options, emit)
const delivered = { messages: 0, bytes: 0, byTopic: new Map() }
watchHost(host, emit)
watchGossip(host.services.pubsub, options, emit, message => {
  delivered.messages++
  delivered.bytes += message.data.byteLength
  delivered.byTopic.set(message.topic, (delivered.byTopic.get(message.topic) ?? 0) + 1)
})
for (const [protocol, mode] of Object.entries(builtIn)) {
  await host.handle(protocol, handlerOf(protocol, mode, 2000, emit), { maxInboundStreams: 1000 })
}
await host.handle('/perf/1.0.0', servePerf, { maxInboundStreams: 1000 })
await host.start()
for (const topic of options.topic) {
  host.services.pubsub.subscribe(topic)
}
listening = true
emit('listening', {
  peerId: host.peerId.toString(),
  peerIdHex: Buffer.from(host.peerId.toMultihash().bytes).toString('hex'),
  addrs: host.getMultiaddrs().map(String),
  protocols: host.getProtocols(),
  pnet: options.psk !== undefined,
  mdns: options.mdns === true
})
process.stdout.write(held.join(''))

const commands = commandsOf(host, options, emit, delivered)
for (const addr of options.dial) {
  commands.dial({ addr }).catch(error => { emit('dialError', { addr, error: describe(error) }) })
}

async function execute (command) {
  const { id, cmd } = command
  const started = performance.now()
  const controller = new AbortController()
  const timeout = command.timeout ?? DEFAULT_TIMEOUT_MS
  const late = Promise.withResolvers()
  const aborting = setTimeout(() => { controller.abort() }, timeout)
  const giving = setTimeout(() => { late.reject(new Error(`no answer in ${timeout} ms`)) }, timeout + 500)
  const finish = fields => { emit('result', { id, cmd, took: Math.round(performance.now() - started), ...fields }) }
  try {
    const run = Object.hasOwn(commands, cmd) ? commands[cmd]({ ...command, signal: controller.signal }) : undefined
    finish(run === undefined ? { ok: false, error: 'unknown command' } : { ok: true, ...await Promise.race([run, late.promise]) })
  } catch (error) {
    finish({ ok: false, error: describe(error) })
  } finally {
    clearTimeout(aborting)
    clearTimeout(giving)
  }
}

let stopping = false

async function stop (exitCode) {
  if (stopping) {
    return
  }
  stopping = true
  setTimeout(() => { process.exit(exitCode) }, STOP_TIMEOUT_MS).unref()
  try {
    await host.stop()
  } catch (error) {
    emit('stopError', { error: describe(error) })
  }
  emit('stopped')
  process.exit(exitCode)
}

const lines = readline.createInterface({ input: process.stdin })
lines.on('line', line => {
  if (line.trim() === '') {
    return
  }
  let command
  try {
    command = JSON.parse(line)
  } catch (error) {
    emit('result', { ok: false, error: `bad JSON: ${error.message}` })
    return
  }
  if (command?.cmd === 'quit') {
    emit('result', { id: command.id, cmd: 'quit', ok: true })
    stop(exitCodes.done)
  } else {
    execute(command)
  }
})
lines.on('close', () => { stop(exitCodes.done) })
process.on('SIGTERM', () => { stop(exitCodes.done) })
process.on('SIGINT', () => { stop(exitCodes.done) })
setTimeout(() => {
  emit('life', { seconds: options.life })
  stop(exitCodes.life)
}, options.life * 1000).unref()
