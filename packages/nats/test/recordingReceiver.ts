import type { NodeId, Packet, TransportReceiver } from '@quorate/core'
import { vi } from 'vitest'

/** A node that only remembers what its transport told it. */
export class RecordingReceiver implements TransportReceiver {
  readonly events: string[] = []
  readonly deliveries: { from: NodeId; packet: Packet }[] = []

  get packets(): Packet[] {
    return this.deliveries.map(({ packet }) => packet)
  }

  received(from: NodeId, packet: Packet): void {
    this.deliveries.push({ from, packet })
  }

  connected(): void {
    this.events.push('connected')
  }

  disconnected(): void {
    this.events.push('disconnected')
  }

  async untilConnected(times = 1): Promise<void> {
    await vi.waitUntil(() => this.events.filter((event) => event === 'connected').length >= times, PATIENCE)
  }

  async untilPackets(count: number): Promise<Packet[]> {
    await vi.waitUntil(() => this.deliveries.length >= count, PATIENCE)
    return this.packets
  }
}

export const PATIENCE = { timeout: 3_000, interval: 5 }
