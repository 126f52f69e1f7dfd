import type { Cluster, Dataset, Status } from '../api.ts'
import { h, KeyedList, text } from '../dom.ts'
import { amount, bytes, duration, integer, percent, shortHash } from '../format.ts'
import { Bar, Facts } from './facts.ts'

const chunks = 2080

/** What is searched now, and with what. */
export class WorkView {
  readonly #facts = new Facts()
  readonly #datasetState = h('span', { class: 'progress-state' })
  readonly #bar = new Bar('', ['second-part', 'accent-part'])
  readonly #datasetNote = h('p', { class: 'note' })
  readonly #daemons: KeyedList<Status['daemons'][number], HTMLLIElement>

  constructor (container: HTMLElement) {
    const daemons = h('ul', { class: 'daemons' })
    this.#daemons = new KeyedList(daemons, daemon => daemon.url, () => {
      const name = h('bdi')
      const state = h('span', { class: 'tag' })
      const problem = h('bdi', { class: 'note' })
      return {
        element: h('li', {}, name, state, problem),
        update: daemon => {
          text(name, daemon.url)
          text(state, daemon.state + (daemon.height === null ? '' : ` · ${integer(daemon.height)}`))
          state.dataset['state'] = daemon.state
          text(problem, daemon.problem ?? '')
        }
      }
    })
    container.append(
      h('div', { class: 'progress' }, h('div', { class: 'progress-head' }, h('h3', {}, 'Dataset'), this.#datasetState), this.#bar.root, this.#datasetNote),
      this.#facts.root, daemons)
  }

  update (status: Status, cluster: Cluster | null): void {
    this.#showDataset(status.dataset, status, cluster)
    const { job } = status
    this.#facts.show('Job', job === null ? 'none yet' : job.source === 'chain' ? 'share chain' : job.source)
    this.#facts.show('Pays', job === null || job.publisher === null ? null : job.publisher === status.peerId ? 'this node' : job.publisherName || shortHash(job.publisher), job?.publisher ?? null)
    this.#facts.show('Height', job === null ? null : integer(job.height))
    this.#facts.show('Difficulty', job === null ? null : amount(job.difficulty))
    this.#facts.show('Key', job === null ? null : shortHash(job.key), job?.key ?? null)
    this.#facts.show('Algorithm', `${status.algorithm}, engine ${status.engine}`)
    this.#facts.show('Threads', `${status.threads}, ${status.memory} memory`)
    this.#facts.show('Pages', status.pages)
    this.#facts.show('Hashes', amount(status.totalHashes))
    this.#daemons.update(status.daemons)
  }

  #showDataset (dataset: Dataset | null, status: Status, cluster: Cluster | null): void {
    const hosts = cluster?.totals.datasetHosts ?? 0
    const held = hosts > 1 ? `${hosts} nodes of the cluster hold it for others` : `${hosts === 0 ? 'no' : '1'} node of the cluster holds it for others`
    if (dataset === null || dataset.state === 'none') {
      text(this.#datasetState, 'not used')
      this.#bar.show([0, 0], 'The dataset is not used')
      text(this.#datasetNote, status.memory === 'light' ? `Light memory: hashes come from the 256 MiB cache; ${held}.` : '')
      return
    }
    const isReady = dataset.state === 'ready'
    const part = isReady ? 1 : dataset.progress
    text(this.#datasetState, isReady ? 'ready' : `${dataset.state} ${percent(part)}`)
    const remote = Math.min(part, dataset.remoteChunks / chunks)
    this.#bar.show([part - remote, remote], `Dataset ${dataset.state}, ${percent(part)}`)
    const speed = dataset.itemsPerSecond === null ? '' : ` · ${bytes(dataset.itemsPerSecond * 64)}/s`
    const eta = dataset.etaSeconds === null ? '' : ` · ready in ${duration(dataset.etaSeconds)}`
    text(this.#datasetNote, isReady && dataset.remoteChunks === 0
      ? `2080 MiB · ${held}.`
      : `${integer(dataset.localChunks)} MiB computed here, ${integer(dataset.remoteChunks)} MiB from others${speed}${eta}`)
  }
}
