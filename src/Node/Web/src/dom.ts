// Elements without markup: text is always text, so nothing that a stranger says can become part of the page.

export type Child = Node | string | number | null | false

type Attributes = Record<string, string | number | boolean | null>

function fill<T extends Element> (element: T, attributes: Attributes, children: Child[]): T {
  for (const [name, value] of Object.entries(attributes)) set(element, name, value)
  for (const child of children) {
    if (child !== null && child !== false) element.append(typeof child === 'number' ? String(child) : child)
  }
  return element
}

export function h<K extends keyof HTMLElementTagNameMap> (tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children)
}

export function svg<K extends keyof SVGElementTagNameMap> (tag: K, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)
}

/** Sets an attribute if it differs; null and false remove it. */
export function set (element: Element, name: string, value: string | number | boolean | null): void {
  if (value === null || value === false) {
    element.removeAttribute(name)
    return
  }
  const text = value === true ? '' : String(value)
  if (element.getAttribute(name) !== text) element.setAttribute(name, text)
}

/** Sets text if it differs, so that selections and screen readers are left in peace. */
export function text (element: Element, value: string): void {
  if (element.textContent !== value) element.textContent = value
}

export function byId (id: string): HTMLElement {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no element ${id}`)
  return element
}

interface Row<T, E extends Element> { element: E, update: (item: T) => void }

/** Keeps a list of elements in step with a list of items, so that an item keeps its element, and with it the focus. */
export class KeyedList<T, E extends Element> {
  readonly #rows = new Map<string, Row<T, E>>()

  constructor (
    readonly container: Element,
    readonly keyOf: (item: T) => string,
    readonly create: (item: T) => Row<T, E>
  ) {}

  update (items: readonly T[]): void {
    const keys = new Set<string>()
    let before = this.container.firstElementChild
    for (const item of items) {
      const key = this.keyOf(item)
      if (keys.has(key)) continue
      keys.add(key)
      let row = this.#rows.get(key)
      if (row === undefined) {
        row = this.create(item)
        this.#rows.set(key, row)
      }
      row.update(item)
      if (row.element === before) before = before.nextElementSibling
      else this.container.insertBefore(row.element, before)
    }
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue
      row.element.remove()
      this.#rows.delete(key)
    }
  }
}
