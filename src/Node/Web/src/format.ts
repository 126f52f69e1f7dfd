// Numbers and names for people.

import type { Member } from './api.ts'

const unknown = '–'

function scaled (value: number, units: readonly string[], step: number): string {
  let index = 0
  while (Math.abs(value) >= step && index < units.length - 1) {
    value /= step
    index++
  }
  const digits = index === 0 ? (value < 10 ? 1 : 0) : value < 10 ? 2 : value < 100 ? 1 : 0
  return `${value.toFixed(value === 0 ? 0 : digits)}\u00a0${units[index]}`
}

export function hashrate (value: number | null | undefined): string {
  return value == null ? unknown : scaled(value, ['H/s', 'kH/s', 'MH/s', 'GH/s'], 1000)
}

/** For axes: no more digits than the value needs. */
export function roundHashrate (value: number): string {
  return hashrate(value).replace(/(\.\d*?)0+(?=\u00a0)/, (_match, digits: string) => digits === '.' ? '' : digits)
}

export function bytes (value: number | null | undefined): string {
  return value == null || value === 0 ? unknown : scaled(value, ['B', 'KiB', 'MiB', 'GiB', 'TiB'], 1024)
}

/** With thin spaces between groups of three digits. */
export function integer (value: number | null | undefined): string {
  return value == null ? unknown : value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

/** Difficulties beyond what fits a line get a unit. */
export function amount (value: number | null | undefined): string {
  return value == null ? unknown : value < 1e7 ? integer(value) : value >= 1e21 ? value.toExponential(2) : scaled(value, ['', 'k', 'M', 'G', 'T', 'P', 'E'], 1000)
}

export function percent (part: number): string {
  const value = 100 * part
  return `${value.toFixed(value > 0 && value < 9.95 ? 1 : 0)}\u00a0%`
}

export function duration (seconds: number): string {
  seconds = Math.max(0, Math.round(seconds))
  if (seconds < 60) return `${seconds}\u00a0s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}\u00a0min ${seconds % 60}\u00a0s`
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}\u00a0h ${Math.floor(seconds % 3600 / 60)}\u00a0min`
  return `${Math.floor(seconds / 86400)}\u00a0d ${Math.floor(seconds % 86400 / 3600)}\u00a0h`
}

export function latency (seconds: number | null): string {
  if (seconds === null) return unknown
  const ms = seconds * 1000
  return `${ms.toFixed(ms < 10 ? 1 : 0)}\u00a0ms`
}

export function clock (time: string | number): string {
  const date = new Date(typeof time === 'number' ? time * 1000 : time)
  return Number.isNaN(date.getTime()) ? unknown : date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
}

/** The end of a peer id is what differs; its beginning tells only the kind of key. */
export function shortId (id: string): string {
  return id.length <= 12 ? id : `…${id.slice(-8)}`
}

export function shortHash (hash: string): string {
  return hash.length <= 14 ? hash : `${hash.slice(0, 6)}…${hash.slice(-6)}`
}

export function nameOf (member: Pick<Member, 'name' | 'peerId'>): string {
  return member.name === '' ? shortId(member.peerId) : member.name
}

/** One of the three pictures of a node. */
export function kindOf (member: Pick<Member, 'role'>): 'host' | 'worker' | 'relay' {
  return member.role.includes('dataset host') ? 'host' : member.role.includes('worker') ? 'worker' : 'relay'
}

export const unknownText = unknown
