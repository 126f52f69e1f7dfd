import type { Cluster, Contributions } from '../api.ts'
import { h, KeyedList, text } from '../dom.ts'
import { integer, nameOf, percent, shortId } from '../format.ts'
import { Bar } from './facts.ts'

const most = 12

type Miner = Contributions['miners'][number]

/** Who did how much of the share chain's last links. */
export class ContributionsView {
  readonly #rows: KeyedList<Miner, HTMLLIElement>
  readonly #empty = h('p', { class: 'empty' }, 'Nobody yet: the share chain has just begun.')
  #names = new Map<string, string>()
  #self: string | null = null
  #last: Contributions | null = null

  constructor (container: HTMLElement, readonly note: HTMLElement) {
    const list = h('ol', { class: 'contributions' })
    container.append(this.#empty, list)
    this.#rows = new KeyedList(list, miner => miner.miner, () => this.#create())
  }

  update (contributions: Contributions): void {
    this.#last = contributions
    this.#empty.hidden = contributions.miners.length > 0
    text(this.note, contributions.links === 0 ? '' : `of the last ${integer(contributions.links)} links`)
    this.#rows.update(contributions.miners.slice(0, most))
  }

  /** Members have names, miners of the past only ids. */
  nameBy (cluster: Cluster): void {
    this.#names = new Map(cluster.members.map(member => [member.peerId, nameOf(member)]))
    this.#self = cluster.self
    if (this.#last !== null) this.update(this.#last)
  }

  #create (): { element: HTMLLIElement, update: (miner: Miner) => void } {
    const name = h('bdi')
    const part = h('span', { class: 'rate' })
    const sub = h('span', { class: 'sub' })
    const count = h('span', { class: 'sub' })
    const bar = new Bar('', ['accent-part'])
    return {
      element: h('li', {}, h('div', { class: 'contribution-head' }, h('span', {}, name, sub), h('span', {}, count, part)), bar.root),
      update: miner => {
        text(name, this.#names.get(miner.miner) ?? shortId(miner.miner))
        text(sub, miner.miner === this.#self ? 'this node' : this.#names.has(miner.miner) ? '' : 'not here now')
        text(count, `${integer(miner.links)} ${miner.links === 1 ? 'link' : 'links'}${miner.uncles === 0 ? '' : `, ${integer(miner.uncles)} late`}`)
        text(part, percent(miner.part))
        bar.show([miner.part], `${percent(miner.part)} of the work`)
      }
    }
  }
}
