/**
 * `value` as a manifest says it: bytes as hex, entries without their encoded form, and nothing where undefined stood.
 *
 * @param {unknown} value
 * @returns {unknown}
 */
export function plainValue(value) {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plainValue)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name, inner]) => name !== 'encoded' && inner !== undefined)
  return Object.fromEntries(kept.map(([name, inner]) => [name, plainValue(inner)]))
}
