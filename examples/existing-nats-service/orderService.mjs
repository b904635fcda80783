// One instance of an order service. It had its NATS connection and its request handlers before; what Quorate adds is
// marked. Started with: id, folder, and at the group's birth the ids of all instances.
import { openDiskStore } from '@quorate/disk'
import { openLog } from '@quorate/log'
import { natsNetwork } from '@quorate/nats'
import { connect } from 'nats'
import { OrderBook } from './orderBook.mjs'

const [id = '', folder = '', ...founders] = process.argv.slice(2)
const connection = await connect({ servers: process.env['NATS_URL'] ?? 'localhost', maxReconnectAttempts: -1 })

// Added: a log that all instances share, over the connection that is there already.
const log = await openLog('orders', {
  id,
  network: natsNetwork({ connection }),
  store: await openDiskStore({ folder }),
  ...(founders.length === 0 ? {} : { bootstrap: founders }),
})

// Added: the book is what the log says, no longer what this instance happened to hear.
const book = new OrderBook()
async function keepBook() {
  for await (const entry of log.subscribe()) book.apply(entry)
}
const kept = keepBook()

/** @param {import('nats').Msg} message */
async function create(message) {
  try {
    // Added: here stood `book.add(message.json())`. The reply goes out once a majority of the instances has the order on
    // disk.
    const { index } = await log.append(message.data)
    message.respond(JSON.stringify({ index }))
  } catch (error) {
    // Perhaps it was appended, perhaps not: the customer sends the same order again, and the book counts it once.
    message.respond(JSON.stringify({ error: String(error) }))
  }
}

const creating = connection.subscribe('orders.create', {
  queue: 'orders',
  callback: (_error, message) => void create(message),
})
connection.subscribe(`orders.book.${id}`, {
  callback: (_error, message) => {
    const { role, leaderId } = log.status.value
    message.respond(JSON.stringify({ id, role, leaderId, ...book.toJSON() }))
  },
})

async function end() {
  await creating.drain()
  // Added: ends this instance's part in the group. The connection stays open: it is not Quorate's to close.
  await log.close()
  await kept
  connection.publish('orders.ended', JSON.stringify({ id, ...book.toJSON() }))
  await connection.drain()
}
process.once('SIGTERM', () => void end())
