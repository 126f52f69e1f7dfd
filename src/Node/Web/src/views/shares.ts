import type { Share, Status } from '../api.ts'
import { h, KeyedList, text } from '../dom.ts'
import { amount, clock, integer, shortHash } from '../format.ts'

const most = 12

/** The newest shares that this node found. */
export class SharesView {
  readonly #rows: KeyedList<Share, HTMLTableRowElement>
  readonly #empty = h('p', { class: 'empty' }, 'None found yet. The first comes when a hash is good enough.')
  readonly #table: HTMLTableElement

  constructor (container: HTMLElement, readonly note: HTMLElement) {
    const body = h('tbody')
    this.#table = h('table', { class: 'shares-table' },
      h('thead', {}, h('tr', {},
        h('th', { scope: 'col' }, 'Time'), h('th', { scope: 'col', class: 'number' }, 'Height'),
        h('th', { scope: 'col', class: 'number' }, 'Difficulty'), h('th', { scope: 'col', class: 'hash' }, 'Hash'), h('th', { scope: 'col' }, 'Result'))),
      body)
    container.append(this.#empty, this.#table)
    this.#rows = new KeyedList(body, share => `${share.hash} ${share.height}`, share => this.#create(share))
    this.#table.hidden = true
  }

  update (shares: Share[]): void {
    this.#empty.hidden = shares.length > 0
    this.#table.hidden = shares.length === 0
    this.#rows.update(shares.slice(0, most))
  }

  count (status: Status): void {
    const { found, accepted } = status.shares
    text(this.note, found === 0 ? '' : `${integer(accepted)} of ${integer(found)} accepted`)
  }

  #create (share: Share): { element: HTMLTableRowElement, update: (share: Share) => void } {
    const state = h('span', { class: 'tag' })
    return {
      element: h('tr', {},
        h('td', {}, clock(share.time)), h('td', { class: 'number' }, integer(share.height)), h('td', { class: 'number' }, amount(share.difficulty)),
        h('td', { class: 'hash', title: share.hash }, shortHash(share.hash)), h('td', {}, state)),
      update: now => {
        text(state, now.block ? (now.state === 'accepted' ? 'block' : `block ${now.state}`) : now.state)
        state.dataset['state'] = now.block ? 'block' : now.state
      }
    }
  }
}
