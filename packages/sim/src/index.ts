export { SimRandom } from './random.ts'
