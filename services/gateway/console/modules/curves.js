// Curves of many runs, as the gateway sends them: a header and float32 rows (services/gateway/curves/encoding.py).

import { fresh } from "./rest.js";

/** { ..., curves: [{ id, label, runs, y, low, high }], x } of the bytes; x are the middles of the buckets. */
function decoded(bytes) {
  const view = new DataView(bytes);
  if (view.getUint32(0) !== 0x4d5a4331) throw new Error("these are no curves");
  const length = view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length)));
  const { buckets, low, high, log } = header;
  const place = log ? (share) => low * (high / low) ** share : (share) => low + share * (high - low);
  const x = Float64Array.from({ length: buckets }, (_, index) => place((index + 0.5) / buckets));
  let offset = 8 + length;
  const row = () => {
    offset += 4 * buckets;
    return new Float32Array(bytes, offset - 4 * buckets, buckets);
  };
  for (const curve of header.curves) {
    curve.y = row();
    if (curve.parts === 3) [curve.low, curve.high] = [row(), row()];
  }
  return { ...header, x };
}

export const curves = (asked) => fresh("/training/curves", asked, async (answer) => decoded(await answer.arrayBuffer()));

/**
 * A row smoothed by an exponential mean that is not drawn to 0 at its begin (as Adam's moments are corrected: Kingma and
 * Ba 2015, section 3). `weight` 0 is as it was, near 1 is smooth. Buckets without a value stay so.
 */
function smoothed(row, weight) {
  if (!row || weight <= 0) return row;
  let [mean, share] = [0, 0];
  return row.map((value) => {
    if (Number.isNaN(value)) return value;
    mean = weight * mean + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return mean / share;
  });
}

/** Without the buckets that have no value, so that a line goes from one to the next. */
export function dense({ label, y, low, high }, x, weight) {
  const kept = [];
  for (let index = 0; index < y.length; index++) if (!Number.isNaN(y[index])) kept.push(index);
  const take = (row) => row && Float64Array.from(kept, (index) => row[index]);
  const smooth = (row) => smoothed(take(row), weight);
  return { name: label, x: take(x), y: smooth(y), low: smooth(low), high: smooth(high) };
}
