import { parentPort, workerData } from 'node:worker_threads'
import type { StormLimits } from '../storm/storm.ts'
import { runSeed } from './stormRunner.ts'

// A thread that runs a storm for each seed it is sent, and sends back the report.

const { limits } = workerData as { limits: StormLimits | undefined }

parentPort?.on('message', (seed: number) => {
  void runSeed(seed, limits).then((report) => parentPort?.postMessage(report))
})
