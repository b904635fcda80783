import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { NodeProcess } from '../setup/nodeProcess.ts'

test('the reference of everything that is exported is made without a warning', async () => {
  const build = new NodeProcess(fileURLToPath(new URL('build.mjs', import.meta.url)))
  expect(await build.end()).toBe('exit code 0')
})
