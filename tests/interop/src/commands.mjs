// What the host can be told to do. Every command returns the fields of its result or throws.
import { randomBytes } from 'node:crypto'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { dhtCommands } from './dht.mjs'
import { askPerf, converse, handlerOf } from './streams.mjs'
import { connectionOf, need, target, unhex } from './text.mjs'

export function commandsOf (host, options, emit, delivered) {
  const { pubsub, dht, ping, identify, identifyPush } = host.services
  return {
    ...connectionCommands(host, ping, identify, identifyPush, emit),
    ...gossipCommands(pubsub, delivered),
    ...streamCommands(host, emit),
    ...stateCommands(host),
    ...(dht === undefined ? {} : dhtCommands(dht, options, emit))
  }
}

function connectionCommands (host, ping, identify, identifyPush, emit) {
  return {
    async dial (command) {
      return { conn: connectionOf(await host.dial(multiaddr(need(command, 'addr')), { signal: command.signal })) }
    },
    async hangup (command) {
      await host.hangUp(peerIdFromString(need(command, 'peer')), { signal: command.signal })
    },
    async ping (command) {
      const rttMs = []
      for (let i = 0; i < (command.count ?? 1); i++) {
        rttMs.push(await ping.ping(target(command), { signal: command.signal }))
        emit('ping', { remotePeer: command.peer, rttMs: rttMs.at(-1) })
      }
      return { rttMs }
    },
    async identify (command) {
      const [connection] = host.getConnections(peerIdFromString(need(command, 'peer')))
      const said = await identify.identify(connection, { signal: command.signal })
      return { protocols: said.protocols, agentVersion: said.agentVersion, observedAddr: said.observedAddr?.toString() }
    },
    async identifyPush () {
      await identifyPush.push()
    }
  }
}

function gossipCommands (pubsub, delivered) {
  const topicState = topic => ({ mesh: pubsub.getMeshPeers(topic), subscribers: pubsub.getSubscribers(topic).map(String) })
  return {
    async subscribe (command) {
      pubsub.subscribe(need(command, 'topic'))
      return { topics: pubsub.getTopics() }
    },
    async unsubscribe (command) {
      pubsub.unsubscribe(need(command, 'topic'))
      return { topics: pubsub.getTopics() }
    },
    async publish (command) {
      const { recipients } = await pubsub.publish(need(command, 'topic'), unhex(need(command, 'data')))
      return { recipients: recipients.map(String) }
    },
    async publishMany (command) {
      const started = performance.now()
      let recipients = 0
      for (let i = 0; i < need(command, 'count', 'number'); i++) {
        const data = randomBytes(Math.max(8, command.size ?? 64))
        data.writeBigUInt64BE(BigInt(i))
        recipients += (await pubsub.publish(need(command, 'topic'), data)).recipients.length
        if (command.gapMs > 0) {
          await new Promise(resolve => setTimeout(resolve, command.gapMs))
        }
      }
      return { count: command.count, recipients, ms: performance.now() - started }
    },
    async validator (command) {
      if (need(command, 'mode') === 'off') {
        pubsub.topicValidators.delete(need(command, 'topic'))
      } else {
        pubsub.topicValidators.set(need(command, 'topic'), () => command.mode)
      }
    },
    async mesh (command) {
      const topics = command.topic === undefined ? pubsub.getTopics() : [command.topic]
      const peers = [...pubsub.peers.keys()].map(peer => ({
        peer,
        outbound: pubsub.streamsOutbound.get(peer)?.protocol,
        inbound: pubsub.streamsInbound.has(peer),
        score: pubsub.score.score(peer)
      }))
      return { topics: Object.fromEntries(topics.map(topic => [topic, topicState(topic)])), peers }
    },
    async subscribers (command) {
      return { subscribers: pubsub.getSubscribers(need(command, 'topic')).map(String) }
    },
    async gossipStats () {
      return { received: delivered.messages, receivedBytes: delivered.bytes, byTopic: Object.fromEntries(delivered.byTopic) }
    }
  }
}

function streamCommands (host, emit) {
  const open = (command, protocols) => host.dialProtocol(target(command), protocols, { signal: command.signal })
  return {
    async openStream (command) {
      return converse(await open(command, [command.protocol].flat()), command)
    },
    async perf (command) {
      return askPerf(await open(command, '/perf/1.0.0'), command.upload ?? 0, command.download ?? 0)
    },
    async handle (command) {
      const protocol = need(command, 'protocol')
      const handler = handlerOf(protocol, command.mode ?? 'echo', command.delayMs ?? 2000, emit)
      await host.handle(protocol, handler, { force: true, maxInboundStreams: 1000 })
    },
    async unhandle (command) {
      await host.unhandle(need(command, 'protocol'))
    }
  }
}

function stateCommands (host) {
  return {
    async peers () {
      return { peers: host.getPeers().map(String) }
    },
    async connections () {
      return { connections: host.getConnections().map(connectionOf) }
    },
    async addrs () {
      return { addrs: host.getMultiaddrs().map(String) }
    },
    async protocols () {
      return { protocols: host.getProtocols() }
    },
    async peerStore (command) {
      const peer = await host.peerStore.get(peerIdFromString(need(command, 'peer')))
      return {
        addresses: peer.addresses.map(address => ({ addr: address.multiaddr.toString(), certified: address.isCertified })),
        protocols: peer.protocols,
        metadata: Object.fromEntries([...peer.metadata].map(([name, value]) => [name, Buffer.from(value).toString()]))
      }
    },
    async info () {
      const cpu = process.cpuUsage()
      return {
        peerId: host.peerId.toString(),
        addrs: host.getMultiaddrs().map(String),
        rss: process.memoryUsage.rss(),
        cpuMs: (cpu.user + cpu.system) / 1000,
        runtime: `node ${process.versions.node}`
      }
    }
  }
}
