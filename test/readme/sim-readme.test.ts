import { rmSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { NodeProcess } from '../setup/nodeProcess.ts'
import { folderWith, markedBlocks } from './markedBlocks.ts'

const PAGE = 'packages/sim/README.md'

const folder = folderWith(PAGE)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('bank.mjs finds its fault, as the README of @quorate/sim says', { timeout: 120_000 }, async () => {
  const bank = new NodeProcess('bank.mjs', { cwd: folder })
  expect(await bank.end()).toBe('exit code 0')
  expect(`${bank.lines.join('\n')}\n`).toBe(markedBlocks(PAGE, 'prints').get('bank.mjs'))
})

test('bank.mjs finds nothing once it remembers what it has done', { timeout: 240_000 }, async () => {
  const code = markedBlocks(PAGE, 'runs').get('bank.mjs') ?? ''
  const faulty = 'apply({ from, to, amount }) {\n'
  expect(code).toContain(faulty)
  const mended = code
    .replace('transfers = 0\n', 'transfers = 0\n  results = new Map()\n')
    .replace(
      faulty,
      'apply(transfer) {\n    if (!this.results.has(transfer.id)) this.results.set(transfer.id, this.make(transfer))\n    return this.results.get(transfer.id)\n  }\n\n  make({ from, to, amount }) {\n',
    )
    .replace('seeds: 20', 'seeds: 4')
  writeFileSync(`${folder}/mended.mjs`, mended)
  const bank = new NodeProcess('mended.mjs', { cwd: folder })
  expect(await bank.end()).toBe('exit code 0')
  expect(bank.lines).toEqual([])
})
