// What the log says, as the service wants to read it. Every instance builds the same one.

/** @typedef {{ id: string, customer: string, cents: number }} Order */

export class OrderBook {
  /** @type {Map<string, Order>} */
  #orders = new Map()
  #totalCents = 0

  /**
   * Takes the next entry of the log. An order that was sent twice counts once.
   *
   * @param {import('@quorate/log').LogEntry} entry
   */
  apply(entry) {
    const order = /** @type {Order} */ (JSON.parse(entry.text()))
    if (this.#orders.has(order.id)) return
    this.#orders.set(order.id, order)
    this.#totalCents += order.cents
  }

  /** The orders in the order in which they were committed, and their sum. */
  toJSON() {
    return { orders: [...this.#orders.keys()], totalCents: this.#totalCents }
  }
}
