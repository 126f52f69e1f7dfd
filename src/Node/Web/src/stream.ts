// The event stream of the node. Not an EventSource: that cannot send a token, and does not tell why it failed.

import type { Events } from './api.ts'

export type Connection =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'waiting', seconds: number, reason: string }
  | { state: 'paused' }
  | { state: 'token', wrong: boolean }

type Handlers = { [K in keyof Events]: (body: Events[K]) => void }

const tokenKey = 'p2p-miner-token'

/** The node says something every two seconds; a connection that is silent for longer than this is dead. */
const silence = 12_000
const firstWait = 1
const longestWait = 15

/** How long a page that nobody sees keeps its connection. */
const hiddenAfter = 60_000
const maxBuffer = 8 * 1024 * 1024

export class Stream {
  #abort = new AbortController()
  #wait = firstWait
  #timer = 0
  #hidden = 0
  #running = false

  constructor (readonly handlers: Handlers, readonly report: (connection: Connection) => void) {
    document.addEventListener('visibilitychange', () => { this.#visibilityChanged() })
    window.addEventListener('online', () => { this.retry() })
  }

  start (): void {
    clearTimeout(this.#timer)
    if (this.#running) return
    this.#running = true
    this.#run().finally(() => { this.#running = false })
  }

  /** At once instead of when the time has come. */
  retry (): void {
    this.#wait = firstWait
    this.start()
  }

  useToken (token: string): void {
    sessionStorage.setItem(tokenKey, token)
    this.retry()
  }

  async #run (): Promise<void> {
    this.#abort = new AbortController()
    this.report({ state: 'connecting' })
    try {
      await this.#read(this.#abort)
      this.#later('the node ended the connection')
    } catch (error) {
      if (this.#abort.signal.reason === 'hidden') this.report({ state: 'paused' })
      else if (error instanceof Refused && error.status === 401) this.#needToken()
      else this.#later(error instanceof Refused ? error.message : 'the node does not answer')
    }
  }

  #needToken (): void {
    const wrong = sessionStorage.getItem(tokenKey) !== null
    sessionStorage.removeItem(tokenKey)
    this.report({ state: 'token', wrong })
  }

  #later (reason: string): void {
    const seconds = this.#wait
    this.#wait = Math.min(longestWait, this.#wait * 2)
    this.report({ state: 'waiting', seconds, reason })
    this.#timer = window.setTimeout(() => { this.start() }, seconds * 1000)
  }

  async #read (abort: AbortController): Promise<void> {
    const token = sessionStorage.getItem(tokenKey)
    let watchdog = window.setTimeout(() => { abort.abort('silent') }, silence)
    try {
      const answer = await fetch('/api/v1/events', {
        headers: token === null ? {} : { Authorization: `Bearer ${token}` },
        cache: 'no-store',
        signal: abort.signal
      })
      if (!answer.ok || answer.body === null) throw new Refused(answer.status)
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      let buffer = ''
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        clearTimeout(watchdog)
        watchdog = window.setTimeout(() => { abort.abort('silent') }, silence)
        buffer = this.#consume(buffer + value)
        if (buffer.length > maxBuffer) throw new Error('an event is too long')
      }
    } finally {
      clearTimeout(watchdog)
    }
  }

  /** Handles the whole events of a text; returns what is left. */
  #consume (text: string): string {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end < 0) return text
      this.#handle(text.slice(0, end))
      text = text.slice(end + 2)
    }
  }

  #handle (event: string): void {
    let name = ''
    let data = ''
    for (const line of event.split('\n')) {
      if (line.startsWith('event: ')) name = line.slice(7)
      else if (line.startsWith('data: ')) data += line.slice(6)
    }
    if (!(name in this.handlers) || data === '') return
    this.#wait = firstWait
    this.report({ state: 'live' })
    this.handlers[name as keyof Events](JSON.parse(data))
  }

  #visibilityChanged (): void {
    clearTimeout(this.#hidden)
    if (document.hidden) {
      this.#hidden = window.setTimeout(() => {
        clearTimeout(this.#timer)
        this.#abort.abort('hidden')
      }, hiddenAfter)
    } else {
      this.retry()
    }
  }
}

class Refused extends Error {
  constructor (readonly status: number) {
    super(status === 503 ? 'too many pages are open at this node' : `the node answers ${status}`)
  }
}
