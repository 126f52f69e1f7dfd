// One js-libp2p host, set up so that many can share a machine: loopback only, and no limit that counts peers per address.
import os from 'node:os'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPair, generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { mdns } from '@libp2p/mdns'
import { ping } from '@libp2p/ping'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { selectors, validators } from './records.mjs'
import { bare, describe, unhex } from './text.mjs'

// Stock limits of one or two streams would let a test's own pings collide with those of the DHT.
const STREAMS = { maxInboundStreams: 64, maxOutboundStreams: 64 }
const LIMITS = { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 200 }

export async function createHost (options, emit) {
  if (options.mdns) {
    keepToLoopback()
  }
  return createLibp2p({
    start: false,
    privateKey: options.seed === undefined ? await generateKeyPair('Ed25519') : await generateKeyPairFromSeed('Ed25519', unhex(options.seed)),
    nodeInfo: { userAgent: options.agent },
    addresses: { listen: options.listen },
    transports: [tcp()],
    connectionEncrypters: [tracedNoise(options, emit)],
    streamMuxers: [yamux()],
    connectionManager: { maxConnections: options['max-conns'], ...LIMITS },
    connectionProtector: options.psk === undefined ? undefined : preSharedKey({ psk: keyFile(options.psk) }),
    peerDiscovery: options.mdns ? [tracedMdns(options, emit)] : [],
    services: {
      identify: identify(STREAMS),
      identifyPush: identifyPush(STREAMS),
      ping: ping(STREAMS),
      pubsub: meshsub(options),
      ...(options['kad-mode'] === 'off' ? {} : { dht: dht(options) })
    }
  })
}

/** Noise that says what it agreed on, and can be told to leave the muxers out. */
function tracedNoise (options, emit) {
  return components => {
    const inner = noise()(components)
    for (const [name, direction] of [['secureInbound', 'inbound'], ['secureOutbound', 'outbound']]) {
      const secure = inner[name].bind(inner)
      inner[name] = async (connection, given) => {
        const result = await secure(connection, { ...given, skipStreamMuxerNegotiation: options['no-early-muxer'] === true })
        emit('secured', {
          remotePeer: result.remotePeer.toString(),
          protocol: '/noise',
          direction,
          earlyMuxer: result.streamMuxer != null,
          remoteMuxers: result.remoteExtensions?.streamMuxers ?? []
        })
        return result
      }
    }
    return inner
  }
}

function meshsub (options) {
  return components => {
    const service = gossipsub({
      globalSignaturePolicy: options.sign === 'none' ? 'StrictNoSign' : 'StrictSign',
      // js-libp2p's own id is made from the public key, which no other implementation uses.
      ...(options['msg-id'] === 'spec' && options.sign !== 'none' ? { msgIdFn: specMessageId } : {}),
      fallbackToFloodsub: false,
      allowPublishToZeroTopicPeers: true,
      emitSelf: false,
      floodPublish: options['no-flood-publish'] !== true,
      doPX: options.px === true,
      D: options.d,
      Dlo: options.dlo,
      Dhi: options.dhi,
      Dlazy: options.dlazy,
      Dout: options.dout,
      Dscore: Math.min(4, options.d),
      heartbeatInterval: options.heartbeat,
      pruneBackoff: options['prune-backoff'],
      unsubcribeBackoff: options['unsub-backoff'],
      idontwantMinDataSize: options['idontwant-min'],
      scoreParams: { IPColocationFactorWeight: 0, IPColocationFactorWhitelist: new Set(['127.0.0.1', '::1']) }
    })(components)
    service.protocols = options.meshsub.split(',').map(version => `/meshsub/${version}`)
    return service
  }
}

function specMessageId (message) {
  const from = message.from.toMultihash().bytes
  const id = new Uint8Array(from.byteLength + 8)
  id.set(from)
  new DataView(id.buffer).setBigUint64(from.byteLength, message.sequenceNumber)
  return id
}

function dht (options) {
  const namespaces = options['kad-ns'].split(',')
  return kadDHT({
    protocol: options.kad,
    clientMode: options['kad-mode'] === 'client',
    kBucketSize: options.k,
    alpha: options.alpha,
    initialQuerySelfInterval: 300,
    peerInfoMapper: passthroughMapper,
    validators: validators(namespaces),
    selectors: selectors(namespaces)
  })
}

function tracedMdns (options, emit) {
  const make = mdns({ interval: options['mdns-interval'], serviceTag: options['mdns-service'], port: options['mdns-port'] })
  return components => {
    const service = make(components)
    service.addEventListener('peer', event => {
      const remotePeer = event.detail.id.toString()
      if (remotePeer !== components.peerId.toString()) {
        emit('mdns:peer', { remotePeer, addrs: event.detail.multiaddrs.map(bare) })
        if (options['mdns-dial']) {
          components.connectionManager.openConnection(event.detail.id).catch(error => {
            emit('mdns:dialError', { remotePeer, error: describe(error) })
          })
        }
      }
    })
    return service
  }
}

/** Its multicast library joins on every interface that the system names, so it is told of one only. */
function keepToLoopback () {
  os.networkInterfaces = () => ({ lo: [{ address: '127.0.0.1', netmask: '255.0.0.0', family: 'IPv4', internal: true, cidr: '127.0.0.1/8' }] })
}

const keyFile = psk => new TextEncoder().encode(`/key/swarm/psk/1.0.0/\n/base16/\n${psk}\n`)
