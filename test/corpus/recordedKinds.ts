type Plain = Readonly<Record<string, unknown>>

/** What was seen of one kind: how often, and which fields, and how often each. */
interface Sightings {
  count: number
  readonly fields: Map<string, number>
}

/** Which kinds of things the recorded values hold, by what they are called in kinds.ts. */
export class RecordedKinds {
  readonly #seen = new Map<string, Sightings>()

  /** Of a manifest: all that is in it. */
  take(value: unknown, name = ''): void {
    if (Array.isArray(value)) {
      for (const inner of value) this.take(inner, name)
    } else if (typeof value === 'object' && value !== null) {
      const object = value as Plain
      for (const kind of kindsOf(object, name)) this.note(kind, Object.keys(object))
      for (const [field, inner] of Object.entries(object)) this.take(inner, field)
    }
  }

  note(kind: string, fields: readonly string[] = []): void {
    const seen = this.#seen.get(kind) ?? { count: 0, fields: new Map<string, number>() }
    this.#seen.set(kind, seen)
    seen.count += 1
    for (const field of fields) seen.fields.set(field, (seen.fields.get(field) ?? 0) + 1)
  }

  /** What was never seen: a kind, or one of its fields that may be absent, with or without it. */
  missing(kind: string, optional: readonly string[] = []): string[] {
    const { count = 0, fields } = this.#seen.get(kind) ?? {}
    if (count === 0) return [kind]
    return optional.flatMap((field) => {
      const present = fields?.get(field) ?? 0
      if (present === 0) return [`${kind} with ${field}`]
      return present === count ? [`${kind} without ${field}`] : []
    })
  }
}

/** What an object is, by where it stands and what it has. */
function kindsOf(object: Plain, name: string): string[] {
  const { type, kind, reason } = object
  if (name === 'reply' && typeof reason === 'string') return [`reply ${String(type)}`, `reason ${reason}`]
  if (name === 'origin') return [`origin ${String(reason)}`]
  if (name === 'messages') return [`message ${String(type)}`]
  if (name === 'request' || name === 'reply') return [`${name} ${String(type)}`]
  if (name === 'packets') return ['packet']
  if (name === 'commands') return ['command']
  if (name === 'members') return ['member']
  if (name === 'head') return ['backupHead']
  if ('voters' in object && 'groupUuid' in object) return ['configuration']
  if (typeof kind === 'string' && 'index' in object) return [`entry ${kind}`]
  return name === 'backup' ? [`backup ${String(type)}`] : []
}
