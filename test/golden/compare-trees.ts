// Compares two JSON trees and prints each difference with its path. Lists of named things are compared by name; routes by
// what they match, and then their order.

import type { Json, JsonObject } from './load-scenario.ts'

export function compareTrees(istiod: Json | undefined, cairn: Json | undefined, path: string): string[] {
  if (JSON.stringify(istiod) === JSON.stringify(cairn)) return []
  if (Array.isArray(istiod) && Array.isArray(cairn)) return compareLists(istiod, cairn, path)
  if (isObject(istiod) && isObject(cairn)) {
    const keys = new Set([...Object.keys(istiod), ...Object.keys(cairn)])
    return [...keys].flatMap((key) => compareTrees(istiod[key], cairn[key], `${path}.${key}`))
  }
  return [`${path}: istiod ${JSON.stringify(istiod)}, cairn ${JSON.stringify(cairn)}`]
}

function compareLists(istiod: Json[], cairn: Json[], path: string): string[] {
  const keyOf = path.endsWith('.routes') ? matchOf : path.endsWith('.range_matchers') ? rangesOf : nameOf
  const theirs = keyed(istiod, keyOf)
  const ours = keyed(cairn, keyOf)
  if (theirs === undefined || ours === undefined) {
    const length = Math.max(istiod.length, cairn.length)
    return Array.from({ length }, (_, at) => compareTrees(istiod[at], cairn[at], `${path}[${at}]`)).flat()
  }
  const differences = [...new Set([...theirs.keys(), ...ours.keys()])].flatMap((key) =>
    compareTrees(theirs.get(key), ours.get(key), `${path}{${key}}`),
  )
  if (keyOf === matchOf) {
    const common = (keys: Iterable<string>) => [...keys].filter((key) => theirs.has(key) && ours.has(key)).join()
    if (common(theirs.keys()) !== common(ours.keys())) differences.push(`${path}: order`)
  }
  return differences
}

/** Undefined if the things have no keys. Equal matches are numbered: only the first can ever match. */
function keyed(list: Json[], keyOf: (item: JsonObject) => string | undefined): Map<string, Json> | undefined {
  const map = new Map<string, Json>()
  for (const item of list) {
    const key = isObject(item) ? keyOf(item) : undefined
    if (key === undefined) return undefined
    let unique = key
    for (let at = 2; map.has(unique); at++) unique = `${key} ${at}`
    map.set(unique, item)
  }
  return map
}

function nameOf(item: JsonObject): string | undefined {
  return typeof item['name'] === 'string' ? item['name'] : undefined
}

function matchOf(item: JsonObject): string {
  return JSON.stringify(item['match'])
}

function rangesOf(item: JsonObject): string {
  return (item['ranges'] as JsonObject[]).map((range) => String(range['address_prefix'])).join()
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
