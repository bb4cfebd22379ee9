// Versions that can be chosen: snapshots, and the newest of all kinds, so that a policy without a snapshot is there too.

import { all, get } from "./rest.js";

/** What GET /policies tells of them, the snapshots first, each kind from the newest on. */
export async function choosable(values = {}) {
  const [snapshots, { policies }] = await Promise.all([all("/policies", { snapshots_only: true, ...values }, "policies"), get("/policies", { page_size: 200, ...values })]);
  return [...new Map([...snapshots, ...policies].map((one) => [`${one.name}:${one.version}`, one])).values()];
}
