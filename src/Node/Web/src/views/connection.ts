import type { Connection } from '../stream.ts'
import { byId, text } from '../dom.ts'
import { clock } from '../format.ts'

/** Whether the figures are live, and the way back when they are not. */
export class ConnectionView {
  readonly #pill = byId('connection')
  readonly #pillText = byId('connection-text')
  readonly #banner = byId('banner')
  readonly #bannerText = byId('banner-text')
  readonly #dialog = byId('token') as HTMLDialogElement
  readonly #input = byId('token-value') as HTMLInputElement
  readonly #error = byId('token-error')
  #lastLive = 0

  constructor (retry: () => void, useToken: (token: string) => void) {
    byId('banner-retry').addEventListener('click', retry)
    byId('token-form').addEventListener('submit', () => {
      useToken(this.#input.value.trim())
      this.#input.value = ''
    })
    // Without the token there is nothing to see behind the dialog.
    this.#dialog.addEventListener('cancel', event => { event.preventDefault() })
  }

  update (connection: Connection): void {
    if (connection.state === 'live') this.#lastLive = Date.now() / 1000
    // A try that follows a failed one is no news yet.
    if (connection.state === 'connecting' && !this.#banner.hidden) return
    this.#pill.dataset['state'] = connection.state
    document.body.classList.toggle('stale', connection.state === 'waiting' || connection.state === 'token')
    text(this.#pillText, words[connection.state])
    this.#banner.hidden = connection.state !== 'waiting'
    if (connection.state === 'waiting') {
      const since = this.#lastLive === 0 ? '' : ` The figures are of ${clock(this.#lastLive)}.`
      text(this.#bannerText, `No connection: ${connection.reason}.${since} Trying again every few seconds.`)
    }
    if (connection.state === 'token') this.#ask(connection.wrong)
    else if (this.#dialog.open) this.#dialog.close()
  }

  #ask (wrong: boolean): void {
    text(this.#error, wrong ? 'The node does not accept this token.' : '')
    if (!this.#dialog.open) this.#dialog.showModal()
    this.#input.focus()
  }
}

const words: Record<Connection['state'], string> = {
  connecting: 'Connecting…',
  live: 'Live',
  waiting: 'Reconnecting',
  paused: 'Paused',
  token: 'Token needed'
}
