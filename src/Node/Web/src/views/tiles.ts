import type { Cluster, Status } from '../api.ts'
import { h, set, text } from '../dom.ts'
import { amount, duration, hashrate, integer, percent } from '../format.ts'

interface Tile { root: HTMLElement, value: HTMLElement, note: HTMLElement }

/** The figures that one looks for first. */
export class TilesView {
  readonly #cluster: Tile
  readonly #node: Tile
  readonly #shares: Tile
  readonly #chain: Tile
  readonly #blocks: Tile
  readonly #state: Tile

  constructor (readonly container: HTMLElement) {
    this.#cluster = this.#add('Cluster hash rate', 'accent')
    this.#node = this.#add('This node', 'second')
    this.#shares = this.#add('Shares accepted', '')
    this.#chain = this.#add('Share chain', '')
    this.#blocks = this.#add('Blocks', '')
    this.#state = this.#add('State', '')
    this.#cluster.value.id = 'cluster-hashrate'
    this.#node.value.id = 'node-hashrate'
  }

  update (status: Status, cluster: Cluster | null): void {
    const members = status.clusterTotals.peers + 1
    text(this.#cluster.value, hashrate(status.clusterTotals.hashrate))
    text(this.#cluster.note, `${members} ${members === 1 ? 'node' : 'nodes'}${cluster === null ? '' : ` · ${cluster.totals.threads} threads`}`)
    text(this.#node.value, hashrate(status.hashrate.s60 ?? status.hashrate.s10))
    text(this.#node.note, `at most ${hashrate(status.hashrate.max)}`)
    const { found, accepted, stale, rejected } = status.shares
    text(this.#shares.value, integer(accepted))
    text(this.#shares.note, found === 0 ? 'none found yet' : `${percent(accepted / found)} · ${integer(stale)} stale, ${integer(rejected)} bad`)
    text(this.#chain.value, integer(status.chain?.height))
    text(this.#chain.note, status.chain === null ? '' : `next link at ${amount(status.chain.difficulty)}`)
    text(this.#blocks.value, integer(status.blocks.accepted))
    text(this.#blocks.note, status.daemons.length === 0 && status.blocks.found === 0 ? 'no Monero daemon' : `${status.blocks.found} found · ${status.blocks.rejected} rejected`)
    text(this.#state.value, status.paused === null ? status.state : `${status.state}: ${status.paused}`)
    text(this.#state.note, `up ${duration(status.uptimeSeconds)}`)
    set(this.#state.root, 'data-state', status.state)
  }

  #add (label: string, kind: string): Tile {
    const value = h('dd', { class: 'tile-value' }, '–')
    const note = h('dd', { class: 'tile-note' })
    const root = h('dl', { class: `card tile ${kind}` }, h('dt', {}, label), value, note)
    this.container.append(root)
    return { root, value, note }
  }
}
