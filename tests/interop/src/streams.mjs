// Streams: reading and writing them to their end, and the protocols that tests talk to.
import { createHash, randomBytes } from 'node:crypto'
import { hex, unhex } from './text.mjs'

const KEPT_BYTES = 65_536
const PIECE_BYTES = 65_536
const zeros = new Uint8Array(PIECE_BYTES)

export const builtIn = {
  '/p2p-miner/interop/echo/1.0.0': 'echo',
  '/p2p-miner/interop/eof-echo/1.0.0': 'eofEcho',
  '/p2p-miner/interop/sink/1.0.0': 'sink',
  '/p2p-miner/interop/reset/1.0.0': 'reset',
  '/p2p-miner/interop/silent/1.0.0': 'silent',
  '/p2p-miner/interop/slow/1.0.0': 'slow'
}

/** Sends all pieces, waiting whenever the stream has enough. */
export async function sendAll (stream, pieces) {
  for (const piece of pieces) {
    if (!stream.send(piece)) {
      await stream.onDrain()
    }
  }
}

/** Gives every piece to `take` and returns why reading ended: eof, closed, reset..., or the reason with which `stop` was called. */
export function readToEnd (stream, take) {
  const { promise, resolve } = Promise.withResolvers()
  let remoteClosed = stream.remoteWriteStatus === 'closed'
  const ended = () => {
    if (stream.status === 'aborted' || stream.status === 'reset') {
      resolve(`reset: ${stream.status}`)
    } else {
      resolve(remoteClosed ? 'eof' : 'closed')
    }
  }
  stream.addEventListener('remoteCloseWrite', () => { remoteClosed = true })
  stream.addEventListener('message', event => { take(event.data) })
  stream.addEventListener('end', ended)
  stream.addEventListener('close', event => {
    resolve(event.error == null ? (remoteClosed ? 'eof' : 'closed') : `reset: ${event.error.message}`)
  })
  if (stream.readableEnded) {
    ended()
  }
  return { promise, stop: resolve }
}

/** Sends, half-closes and reads as the arguments of openStream say. */
export async function converse (stream, command) {
  const received = createHash('sha256')
  const sent = createHash('sha256')
  const kept = []
  const count = { sent: 0, received: 0, kept: 0 }
  const started = performance.now()
  const reading = readToEnd(stream, data => {
    for (const piece of data instanceof Uint8Array ? [data] : data) {
      received.update(piece)
      count.received += piece.byteLength
      if (count.kept < KEPT_BYTES) {
        kept.push(piece.slice(0, KEPT_BYTES - count.kept))
        count.kept += kept.at(-1).byteLength
      }
    }
    if (count.received >= (command.maxBytes ?? Infinity)) {
      reading.stop('maxBytes')
    }
  })
  const timer = setTimeout(() => { reading.stop('timeout') }, command.readMs ?? (command.timeout ?? 10_000) - 200)
  const writing = writeSide(stream, command, piece => {
    sent.update(piece)
    count.sent += piece.byteLength
  }).catch(error => { reading.stop(`reset: ${error.message}`) })

  const ended = await reading.promise
  clearTimeout(timer)
  if (ended !== 'eof') {
    stream.abort(new Error('done'))
  }
  await writing
  return {
    protocol: stream.protocol,
    sent: count.sent,
    received: count.received,
    sentSha256: sent.digest('hex'),
    sha256: received.digest('hex'),
    data: hex(Buffer.concat(kept)),
    ended,
    ms: performance.now() - started
  }
}

async function writeSide (stream, command, sent) {
  await sendAll(stream, piecesOf(command, sent))
  if (command.reset === true) {
    stream.abort(new Error('asked to reset'))
  } else if (command.halfClose !== false) {
    await stream.close()
  }
}

function * piecesOf (command, sent) {
  if (command.send !== undefined) {
    const bytes = unhex(command.send)
    sent(bytes)
    yield bytes
  }
  for (let left = command.sendRandom ?? 0; left > 0; left -= PIECE_BYTES) {
    const bytes = randomBytes(Math.min(left, PIECE_BYTES))
    sent(bytes)
    yield bytes
  }
}

/** A handler that behaves as its mode says and reports what it sees. */
export function handlerOf (protocol, mode, delayMs, emit) {
  const modes = { echo, eofEcho, sink, reset, silent, slow }
  const serve = modes[mode]
  if (serve === undefined) {
    throw new Error(`unknown mode ${mode}`)
  }
  return async (stream, connection) => {
    const remotePeer = connection.remotePeer.toString()
    emit('stream', { protocol, remotePeer, mode, direction: 'inbound' })
    try {
      await serve(stream, { delayMs, report: details => emit('sink', { protocol, remotePeer, ...details }) })
    } catch (error) {
      emit('streamError', { protocol, remotePeer, error: String(error) })
      stream.abort(error)
    }
  }
}

async function echo (stream) {
  const reading = readToEnd(stream, data => {
    if (!stream.send(data)) {
      stream.pause()
      stream.onDrain().then(() => resume(stream), () => { reading.stop('closed') })
    }
  })
  if (await reading.promise === 'eof') {
    await stream.close()
  }
}

/** A stream that was reset meanwhile cannot be resumed. */
function resume (stream) {
  if (stream.readStatus === 'paused') {
    stream.resume()
  }
}

async function eofEcho (stream) {
  const pieces = []
  if (await readToEnd(stream, data => pieces.push(data)).promise === 'eof') {
    await sendAll(stream, pieces)
    await stream.close()
  }
}

async function sink (stream, { report }) {
  const hash = createHash('sha256')
  let size = 0
  const ended = await readToEnd(stream, data => {
    for (const piece of data instanceof Uint8Array ? [data] : data) {
      hash.update(piece)
      size += piece.byteLength
    }
  }).promise
  const sha256 = hash.digest('hex')
  report({ size, sha256, ended })
  if (ended === 'eof') {
    stream.send(Buffer.from(JSON.stringify({ size, sha256 })))
    await stream.close()
  }
}

async function slow (stream, context) {
  stream.pause()
  await new Promise(resolve => setTimeout(resolve, context.delayMs))
  resume(stream)
  await sink(stream, context)
}

async function reset (stream) {
  stream.abort(new Error('this protocol resets'))
}

async function silent (stream) {
  stream.pause()
}

/** /perf/1.0.0: reads a count of 8 bytes and then to the end, and answers with so many zero bytes. */
export async function servePerf (stream) {
  const head = []
  const ended = await readToEnd(stream, data => {
    if (head.length < 8) {
      head.push(...data.subarray(0, 8 - head.length))
    }
  }).promise
  if (ended !== 'eof' || head.length < 8) {
    stream.abort(new Error('no count'))
    return
  }
  await sendAll(stream, zeroPieces(Number(Buffer.from(head).readBigUInt64BE())))
  await stream.close()
}

/** Uploads and downloads zero bytes over /perf/1.0.0 and takes the times. */
export async function askPerf (stream, upload, download) {
  const head = Buffer.alloc(8)
  head.writeBigUInt64BE(BigInt(download))
  let downloaded = 0
  const started = performance.now()
  const reading = readToEnd(stream, data => { downloaded += data.byteLength })
  await sendAll(stream, [head])
  await sendAll(stream, zeroPieces(upload))
  await stream.close()
  const uploadMs = performance.now() - started
  const ended = await reading.promise
  return { uploaded: upload, downloaded, uploadMs, totalMs: performance.now() - started, ended }
}

function * zeroPieces (count) {
  for (let left = count; left > 0; left -= PIECE_BYTES) {
    yield left < PIECE_BYTES ? zeros.subarray(0, left) : zeros
  }
}
