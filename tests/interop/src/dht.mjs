// The DHT commands: each runs one query of js-libp2p's and gathers its events into a result.
import { peerIdFromString } from '@libp2p/peer-id'
import { bare, contentId, describe, hex, need, rawKey, unhex } from './text.mjs'

export function dhtCommands (service, options, emit) {
  async function run (command, events) {
    const seen = { responses: [], errors: [], providers: new Map(), values: [], final: [], asked: 0 }
    const stats = () => ({ asked: seen.asked, responses: seen.responses.length, errors: seen.errors })
    try {
      for await (const event of events) {
        note(seen, event)
        if (options['dht-trace']) {
          emit('dht', traced(command, event))
        }
      }
    } catch (error) {
      if (command.signal.aborted) {
        return { seen, stats: { ...stats(), ended: describe(error) } }
      }
      throw error
    }
    return { seen, stats: stats() }
  }

  const query = command => ({ signal: command.signal })
  return {
    async provide (command) {
      const cid = await contentId(command)
      const { seen, stats } = await run(command, service.provide(cid, query(command)))
      const sentTo = seen.responses.filter(event => event.messageName === 'ADD_PROVIDER').map(event => event.from.toString())
      return { cid: cid.toString(), multihash: hex(cid.multihash.bytes), sentTo, ...stats }
    },
    async findProviders (command) {
      const cid = await contentId(command)
      const { seen, stats } = await run(command, service.findProviders(cid, query(command)))
      const providers = [...seen.providers.values()].filter(provider => provider.addrs.length > 0)
      return { cid: cid.toString(), providers: providers.slice(0, command.count ?? Infinity), ...stats }
    },
    async putValue (command) {
      const key = rawKey(command)
      const { seen, stats } = await run(command, service.put(key, unhex(need(command, 'value')), query(command)))
      const storedAt = seen.responses.filter(event => event.messageName === 'PUT_VALUE').map(event => event.from.toString())
      return { key: hex(key), storedAt, ...stats }
    },
    async getValue (command) {
      const key = rawKey(command)
      const { seen, stats } = await run(command, service.get(key, query(command)))
      const best = seen.values.at(-1)
      if (best === undefined) {
        throw new Error(`not found (${seen.errors.join('; ')})`)
      }
      return { key: hex(key), value: hex(best.value), from: best.from.toString(), ...stats }
    },
    async findPeer (command) {
      const peer = peerIdFromString(need(command, 'peer'))
      const { seen, stats } = await run(command, service.findPeer(peer, { ...query(command), useCache: command.useCache === true }))
      const final = seen.final.find(event => event.peer.id.equals(peer))
      if (final === undefined) {
        throw new Error('not found')
      }
      return { peer: peer.toString(), addrs: final.peer.multiaddrs.map(bare), from: final.from.toString(), ...stats }
    },
    async closestPeers (command) {
      const { seen, stats } = await run(command, service.getClosestPeers(rawKey(command), query(command)))
      return { peers: seen.final.map(event => event.peer.id.toString()), ...stats }
    },
    async routingTable () {
      const peers = []
      for (const { peerId } of service.routingTable.kb.toIterable()) {
        peers.push(peerId.toString())
      }
      return { size: service.routingTable.size, peers }
    },
    async setMode (command) {
      await service.setMode(need(command, 'mode'))
      return { mode: service.getMode() }
    }
  }
}

function note (seen, event) {
  switch (event.name) {
    case 'SEND_QUERY':
      seen.asked++
      break
    case 'PEER_RESPONSE':
      seen.responses.push(event)
      break
    case 'QUERY_ERROR':
      seen.errors.push(`${event.from}: ${describe(event.error)}`)
      break
    case 'VALUE':
      seen.values.push(event)
      break
    case 'FINAL_PEER':
      seen.final.push(event)
      break
    case 'PROVIDER':
      for (const provider of event.providers) {
        seen.providers.set(provider.id.toString(), { peer: provider.id.toString(), addrs: provider.multiaddrs.map(bare), from: event.from.toString() })
      }
  }
}

const traced = (command, event) => ({
  q: command.id,
  step: event.name,
  remotePeer: (event.from ?? event.to ?? event.peer)?.toString(),
  message: event.messageName,
  closer: event.closer?.map(peer => peer.id.toString()),
  providers: event.providers?.map(peer => peer.id.toString()),
  value: event.value && hex(event.value),
  error: event.error && describe(event.error)
})
