// The command line: `--name value`, repeatable ones add up. An unknown option throws.

const defaults = {
  listen: [],
  kad: '/p2p-miner/kad/1.0.0',
  'kad-mode': 'server',
  'kad-ns': 'p2pm,test,v',
  k: 20,
  alpha: 10,
  topic: [],
  dial: [],
  'mdns-service': '_p2p._udp.local',
  'mdns-interval': 10_000,
  'mdns-port': 5353,
  sign: 'strict',
  'msg-id': 'spec',
  meshsub: '1.2.0,1.1.0,1.0.0',
  heartbeat: 1000,
  d: 6,
  dlo: 4,
  dhi: 12,
  dlazy: 6,
  dout: 2,
  'prune-backoff': 60_000,
  'unsub-backoff': 10_000,
  'idontwant-min': 512,
  'max-conns': 300,
  agent: 'p2p-miner-interop/js',
  life: 900
}

const texts = ['name', 'seed', 'psk', 'kad', 'kad-mode', 'kad-ns', 'mdns-service', 'sign', 'msg-id', 'meshsub', 'agent']
const numbers = ['k', 'alpha', 'mdns-interval', 'mdns-port', 'heartbeat', 'd', 'dlo', 'dhi', 'dlazy', 'dout', 'prune-backoff',
  'unsub-backoff', 'idontwant-min', 'max-conns', 'life']
const lists = ['listen', 'topic', 'dial']
const flags = ['no-listen', 'mdns', 'mdns-dial', 'no-flood-publish', 'px', 'rpc-trace', 'dht-trace', 'no-early-muxer']

export function parseOptions (args) {
  const options = structuredClone(defaults)
  const left = [...args]
  while (left.length > 0) {
    const given = left.shift()
    const name = given.replace(/^--/, '')
    if (flags.includes(name)) {
      options[name] = true
      continue
    }
    const value = left.shift()
    if (!given.startsWith('--') || value === undefined) {
      throw new Error(`bad option ${given}`)
    }
    if (lists.includes(name)) {
      options[name].push(value)
    } else if (texts.includes(name)) {
      options[name] = value
    } else if (numbers.includes(name) && Number.isFinite(Number(value))) {
      options[name] = Number(value)
    } else {
      throw new Error(`bad option ${given}`)
    }
  }
  if (options.listen.length === 0 && !options['no-listen']) {
    options.listen.push('/ip4/127.0.0.1/tcp/0')
  }
  return options
}
