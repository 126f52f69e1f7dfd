import type { Cluster, Member } from '../api.ts'
import { h, KeyedList, set, text } from '../dom.ts'
import { hashrate, integer, kindOf, latency, nameOf, shortId } from '../format.ts'
import { Bar } from './facts.ts'

const most = 200

/** The nodes as a table, which says in words what the map shows. */
export class NodesView {
  readonly #rows: KeyedList<Member, HTMLTableRowElement>
  #top = 1
  #selected: string | null = null

  constructor (container: HTMLElement, readonly note: HTMLElement, choose: (peerId: string) => void) {
    const body = h('tbody')
    container.append(h('table', { class: 'nodes-table' },
      h('thead', {}, h('tr', {},
        h('th', { scope: 'col' }, 'Node'), h('th', { scope: 'col', class: 'role' }, 'Role'), h('th', { scope: 'col', class: 'number' }, 'Hash rate'),
        h('th', { scope: 'col', class: 'number wide' }, 'Threads'), h('th', { scope: 'col', class: 'wide' }, 'Memory'),
        h('th', { scope: 'col', class: 'number wide' }, 'Latency'), h('th', { scope: 'col', class: 'number middle' }, 'Chain'))),
      body))
    this.#rows = new KeyedList(body, member => member.peerId, member => this.#create(member, choose))
  }

  update (cluster: Cluster, selected: string | null): void {
    this.#top = Math.max(1, ...cluster.members.map(member => member.hashrate))
    this.#selected = selected
    this.#rows.update(cluster.members.slice(0, most))
    const left = cluster.totals.members - Math.min(most, cluster.members.length)
    text(this.note, left > 0 ? `and ${left} more` : `${cluster.totals.members} in all`)
  }

  #create (first: Member, choose: (peerId: string) => void): { element: HTMLTableRowElement, update: (member: Member) => void } {
    const name = h('bdi')
    const button = h('button', { type: 'button', class: 'link' }, name)
    const id = h('span', { class: 'sub' }, shortId(first.peerId))
    const role = h('span', { class: 'tag' })
    const shortRole = h('span', { class: 'sub short-role', 'aria-hidden': 'true' })
    const rate = h('span', { class: 'rate' })
    const bar = new Bar('', ['accent-part'])
    set(bar.root, 'aria-hidden', 'true')
    const threads = h('td', { class: 'number wide' })
    const memory = h('td', { class: 'wide' })
    const delay = h('td', { class: 'number wide' })
    const chain = h('td', { class: 'number middle' })
    button.addEventListener('click', () => { choose(first.peerId) })
    return {
      element: h('tr', { 'data-peer': first.peerId },
        h('th', { scope: 'row' }, button, id, shortRole), h('td', { class: 'role' }, role), h('td', { class: 'number' }, rate, bar.root), threads, memory, delay, chain),
      update: member => {
        text(name, nameOf(member))
        text(id, member.isSelf ? 'this node' : shortId(member.peerId))
        text(role, member.role)
        text(shortRole, member.role)
        role.dataset['kind'] = kindOf(member)
        text(rate, hashrate(member.hashrate))
        bar.show([member.hashrate / this.#top], '')
        text(threads, String(member.threads))
        text(memory, member.memory)
        text(delay, latency(member.latencySeconds))
        text(chain, integer(member.chain.height))
        const row = button.closest('tr')
        row?.classList.toggle('selected', member.peerId === this.#selected)
        set(button, 'aria-pressed', member.peerId === this.#selected ? 'true' : 'false')
      }
    }
  }
}
