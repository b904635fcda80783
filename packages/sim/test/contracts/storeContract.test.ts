import { describe, expect, it } from 'vitest'
import { storeContract } from '../../src/contracts/index.ts'
import { brokenReads } from './brokenReads.ts'
import { brokenSnapshots } from './brokenSnapshots.ts'
import { brokenStoreCallbacks } from './brokenStoreCallbacks.ts'
import { brokenRecoveries, brokenStoreLives } from './brokenStoreLives.ts'
import { brokenStoreWrites } from './brokenStoreWrites.ts'
import { expectCaught, expectEachToCatch, titlesOf, patienceFor } from './caught.ts'
import { storesLike } from './soundStore.ts'

const broken = [
  ...brokenStoreCallbacks,
  ...brokenStoreWrites,
  ...brokenStoreLives,
  ...brokenRecoveries,
  ...brokenReads,
  ...brokenSnapshots,
]

describe('a sound store', () => {
  for (const { title, run } of storeContract(storesLike())) it(title, run)
})

describe('a store is caught that', () => {
  it.each(broken)('%s', async (_, change, title, message) => {
    await expectCaught(storeContract({ ...storesLike(change), ...patienceFor(message) }), title, message)
  })
})

describe('the cases', () => {
  it('are all there for a reason: each has caught something', () => {
    expectEachToCatch(storeContract(storesLike()), broken)
  })

  it('open no store twice that does not last', { timeout: 30_000 }, async () => {
    let opened = 0
    const harness = storesLike((store, count) => {
      opened = Math.max(opened, count)
      return store
    })
    const cases = storeContract({ ...harness, isLasting: false })
    for (const { run } of cases) await run()
    expect(opened).toBe(1)
    expect(titlesOf(cases).filter((title) => title.includes('opened again'))).toEqual([])
  })

  it('hold a store to going on after its close that is meant to', async () => {
    const cases = storeContract({ ...storesLike(), servesAfterClose: true })
    expect(titlesOf(cases)).not.toContain('answers a write after its close with a failure')
    await expectCaught(cases, 'goes on after its close as before', /failed, on a store that is well/)
  })

  it('say of an implementation that throws which call threw what', async () => {
    const throwing = storesLike((store) => ({
      ...store,
      identity: store.identity,
      groups: [],
      write: () => {
        throw new TypeError('batch is not iterable')
      },
    }))
    await expectCaught(storeContract(throwing), 'takes a batch without groups', /write 1 threw TypeError: batch is not/)
  })
})
