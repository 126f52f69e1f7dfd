import { svg } from '../dom.ts'

export type Kind = 'host' | 'worker' | 'relay'

/** Strokes in a square of 24. */
const paths: Record<Kind, string> = {
  host: 'M5 6c0-1.7 3.1-3 7-3s7 1.3 7 3-3.1 3-7 3-7-1.3-7-3ZM5 6v6c0 1.7 3.1 3 7 3s7-1.3 7-3V6M5 12v6c0 1.7 3.1 3 7 3s7-1.3 7-3v-6',
  worker: 'M7 7h10v10H7ZM10.5 10.5h3v3h-3ZM9.5 3.5V7m5-3.5V7m-5 10v3.5m5-3.5v3.5M3.5 9.5H7m-3.5 5H7m10-5h3.5M17 14.5h3.5',
  relay: 'M4 8h14m-4-4 4 4-4 4M20 16H6m4-4-4 4 4 4'
}

export const kindNames: Record<Kind, string> = { host: 'dataset host', worker: 'worker', relay: 'relay' }

export function glyph (kind: Kind): SVGPathElement {
  return svg('path', { d: paths[kind], class: 'glyph' })
}

export function figure (kind: Kind): SVGSVGElement {
  return svg('svg', { viewBox: '0 0 24 24', width: 24, height: 24, class: 'figure', 'aria-hidden': 'true' }, glyph(kind))
}
