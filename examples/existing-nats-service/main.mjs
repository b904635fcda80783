// Runs three instances of the order service and is their customer, while one of them is killed and comes back.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connect } from 'nats'
import { startNatsServer } from '../../test/setup/nats-server.mjs'

const ids = ['a', 'b', 'c']
const server = process.env['NATS_URL'] === undefined ? await startNatsServer() : undefined
const url = server?.url ?? process.env['NATS_URL'] ?? ''
const connection = await connect({ servers: url })
const data = await mkdtemp(join(tmpdir(), 'orders-'))

/** @type {Map<string, import('node:child_process').ChildProcess>} */
const instances = new Map()
/** @type {Error | undefined} */
let failure

/**
 * @param {string} id
 * @param {string[]} [founders] All instances, on one of them and only when the group is born.
 */
function start(id, founders = []) {
  const service = fileURLToPath(new URL('orderService.mjs', import.meta.url))
  const env = { ...process.env, NATS_URL: url }
  const instance = spawn(process.execPath, [service, id, join(data, id), ...founders], { env, stdio: 'inherit' })
  instance.on('exit', (code) => {
    if (code) failure = new Error(`instance ${id} failed`)
  })
  instances.set(id, instance)
}

/**
 * @param {string} id
 * @param {NodeJS.Signals} signal
 */
async function end(id, signal) {
  const instance = instances.get(id)
  if (instance === undefined || instance.exitCode !== null) return
  const ended = once(instance, 'exit')
  instance.kill(signal)
  await ended
}

/**
 * Asks until there is an answer, as customers do.
 *
 * @param {string} subject
 * @param {object} [body]
 * @returns {Promise<any>}
 */
async function ask(subject, body = {}) {
  const deadline = Date.now() + 30_000
  while (failure === undefined) {
    const answer = await answerOf(connection.request(subject, JSON.stringify(body), { timeout: 2_000 }))
    if (answer.error === undefined) return answer
    if (Date.now() > deadline) throw new Error(`${subject}: ${answer.error}`)
    await sleep(50)
  }
  throw failure
}

/**
 * @param {Promise<import('nats').Msg>} reply
 * @returns {Promise<any>}
 */
async function answerOf(reply) {
  try {
    return (await reply).json()
  } catch (error) {
    return { error: String(error) }
  }
}

/** @param {number[]} numbers */
async function order(numbers) {
  const orders = numbers.map((number) => ({ id: `order-${number}`, customer: 'Ada', cents: 100 * number }))
  await Promise.all(orders.map((each) => ask('orders.create', each)))
  console.log(`accepted: orders ${numbers.at(0)} to ${numbers.at(-1)}`)
}

const range = (/** @type {number} */ from, /** @type {number} */ to) =>
  Array.from({ length: to - from + 1 }, (_, place) => from + place)

try {
  for (const id of ids) start(id, id === 'a' ? ids : [])
  await Promise.all(ids.map((id) => ask(`orders.book.${id}`)))
  await order(range(1, 10))

  const { leaderId } = await ask('orders.book.a')
  const ordering = order(range(11, 20))
  await end(leaderId, 'SIGKILL')
  console.log('killed: the instance that led')
  await ordering

  start(leaderId)
  await ask(`orders.book.${leaderId}`)
  console.log('started again, on its folder')
  // Some of them again, as customers do who are in doubt.
  await order(range(16, 30))

  for (const id of ids) {
    let book = await ask(`orders.book.${id}`)
    while (book.orders.length < 30) book = await ask(`orders.book.${id}`)
    console.log(`${id}: ${book.orders.length} orders, ${book.totalCents / 100} in all, ${book.orders.join(' ')}`)
  }

  const farewells = connection.subscribe('orders.ended', { max: ids.length })
  await Promise.all(ids.map((id) => end(id, 'SIGTERM')))
  if (failure !== undefined) throw failure
  for await (const farewell of farewells) {
    const { id } = /** @type {{ id: string }} */ (farewell.json())
    console.log(`${id} left the log and said so over its own connection`)
  }
} finally {
  await Promise.all(ids.map((id) => end(id, 'SIGKILL')))
  await connection.close()
  await server?.stop()
  await rm(data, { recursive: true, force: true })
}
