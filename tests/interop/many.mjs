// Many js-libp2p hosts in this one process, for the benchmark: how long messages take through their mesh, and lookups in their DHT.
// usage: many.mjs mesh|dht --hosts N --rounds N --seed N
// Prints one line of JSON: {hosts, expected, times: [ms...], rss, cpuMs}.
import './src/polyfill.mjs'
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { createHost } from './src/host.mjs'
import { parseOptions } from './src/options.mjs'

const TOPIC = 'bench'
const MESSAGE_BYTES = 200
const WARM_UP_ROUNDS = 20
const DIALS_EACH = 5
const ATTEMPTS = 10
const GAP_MS = 20
const SETTLE_MS = 3000
const DEADLINE_MS = 300_000

const { values, positionals: [scenario] } = parseArgs({
  allowPositionals: true,
  options: { hosts: { type: 'string' }, rounds: { type: 'string' }, seed: { type: 'string' } }
})
const settings = { hosts: Number(values.hosts), rounds: Number(values.rounds) }
const random = generator(BigInt(values.seed))
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

/** The same sequence in every language: a 64-bit linear congruence, of which the upper half counts. */
function generator (seed) {
  let state = seed
  return below => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
    return Number((state >> 33n) % BigInt(below))
  }
}

async function startHosts (more) {
  const options = parseOptions(['--max-conns', '1000', ...more])
  const hosts = []
  for (let i = 0; i < settings.hosts; i++) {
    const host = await createHost(options, () => {})
    await host.start()
    hosts.push(host)
  }
  return hosts
}

/** Everyone dials a few others; the draw is the same for every implementation. */
async function connect (hosts) {
  for (let i = 0; i < hosts.length; i++) {
    for (let n = 0; n < DIALS_EACH; n++) {
      const other = random(hosts.length)
      if (other !== i) {
        await dial(hosts[i], hosts[other])
      }
    }
  }
}

/** One process full of hosts may be too busy for the time limits of a handshake. */
async function dial (host, other) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await host.dial(other.getMultiaddrs())
    } catch (error) {
      if (attempt === ATTEMPTS) {
        throw error
      }
      await sleep(SETTLE_MS)
    }
  }
}

async function until (condition) {
  const deadline = performance.now() + DEADLINE_MS
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error('never got ready')
    }
    await sleep(100)
  }
}

async function measureMesh () {
  const hosts = await startHosts(['--kad-mode', 'off'])
  const sentAt = new Map()
  const times = []
  for (const { services: { pubsub } } of hosts) {
    pubsub.addEventListener('gossipsub:message', ({ detail: { msg } }) => {
      const start = sentAt.get(Number(Buffer.from(msg.data.subarray(0, 8)).readBigUInt64BE()))
      if (start !== undefined) {
        times.push(performance.now() - start)
      }
    })
    pubsub.subscribe(TOPIC)
  }
  await connect(hosts)
  await until(() => hosts.every(({ services: { pubsub } }) => pubsub.getMeshPeers(TOPIC).length >= Math.min(4, pubsub.getSubscribers(TOPIC).length)))
  await sleep(SETTLE_MS)
  for (let round = -WARM_UP_ROUNDS; round < settings.rounds; round++) {
    const data = randomBytes(MESSAGE_BYTES)
    data.writeBigUInt64BE(BigInt(round + WARM_UP_ROUNDS))
    if (round >= 0) {
      sentAt.set(round + WARM_UP_ROUNDS, performance.now())
    }
    await hosts[random(hosts.length)].services.pubsub.publish(TOPIC, data)
    await sleep(GAP_MS)
  }
  const expected = settings.rounds * (hosts.length - 1)
  const deadline = performance.now() + 10_000
  while (times.length < expected && performance.now() < deadline) {
    await sleep(50)
  }
  return { expected, times }
}

async function measureDht () {
  const hosts = await startHosts([])
  for (const host of hosts.slice(1)) {
    await dial(host, hosts[0])
  }
  await connect(hosts)
  await until(() => hosts.every(host => host.services.dht.routingTable.size >= Math.min(20, hosts.length - 1)))
  await sleep(SETTLE_MS)
  const times = []
  for (let round = 0; round < settings.rounds; round++) {
    const start = performance.now()
    let found = 0
    for await (const event of hosts[random(hosts.length)].services.dht.getClosestPeers(randomBytes(32))) {
      found += event.name === 'FINAL_PEER' ? 1 : 0
    }
    if (found > 0) {
      times.push(performance.now() - start)
    }
  }
  return { expected: settings.rounds, times }
}

const result = await { mesh: measureMesh, dht: measureDht }[scenario]()
const cpu = process.cpuUsage()
const line = JSON.stringify({ hosts: settings.hosts, ...result, rss: process.memoryUsage.rss(), cpuMs: (cpu.user + cpu.system) / 1000 })
// A pipe takes 64 KiB at once: leaving before it has taken all would cut the line.
process.stdout.write(line + '\n', () => process.exit(0))
