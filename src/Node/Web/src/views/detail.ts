import type { Cluster, Member } from '../api.ts'
import { h, text } from '../dom.ts'
import { bytes, duration, hashrate, integer, kindOf, latency, nameOf, percent, shortHash } from '../format.ts'
import { Bar, Facts } from './facts.ts'
import { figure } from './glyphs.ts'

const sources: Record<string, string> = { full: 'dataset (full memory)', hybrid: 'a part of the dataset, and cache (hybrid memory)', light: 'cache (light memory)' }

/** All that is known of one node. */
export class DetailView {
  readonly #facts = new Facts()
  readonly #rate = h('span', { class: 'detail-rate' })
  readonly #part = h('span', { class: 'detail-part' })
  readonly #bar = new Bar('', ['accent-part'])
  readonly #name = h('bdi')
  readonly #figure = h('span', { class: 'detail-figure', 'aria-hidden': 'true' })
  #shown = ''

  constructor (container: HTMLElement, readonly title: HTMLElement, readonly badges: HTMLElement) {
    container.append(
      h('div', { class: 'detail-top' }, this.#figure, h('div', { class: 'detail-rates' }, this.#rate, this.#part)), this.#bar.root, this.#facts.root)
    title.replaceChildren(this.#name)
  }

  update (member: Member, cluster: Cluster): void {
    text(this.#name, nameOf(member))
    const kind = kindOf(member)
    const badges = [member.isSelf ? 'this node' : '', member.role].filter(badge => badge !== '').join(' · ')
    text(this.badges, badges)
    if (this.#shown !== kind) {
      this.#shown = kind
      this.#figure.dataset['kind'] = kind
      this.#figure.replaceChildren(figure(kind))
    }
    text(this.#rate, hashrate(member.hashrate))
    const part = cluster.totals.hashrate > 0 ? member.hashrate / cluster.totals.hashrate : 0
    text(this.#part, `${percent(part)} of the cluster`)
    this.#bar.show([part], `${percent(part)} of the cluster's hash rate`)
    this.#facts.show('Peer id', shortHash(member.peerId), member.peerId)
    this.#facts.show('Mode', member.mode)
    this.#facts.show('Threads', `${member.threads} of ${member.cpus || '?'} CPUs`)
    this.#facts.show('Hashes from', sources[member.memory] ?? member.memory)
    this.#facts.show('Memory free', member.memoryTotal === 0 ? null : `${bytes(member.memoryAvailable)} of ${bytes(member.memoryTotal)}`)
    this.#facts.show('Datasets', member.datasetKeys.length === 0 ? 'none' : member.datasetKeys.map(shortHash).join(', '), member.datasetKeys.join('\n'))
    this.#facts.show('Chain', `link ${integer(member.chain.height)}, ${shortHash(member.chain.tip)}`, member.chain.tip)
    this.#facts.show('Daemon', member.daemon ? 'yes' : 'no')
    this.#facts.show('Connection', member.isSelf ? null : member.address ?? 'through other nodes')
    this.#facts.show('Latency', member.isSelf ? null : latency(member.latencySeconds))
    this.#facts.show('Last heard', member.isSelf ? null : `${duration(member.secondsSinceHeard)} ago`)
    this.#facts.show('Version', member.version)
  }
}
