// What the node tells, as docs/http-api.md describes it. All texts in it may come from strangers.

export interface Status {
  version: string
  peerId: string | null
  listen: string[]
  mode: string
  role: string
  cluster: string
  state: 'starting' | 'mining' | 'paused' | 'idle' | 'stopping'
  paused: string | null
  uptimeSeconds: number
  algorithm: string
  engine: string
  memory: string
  pages: string | null
  pagesByStructure: { cache: string | null, dataset: string | null, scratchpad: string | null }
  threads: number
  hashrate: { s10: number | null, s60: number | null, m15: number | null, max: number | null }
  totalHashes: number
  job: { source: string, height: number, difficulty: number, key: string, publisher: string | null, publisherName: string } | null
  shares: { found: number, accepted: number, rejected: number, stale: number }
  blocks: { found: number, accepted: number, rejected: number }
  chain: { height: number, tip: string, difficulty: number } | null
  dataset: Dataset | null
  daemons: { url: string, state: string, height: number | null, problem: string | null }[]
  clusterTotals: { peers: number, hashrate: number | null }
  events: { time: string, level: 'info' | 'warning' | 'error', message: string }[]
}

export interface Dataset {
  key: string | null
  state: 'none' | 'building' | 'loading' | 'ready' | 'failed'
  progress: number
  localChunks: number
  remoteChunks: number
  itemsPerSecond: number | null
  etaSeconds: number | null
}

export interface Cluster {
  name: string
  isPrivate: boolean
  self: string | null
  members: Member[]
  links: { from: string, to: string, latencySeconds: number | null }[]
  totals: { members: number, hashrate: number, threads: number, datasetHosts: number, daemons: number }
}

export interface Member {
  peerId: string
  name: string
  isSelf: boolean
  version: string
  mode: string
  role: string
  hashrate: number
  threads: number
  memory: string
  cpus: number
  memoryTotal: number
  memoryAvailable: number
  daemon: boolean
  chain: { height: number, tip: string }
  datasetKeys: string[]
  address: string | null
  latencySeconds: number | null
  secondsSinceHeard: number
}

export interface Series {
  intervalSeconds: number
  times: number[]
  node: (number | null)[]
  cluster: (number | null)[]
  members: number[]
}

export interface History { series: Series[] }

export interface Point { time: number, node: number | null, cluster: number | null, members: number }

export interface Share {
  time: string
  source: string
  height: number
  difficulty: number
  hash: string
  state: 'pending' | 'accepted' | 'rejected' | 'stale'
  block: boolean
}

export interface Hardware {
  hardware: {
    cpu: { vendor: string, model: string, features: Record<string, boolean> | null }
    logicalCpus: unknown[]
    allowedCpus: number[]
    caches: { level: number, type: string, bytes: number, cpus: number[] }[]
    numaNodes: unknown[]
    memory: { totalBytes: number | null, availableBytes: number | null }
    limits: { memoryLimitBytes: number | null, memoryAvailableBytes: number | null, cpuQuota: number | null }
    power: { source: string } | null
    physicalCores: number
    packages: number
  }
  threadPlan: { reason: string }
  memoryPlan: { reason: string }
}

/** Who did how much of the share chain's last links. */
export interface Contributions {
  tip: string
  links: number
  uncles: number
  miners: { miner: string, part: number, links: number, uncles: number }[]
}

/** The events of the stream, by name. */
export interface Events {
  status: Status
  cluster: Cluster
  history: History
  point: Point
  shares: { shares: Share[] }
  contributions: Contributions
  hardware: Hardware
}
