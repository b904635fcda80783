import { describe, it } from 'vitest'
import { clientTransportContract } from '../../src/contracts/index.ts'
import { brokenEnds } from './brokenEnds.ts'
import { brokenLeaders } from './brokenLeaders.ts'
import { brokenRequests, changedReplies, changedRequests } from './brokenRequests.ts'
import { expectCaught, expectEachToCatch, patienceFor } from './caught.ts'
import { clientsLike } from './soundClients.ts'

const broken = [...brokenRequests, ...changedRequests, ...changedReplies, ...brokenLeaders, ...brokenEnds]

describe('a sound client transport', () => {
  for (const { title, run } of clientTransportContract(clientsLike())) it(title, run)
})

describe('a client transport is caught that', () => {
  it.each(broken)('%s', async (_, change, title, message) => {
    await expectCaught(clientTransportContract({ ...clientsLike(change), ...patienceFor(message) }), title, message)
  })
})

it('has no case that catches nothing', () => expectEachToCatch(clientTransportContract(clientsLike()), broken))
