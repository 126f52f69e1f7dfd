// Conversions between js-libp2p's types and the JSON lines.
import { peerIdFromMultihash, peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'

export const hex = bytes => Buffer.from(bytes.subarray()).toString('hex')
export const unhex = text => new Uint8Array(Buffer.from(text, 'hex'))
export const utf8 = text => new TextEncoder().encode(text)

/** "Name: message" on one line. */
export function describe (error) {
  const causes = error instanceof AggregateError ? ` (${error.errors.map(describe).join('; ')})` : ''
  return `${error.name ?? 'Error'}: ${error.message ?? error}${causes}`.replace(/\s*\n\s*/g, ' ')
}

export function need (command, name, type = 'string') {
  if (typeof command[name] !== type) {
    throw new TypeError(`argument ${name} must be a ${type}`)
  }
  return command[name]
}

/** The peer id or multiaddr of a command, for dialling. */
export function target (command) {
  return command.addr !== undefined ? multiaddr(need(command, 'addr')) : peerIdFromString(need(command, 'peer'))
}

export const idText = multihash => peerIdFromMultihash(Digest.decode(multihash)).toString()

/** The content id that provide and findProviders mean. */
export async function contentId (command) {
  if (command.cid !== undefined) {
    return CID.parse(need(command, 'cid'))
  }
  if (command.multihash !== undefined) {
    return CID.createV1(0x55, Digest.decode(unhex(need(command, 'multihash'))))
  }
  return CID.createV1(0x55, await sha256.digest(utf8(need(command, 'key'))))
}

/** The raw DHT key that putValue, getValue and closestPeers mean. */
export function rawKey (command) {
  if (command.peer !== undefined) {
    return peerIdFromString(need(command, 'peer')).toMultihash().bytes
  }
  return command.keyHex !== undefined ? unhex(need(command, 'keyHex')) : utf8(need(command, 'key'))
}

/** `/p2p/...` taken off. */
export const bare = address => address.toString().replace(/\/p2p\/[^/]+$/, '')

export const connectionOf = connection => ({
  remotePeer: connection.remotePeer.toString(),
  remoteAddr: connection.remoteAddr.toString(),
  direction: connection.direction,
  encryption: connection.encryption,
  multiplexer: connection.multiplexer,
  status: connection.status,
  streams: connection.streams.length
})
