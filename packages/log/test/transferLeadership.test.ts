import { LeadershipTransferError, LogClosedError, NotLeaderError } from '@quorate/log'
import { describe, expect, it } from 'vitest'
import { openCluster } from './cluster.ts'

describe('log.transferLeadership', () => {
  it('hands over to the server that is named, and appends go on', async () => {
    const { leader, followers } = await openCluster()
    const target = followers[1]!.status.value.id
    const appends = Array.from({ length: 50 }, (_, n) => leader.append(`${n}`))
    expect(await leader.transferLeadership({ to: target })).toBe(target)
    appends.push(leader.append('afterwards'))
    expect(new Set((await Promise.all(appends)).map(({ index }) => index)).size).toBe(51)
    expect(followers[1]!.status.value.role).toBe('leader')
  })

  it('hands over to whoever is best', async () => {
    const { leader, followers } = await openCluster()
    const others = followers.map(({ status }) => status.value.id)
    expect(others).toContain(await leader.transferLeadership())
  })

  it('is refused by a server that does not lead, which names the one that does', async () => {
    const { leader, followers } = await openCluster()
    const refused = followers[0]!.transferLeadership()
    await expect(refused).rejects.toBeInstanceOf(NotLeaderError)
    await expect(refused).rejects.toMatchObject({ leaderId: leader.status.value.id })
  })

  it.each([
    ['a stranger', 'nobody'],
    ['itself', undefined],
  ])('to %s: it leads on, and says so', async (_, to) => {
    const { leader } = await openCluster()
    const { id, term } = leader.status.value
    await expect(leader.transferLeadership({ to: to ?? id })).rejects.toBeInstanceOf(LeadershipTransferError)
    expect(leader.status.value).toMatchObject({ role: 'leader', term })
  })

  it('of a closed log is refused, and a signal ends the wait', async () => {
    const { leader } = await openCluster()
    await expect(leader.transferLeadership({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    )
    await leader.close()
    await expect(leader.transferLeadership()).rejects.toBeInstanceOf(LogClosedError)
  })
})
