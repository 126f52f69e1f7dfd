import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type Simulation } from 'd3-force'
import type { Cluster, Member } from '../api.ts'
import { h, KeyedList, set, svg, text } from '../dom.ts'
import { hashrate, kindOf, latency, nameOf } from '../format.ts'
import { glyph, kindNames, type Kind } from './glyphs.ts'

/** A map of more nodes than this shows nothing any more; the fastest are shown. */
const most = 120

/** Beyond so many nodes, names would cover each other. */
const mostNamed = 40
const mostMeasured = 24

interface Place { id: string, member: Member, radius: number, x: number, y: number, vx?: number, vy?: number, fx?: number | null, fy?: number | null }

interface Line { id: string, source: Place, target: Place, latencySeconds: number | null, guessed: boolean }

/** The cluster as nodes and lines, laid out by forces. */
export class MapView {
  readonly #svg = svg('svg', { class: 'map-svg', role: 'group', 'aria-label': 'Map of the cluster: one button for each node' })
  readonly #note = h('p', { class: 'map-note' })
  readonly #lines: KeyedList<Line, SVGGElement>
  readonly #nodes: KeyedList<Place, SVGGElement>
  readonly #places = new Map<string, Place>()
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)')
  readonly #simulation: Simulation<Place, Line>
  #edges: Line[] = []
  #selected: string | null = null
  #shape = ''
  #width = 600
  #height = 400

  constructor (container: HTMLElement, legend: HTMLElement, readonly choose: (peerId: string) => void) {
    for (const kind of ['host', 'worker', 'relay'] as Kind[]) {
      legend.append(h('li', { 'data-kind': kind }, h('span', { class: 'swatch', 'aria-hidden': 'true' }), kindNames[kind]))
    }
    const lines = svg('g', { class: 'lines', 'aria-hidden': 'true' })
    const nodes = svg('g', { class: 'nodes' })
    this.#svg.append(lines, nodes)
    container.append(this.#svg, this.#note)
    this.#lines = new KeyedList<Line, SVGGElement>(lines, line => line.id, () => this.#createLine())
    this.#nodes = new KeyedList<Place, SVGGElement>(nodes, place => place.id, place => this.#createNode(place))
    this.#simulation = forceSimulation<Place, Line>()
      .on('tick', () => { this.#draw() })
      .stop()
    new ResizeObserver(() => { this.#resize(container) }).observe(container)
    this.#resize(container)
  }

  update (cluster: Cluster, selected: string | null): void {
    this.#selected = selected
    const members = cluster.members.slice(0, most)
    this.#arrange(members)
    this.#connect(cluster, members)
    const left = cluster.totals.members - members.length
    text(this.#note, members.length === 1
      ? 'No other node yet. Start p2p-miner on another machine of this network, and it appears here.'
      : left > 0 ? `and ${left} more` : '')
    const shape = [...this.#places.keys(), ...this.#edges.map(edge => edge.id)].sort().join()
    const hasChanged = shape !== this.#shape
    this.#shape = shape
    if (hasChanged) this.#settle(0.8)
    this.#nodes.update([...this.#places.values()])
    this.#lines.update(this.#edges)
    this.#draw()
  }

  #arrange (members: Member[]): void {
    const top = Math.max(1, ...members.map(member => member.hashrate))
    const scale = members.length > mostNamed ? 0.42 : members.length > 12 ? 0.75 : members.length > 4 ? 1 : 1.3
    const ids = new Set(members.map(member => member.peerId))
    for (const id of this.#places.keys()) if (!ids.has(id)) this.#places.delete(id)
    members.forEach((member, index) => {
      const radius = scale * (20 + 20 * Math.sqrt(member.hashrate / top))
      const place = this.#places.get(member.peerId)
      if (place !== undefined) {
        place.member = member
        place.radius = radius
        return
      }
      // On a spiral from the middle, so that the same cluster is always drawn alike.
      const angle = index * 2.4
      const distance = index === 0 ? 0 : 60 + 20 * Math.sqrt(index)
      this.#places.set(member.peerId, {
        id: member.peerId, member, radius, x: this.#width / 2 + distance * Math.cos(angle), y: this.#height / 2 + distance * Math.sin(angle)
      })
    })
  }

  #connect (cluster: Cluster, members: Member[]): void {
    this.#edges = []
    const linked = new Set<string>()
    for (const link of cluster.links) {
      const source = this.#places.get(link.from)
      const target = this.#places.get(link.to)
      if (source === undefined || target === undefined) continue
      linked.add(link.from).add(link.to)
      this.#edges.push({ id: `${link.from} ${link.to}`, source, target, latencySeconds: link.latencySeconds, guessed: false })
    }
    // Who tells of no connection is reached through others, nobody knows which.
    const self = cluster.self === null ? undefined : this.#places.get(cluster.self)
    for (const member of members) {
      const target = this.#places.get(member.peerId)
      if (self === undefined || target === undefined || target === self || linked.has(member.peerId)) continue
      this.#edges.push({ id: `${self.id} ${target.id}`, source: self, target, latencySeconds: null, guessed: true })
    }
  }

  #settle (alpha: number): void {
    const count = this.#places.size
    const room = Math.min(this.#width, this.#height)
    const reach = Math.max(70, Math.min(190, room / Math.sqrt(Math.max(2, count)) * 0.85))
    this.#simulation
      .nodes([...this.#places.values()])
      .force('link', forceLink<Place, Line>(this.#edges).distance(line => line.source.radius + line.target.radius + reach).strength(0.25))
      .force('charge', forceManyBody<Place>().strength(-1100 * Math.min(1, (16 / count) ** 1.5)).distanceMax(600))
      .force('collide', forceCollide<Place>(place => place.radius + (count > mostNamed ? 4 : 26)))
      .force('x', forceX<Place>(this.#width / 2).strength(0.09 * (this.#height / this.#width) ** 2))
      .force('y', forceY<Place>(this.#height / 2).strength(0.09))
      .alpha(alpha)
    if (this.#still.matches) {
      this.#simulation.stop()
      this.#simulation.tick(300)
      this.#draw()
    } else {
      // Most of the way at once, the rest for the eye.
      this.#simulation.tick(60)
      this.#simulation.restart()
    }
  }

  #resize (container: HTMLElement): void {
    const { clientWidth, clientHeight } = container
    if (clientWidth === 0 || (clientWidth === this.#width && clientHeight === this.#height)) return
    this.#width = clientWidth
    this.#height = clientHeight
    set(this.#svg, 'viewBox', `0 0 ${clientWidth} ${clientHeight}`)
    this.#settle(0.5)
  }

  #draw (): void {
    const count = this.#places.size
    this.#svg.classList.toggle('dense', count > mostNamed)
    this.#svg.classList.toggle('unmeasured', count > mostMeasured)
    this.#centre()
    for (const place of this.#places.values()) {
      const side = count > mostNamed ? place.radius + 8 : Math.max(place.radius + 12, 60)
      place.x = Math.min(this.#width - side, Math.max(side, place.x))
      place.y = Math.min(this.#height - place.radius - 46, Math.max(place.radius + 14, place.y))
    }
    this.#nodes.update([...this.#places.values()])
    this.#lines.update(this.#edges)
  }

  /** Moves all, so that as much room is left on either side. */
  #centre (): void {
    const places = [...this.#places.values()]
    if (places.length === 0) return
    const middle = (low: number, high: number): number => (low + high) / 2
    const dx = this.#width / 2 - middle(Math.min(...places.map(place => place.x - place.radius)), Math.max(...places.map(place => place.x + place.radius)))
    const dy = this.#height / 2 - middle(Math.min(...places.map(place => place.y - place.radius)), Math.max(...places.map(place => place.y + place.radius + 38)))
    for (const place of places) {
      place.x += dx
      place.y += dy
    }
  }

  #createLine (): { element: SVGGElement, update: (line: Line) => void } {
    const stroke = svg('line')
    const label = svg('text', { class: 'line-label', 'text-anchor': 'middle' })
    const element = svg('g', { class: 'line' }, stroke, label)
    return {
      element,
      update: line => {
        element.classList.toggle('guessed', line.guessed)
        element.classList.toggle('near', line.source.id === this.#selected || line.target.id === this.#selected)
        set(stroke, 'x1', line.source.x.toFixed(1))
        set(stroke, 'y1', line.source.y.toFixed(1))
        set(stroke, 'x2', line.target.x.toFixed(1))
        set(stroke, 'y2', line.target.y.toFixed(1))
        text(label, line.latencySeconds === null ? '' : latency(line.latencySeconds))
        const [from, to] = line.source.x < line.target.x ? [line.source, line.target] : [line.target, line.source]
        const length = Math.hypot(to.x - from.x, to.y - from.y) || 1
        const middle = (from.radius + (length - to.radius)) / 2 / length
        const angle = Math.atan2(to.y - from.y, to.x - from.x) * 180 / Math.PI
        const x = from.x + (to.x - from.x) * middle
        const y = from.y + (to.y - from.y) * middle
        set(label, 'transform', `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${angle.toFixed(1)}) translate(0 -6)`)
      }
    }
  }

  #createNode (first: Place): { element: SVGGElement, update: (place: Place) => void } {
    const halo = svg('circle', { class: 'halo' })
    const disc = svg('circle', { class: 'disc' })
    const icon = svg('g', { class: 'icon' })
    const name = svg('text', { class: 'node-name', 'text-anchor': 'middle' })
    const rate = svg('text', { class: 'node-rate', 'text-anchor': 'middle' })
    const title = svg('title')
    const element = svg('g', { class: 'node', tabindex: 0, role: 'button' }, title, halo, disc, icon, name, rate)
    let kind = ''
    element.addEventListener('click', () => { this.choose(first.id) })
    element.addEventListener('keydown', event => {
      if (event.key !== 'Enter' && event.key !== ' ') return
      event.preventDefault()
      this.choose(first.id)
    })
    return {
      element,
      update: place => {
        const { member, radius } = place
        const now = kindOf(member)
        if (now !== kind) {
          kind = now
          icon.replaceChildren(glyph(now))
          set(element, 'data-kind', now)
        }
        element.classList.toggle('self', member.isSelf)
        element.classList.toggle('selected', place.id === this.#selected)
        set(element, 'aria-pressed', place.id === this.#selected ? 'true' : 'false')
        set(element, 'data-peer', place.id)
        set(element, 'transform', `translate(${place.x.toFixed(1)} ${place.y.toFixed(1)})`)
        set(disc, 'r', radius.toFixed(1))
        set(halo, 'r', (radius + 6).toFixed(1))
        const size = radius * 0.95
        set(icon, 'transform', `translate(${(-size / 2).toFixed(1)} ${(-size / 2).toFixed(1)}) scale(${(size / 24).toFixed(3)})`)
        set(name, 'y', (radius + 18).toFixed(1))
        set(rate, 'y', (radius + 34).toFixed(1))
        const full = nameOf(member)
        const shown = full.length > 18 ? `${full.slice(0, 17)}…` : full
        const speed = member.hashrate > 0 ? hashrate(member.hashrate) : kind === 'relay' ? 'relay' : 'idle'
        text(name, shown)
        text(rate, speed)
        const more = `${full}: ${member.role}${member.isSelf ? ', this node' : ''}`
        text(title, more)
        // Begins with what is seen, so that it can be chosen by voice.
        set(element, 'aria-label', `${shown} ${speed}, ${more}`)
      }
    }
  }
}
