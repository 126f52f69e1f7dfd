import type { Cluster, Status } from '../api.ts'
import { byId, h, text } from '../dom.ts'
import { hashrate } from '../format.ts'

/** The cluster's name, and what the browser's tab says. */
export class HeaderView {
  readonly #name = h('bdi', { class: 'chip-name' })
  readonly #access = h('span', { class: 'chip-note' })
  readonly #version = byId('foot-version')

  constructor () {
    byId('chips').append(h('span', { class: 'chip' }, h('span', { class: 'chip-label' }, 'Cluster'), this.#name, this.#access))
  }

  update (status: Status | null, cluster: Cluster | null): void {
    text(this.#name, cluster?.name ?? status?.cluster ?? '')
    text(this.#access, cluster === null ? '' : cluster.isPrivate ? 'private' : 'open to the LAN')
    if (status !== null) text(this.#version, `p2p-miner ${status.version}`)
    document.title = cluster === null ? 'p2p-miner' : `${hashrate(cluster.totals.hashrate)} · p2p-miner`
  }
}
