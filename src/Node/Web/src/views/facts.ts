import { h, text } from '../dom.ts'

/** Names and values, made once and then kept up to date. */
export class Facts {
  readonly root = h('dl', { class: 'facts' })
  readonly #values = new Map<string, { row: HTMLElement, value: HTMLElement }>()

  /** Null leaves the fact out. */
  show (name: string, value: string | null, title: string | null = null): void {
    let entry = this.#values.get(name)
    if (entry === undefined) {
      const element = h('dd', {}, h('bdi'))
      entry = { row: h('div', { class: 'fact' }, h('dt', {}, name), element), value: element.firstElementChild as HTMLElement }
      this.#values.set(name, entry)
      this.root.append(entry.row)
    }
    entry.row.hidden = value === null
    if (value !== null) text(entry.value, value)
    if (title !== null) entry.value.title = title
  }
}

/** A bar of parts; its text says the same. */
export class Bar {
  readonly root: HTMLElement
  readonly #parts: HTMLElement[]

  constructor (label: string, kinds: string[]) {
    this.#parts = kinds.map(kind => h('span', { class: `bar-part ${kind}` }))
    this.root = h('div', { class: 'bar', role: 'img', 'aria-label': label }, ...this.#parts)
  }

  /** Each from 0 to 1, together at most 1. */
  show (parts: number[], label: string): void {
    this.#parts.forEach((part, index) => {
      part.style.width = `${(100 * Math.min(1, Math.max(0, parts[index] ?? 0))).toFixed(2)}%`
    })
    this.root.setAttribute('aria-label', label)
  }
}
