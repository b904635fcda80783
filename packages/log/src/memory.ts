import { MemoryNetwork, MemoryStore } from '@quorate/core'
import { systemClock, systemRandom } from './systemPorts.ts'

/** A network within this process, for nodes that share it. */
export function memoryNetwork(): MemoryNetwork {
  return new MemoryNetwork({ clock: systemClock })
}

/** A store in this process's memory, gone with it. */
export function memoryStore(): MemoryStore {
  return new MemoryStore({ clock: systemClock, random: systemRandom })
}
