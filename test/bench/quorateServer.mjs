// @ts-check
// One server of the measured group: a process with a disk store and a connection of its own.
import { openDiskStore } from '@quorate/disk'
import { openNode } from '@quorate/log'
import { connectNats, natsNetwork } from '@quorate/nats'
import { closedLoop } from './closedLoop.mjs'
import { serve } from './child.mjs'

const [id = '', url = '', folder = '', idsList = ''] = process.argv.slice(2)
const ids = idsList.split(',')
const connection = await connectNats({ servers: url })
const store = await openDiskStore({ folder })
const node = await openNode({ id, network: natsNetwork({ connection }), store })
/** @type {import('@quorate/log').ReplicatedLog} */
let log

serve({
  bootstrap: () => node.bootstrap('bench', ids),
  open: async () => {
    log = await node.openLog('bench')
  },
  leads: async () => log.status.value.role === 'leader',
  run: async (load) => {
    const command = new Uint8Array(load.bytes)
    const before = process.cpuUsage()
    const measured = await closedLoop(() => log.append(command), load)
    const { user, system } = process.cpuUsage(before)
    return { ...measured, cpuSeconds: (user + system) / 1e6 }
  },
  close: async () => {
    await node.close()
    await connection.close()
  },
})
