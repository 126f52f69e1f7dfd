import type { Status } from '../api.ts'
import { h } from '../dom.ts'
import { clock } from '../format.ts'

/** The last lines of the node's log, newest first. */
export class EventsView {
  #last = ''

  constructor (readonly container: HTMLElement) {}

  update (events: Status['events']): void {
    const last = events.map(event => event.time).join()
    if (last === this.#last) return
    this.#last = last
    this.container.replaceChildren(...events.toReversed().map(event =>
      h('li', { 'data-level': event.level },
        h('time', { datetime: event.time }, clock(event.time)),
        event.level === 'info' ? null : h('strong', {}, event.level),
        h('bdi', {}, event.message))))
  }
}
