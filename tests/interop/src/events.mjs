// Reports what happens in a host as events.
import { createHash } from 'node:crypto'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { bare, connectionOf, hex } from './text.mjs'

const SHOWN_BYTES = 4096

export function watchHost (host, emit) {
  host.addEventListener('peer:connect', event => { emit('peer:connect', { remotePeer: event.detail.toString() }) })
  host.addEventListener('peer:disconnect', event => { emit('peer:disconnect', { remotePeer: event.detail.toString() }) })
  host.addEventListener('connection:open', event => { emit('connection:open', connectionOf(event.detail)) })
  host.addEventListener('connection:close', event => { emit('connection:close', connectionOf(event.detail)) })
  host.addEventListener('peer:identify', event => { emit('identify', identity(event.detail)) })
}

function identity (said) {
  const record = said.signedPeerRecord
  return {
    remotePeer: said.peerId.toString(),
    protocols: said.protocols,
    agentVersion: said.agentVersion,
    protocolVersion: said.protocolVersion,
    observedAddr: said.observedAddr?.toString(),
    listenAddrs: said.listenAddrs.map(String),
    publicKey: said.publicKey == null ? undefined : hex(said.publicKey instanceof Uint8Array ? said.publicKey : publicKeyToProtobuf(said.publicKey)),
    signedPeerRecord: record == null ? undefined : { seq: record.seq.toString(), addresses: record.addresses.map(bare) }
  }
}

export function watchGossip (pubsub, options, emit, count) {
  pubsub.addEventListener('gossipsub:message', event => {
    const { msg, msgId, propagationSource } = event.detail
    count(msg)
    emit('gossip', {
      topic: msg.topic,
      via: propagationSource.toString(),
      signed: msg.type === 'signed',
      ...(msg.type === 'signed' ? { from: msg.from.toString(), seqno: msg.sequenceNumber.toString() } : {}),
      ...(msg.data.byteLength > SHOWN_BYTES
        ? { size: msg.data.byteLength, sha256: createHash('sha256').update(msg.data).digest('hex') }
        : { data: hex(msg.data) }),
      msgId
    })
  })
  pubsub.addEventListener('subscription-change', event => {
    emit('subscription', { remotePeer: event.detail.peerId.toString(), subscriptions: event.detail.subscriptions })
  })
  traceRpc(pubsub, options['rpc-trace'] === true, emit)
}

/** Reports GRAFT and PRUNE of both directions, and with `all` every frame. */
function traceRpc (pubsub, all, emit) {
  const receive = pubsub.handleReceivedRpc.bind(pubsub)
  pubsub.handleReceivedRpc = async (from, rpc) => {
    report('in', from.toString(), rpc)
    reportMesh('inbound', from.toString(), rpc)
    return receive(from, rpc)
  }
  const send = pubsub.sendRpc.bind(pubsub)
  pubsub.sendRpc = (id, rpc) => {
    const sent = send(id, rpc)
    report('out', id, rpc, sent)
    reportMesh('outbound', id, rpc)
    return sent
  }
  const sendBatch = pubsub.sendRpcInBatch.bind(pubsub)
  pubsub.sendRpcInBatch = (ids, rpc) => {
    for (const id of ids) {
      report('out', id, rpc)
    }
    return sendBatch(ids, rpc)
  }

  function report (way, remotePeer, rpc, sent) {
    if (all) {
      emit(`rpc:${way}`, { remotePeer, rpc: frame(rpc), ...(sent === undefined ? {} : { sent }) })
    }
  }

  function reportMesh (direction, remotePeer, rpc) {
    for (const graft of rpc.control?.graft ?? []) {
      emit('graft', { topic: graft.topicID, remotePeer, direction })
    }
    for (const prune of rpc.control?.prune ?? []) {
      emit('prune', { topic: prune.topicID, remotePeer, direction, backoff: prune.backoff })
    }
  }
}

function frame (rpc) {
  const control = rpc.control ?? {}
  const parts = {
    subscriptions: rpc.subscriptions?.map(({ topic, subscribe }) => ({ topic, subscribe })),
    messages: rpc.messages?.map(message => ({
      topic: message.topic,
      size: message.data?.byteLength ?? 0,
      from: message.from && hex(message.from),
      seqno: message.seqno && hex(message.seqno),
      sigLen: message.signature?.byteLength,
      key: message.key && hex(message.key)
    })),
    ihave: control.ihave?.map(part => ({ topic: part.topicID, ids: part.messageIDs.map(hex) })),
    iwant: control.iwant?.map(part => ({ ids: part.messageIDs.map(hex) })),
    idontwant: control.idontwant?.map(part => ({ ids: part.messageIDs.map(hex) })),
    graft: control.graft?.map(part => part.topicID),
    prune: control.prune?.map(part => ({
      topic: part.topicID,
      backoff: part.backoff ?? 0,
      peers: part.peers?.map(peer => ({ peerID: hex(peer.peerID), signed: peer.signedPeerRecord != null }))
    }))
  }
  return Object.fromEntries(Object.entries(parts).filter(([, list]) => list?.length > 0))
}

