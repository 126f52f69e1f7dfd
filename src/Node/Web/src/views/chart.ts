import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { History, Point, Series } from '../api.ts'
import { h, set, text } from '../dom.ts'
import { clock, hashrate, roundHashrate } from '../format.ts'

interface Range { label: string, seconds: number, series: number }

const ranges: Range[] = [
  { label: '10 min', seconds: 600, series: 0 },
  { label: '1 hour', seconds: 3600, series: 0 },
  { label: '24 hours', seconds: 86400, series: 1 }
]

/** Points that the page keeps of the fine series, as many as the node does. */
const capacity = 720

/** Hash rate of cluster and node over time. */
export class HashrateChart {
  readonly #clusterValue = h('span', { class: 'readout-value' }, '–')
  readonly #nodeValue = h('span', { class: 'readout-value' }, '–')
  readonly #time = h('span', { class: 'readout-time' })
  readonly #empty = h('p', { class: 'chart-empty' }, 'The first values come in a few seconds.')
  readonly #buttons: HTMLButtonElement[]
  #series: Series[] = []
  #range = ranges[0]!
  #plot: uPlot | null = null

  constructor (readonly container: HTMLElement, buttons: HTMLElement, readout: HTMLElement) {
    this.#buttons = ranges.map(range => {
      const button = h('button', { type: 'button' }, range.label)
      button.addEventListener('click', () => { this.#choose(range) })
      return button
    })
    buttons.append(...this.#buttons)
    container.append(this.#empty)
    readout.append(
      h('span', { class: 'readout-item cluster-key' }, h('span', { class: 'key', 'aria-hidden': 'true' }), 'Cluster ', this.#clusterValue),
      h('span', { class: 'readout-item node-key' }, h('span', { class: 'key', 'aria-hidden': 'true' }), 'This node ', this.#nodeValue),
      this.#time)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { this.#rebuild() })
    new ResizeObserver(() => { this.#resize() }).observe(container)
    this.#choose(this.#range)
  }

  replace (history: History): void {
    this.#series = history.series
    this.#show()
  }

  add (point: Point): void {
    const fine = this.#series[0]
    if (fine === undefined || point.time <= (fine.times.at(-1) ?? 0)) return
    fine.times.push(point.time)
    fine.node.push(point.node)
    fine.cluster.push(point.cluster)
    fine.members.push(point.members)
    if (fine.times.length > capacity) for (const list of [fine.times, fine.node, fine.cluster, fine.members]) list.shift()
    this.#show()
  }

  #choose (range: Range): void {
    this.#range = range
    this.#buttons.forEach((button, index) => { set(button, 'aria-pressed', ranges[index] === range ? 'true' : 'false') })
    this.#show()
  }

  /** Times, cluster and node, with holes where the node did not run. */
  #data (): [number[], (number | null)[], (number | null)[]] {
    const times: number[] = []
    const cluster: (number | null)[] = []
    const node: (number | null)[] = []
    const fine = this.#series[0]
    const now = fine?.times.at(-1) ?? 0
    const chosen = this.#series.slice(0, this.#range.series + 1).reverse()
    for (const series of chosen) {
      for (let i = 0; i < series.times.length; i++) {
        const time = series.times[i]!
        const last = times.at(-1) ?? 0
        if (time <= last || time < now - this.#range.seconds) continue
        if (last > 0 && time - last > 4 * Math.max(series.intervalSeconds, 15)) {
          times.push(last + 1)
          cluster.push(null)
          node.push(null)
        }
        times.push(time)
        cluster.push(series.cluster[i] ?? null)
        node.push(series.node[i] ?? null)
      }
    }
    return [times, cluster, node]
  }

  #show (): void {
    const data = this.#data()
    this.#empty.hidden = data[0].length > 1
    if (data[0].length < 2) return
    if (this.#plot === null) this.#plot = this.#create(data)
    else this.#plot.setData(data)
    this.#read(null)
  }

  #read (index: number | null): void {
    const data = this.#data()
    const at = index ?? data[0].length - 1
    const cluster = hashrate(data[1][at])
    const node = hashrate(data[2][at])
    text(this.#clusterValue, cluster)
    text(this.#nodeValue, node)
    text(this.#time, index === null ? '' : clock(data[0][at] ?? 0))
    if (index === null) set(this.container, 'aria-label', `Hash rate over the last ${this.#range.label}: cluster ${cluster}, this node ${node}`)
  }

  #rebuild (): void {
    this.#plot?.destroy()
    this.#plot = null
    this.#show()
  }

  #resize (): void {
    if (this.container.clientWidth > 0) this.#plot?.setSize(this.#size())
  }

  #size (): { width: number, height: number } {
    return { width: this.container.clientWidth, height: this.container.clientHeight }
  }

  #create (data: uPlot.AlignedData): uPlot {
    const style = getComputedStyle(this.container)
    const colour = (name: string): string => style.getPropertyValue(name).trim()
    const axis: uPlot.Axis = {
      stroke: colour('--muted'),
      font: `12px ${style.fontFamily}`,
      grid: { stroke: colour('--grid'), width: 1 },
      ticks: { show: false }
    }
    return new uPlot({
      ...this.#size(),
      padding: [12, 22, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 8, width: 2 }, drag: { x: false, y: false } },
      scales: {
        x: { range: (_plot, min, max) => [Math.min(Math.max(max - this.#range.seconds, min), max - 60), max] },
        y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.15)] }
      },
      axes: [
        { ...axis, space: 70, values: [[3600, '{HH}:{mm}', null, null, null, null, null, null, 1], [60, '{HH}:{mm}', null, null, null, null, null, null, 1], [1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1]] },
        { ...axis, size: 74, space: 44, values: (_plot, values) => values.map(roundHashrate) }
      ],
      series: [
        {},
        { stroke: colour('--accent'), width: 2, fill: plot => fade(plot, colour('--accent')), points: { show: false } },
        { stroke: colour('--second'), width: 2, points: { show: false } }
      ],
      hooks: { setCursor: [plot => { this.#read(plot.cursor.idx ?? null) }] }
    }, data, this.container)
  }
}

/** From the colour down to nothing. */
function fade (plot: uPlot, colour: string): CanvasGradient | string {
  const { top, height } = plot.bbox
  if (!Number.isFinite(top) || !Number.isFinite(height)) return 'transparent'
  const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height)
  gradient.addColorStop(0, `${colour}55`)
  gradient.addColorStop(1, `${colour}05`)
  return gradient
}
