import type { Hardware, Status } from '../api.ts'
import { h, text } from '../dom.ts'
import { bytes } from '../format.ts'
import { Bar, Facts } from './facts.ts'

/** Instruction sets worth a word, with what people call them. */
const features: Record<string, string> = {
  aes: 'AES', ssse3: 'SSSE3', avx2: 'AVX2', vaes: 'VAES', avx512F: 'AVX-512', avx512Ifma: 'AVX-512 IFMA'
}

/** The machine that this node runs on, and the plans made for it. */
export class HardwareView {
  readonly #facts = new Facts()
  readonly #model = h('p', { class: 'model' })
  readonly #features = h('ul', { class: 'features', 'aria-label': 'Instruction sets' })
  readonly #memory = new Bar('', ['second-part'])
  readonly #memoryText = h('span', { class: 'progress-state' })
  readonly #plans = h('p', { class: 'note' })

  constructor (container: HTMLElement) {
    container.append(
      this.#model, this.#features,
      h('div', { class: 'progress' }, h('div', { class: 'progress-head' }, h('h3', {}, 'Memory'), this.#memoryText), this.#memory.root),
      this.#facts.root, this.#plans)
  }

  update (report: Hardware | null, status: Status | null): void {
    if (report === null) return
    const { hardware } = report
    text(this.#model, hardware.cpu.model)
    const known = Object.entries(features).filter(([name]) => hardware.cpu.features?.[name] === true).map(([, label]) => label)
    if (this.#features.childElementCount !== known.length) this.#features.replaceChildren(...known.map(label => h('li', { class: 'tag' }, label)))
    const total = hardware.limits.memoryLimitBytes ?? hardware.memory.totalBytes
    const free = hardware.limits.memoryAvailableBytes ?? hardware.memory.availableBytes
    if (total !== null && free !== null) {
      this.#memory.show([1 - free / total], `${bytes(total - free)} of ${bytes(total)} were in use at the start`)
      text(this.#memoryText, `${bytes(total - free)} of ${bytes(total)} used at start`)
    }
    const largest = Math.max(0, ...hardware.caches.map(cache => cache.level))
    const caches = hardware.caches.filter(cache => cache.level === largest)
    this.#facts.show('Cores', `${hardware.physicalCores} (${hardware.logicalCpus.length} CPUs)`)
    this.#facts.show(largest === 0 ? 'Cache' : `L${largest} cache`, largest === 0 ? null : bytes(caches.reduce((sum, cache) => sum + cache.bytes, 0)))
    this.#facts.show('NUMA nodes', String(hardware.numaNodes.length))
    this.#facts.show('Power', hardware.power?.source ?? null)
    this.#facts.show('CPU limit', hardware.limits.cpuQuota === null ? null : `${hardware.limits.cpuQuota} CPUs`)
    this.#facts.show('Cache pages', status?.pagesByStructure.cache ?? null)
    text(this.#plans, `${report.threadPlan.reason}. ${report.memoryPlan.reason}.`)
  }
}
