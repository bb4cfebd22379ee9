// What a policy sees and thinks, as figures and small pictures.

import { colour, h, put } from "./dom.js";
import { percent, number, t } from "./words.js";
import { parts } from "./views.js";

const NAMES = ["stay", "north", "east", "south", "west"];

/** Name of an action in a maze. */
export const actionName = (action) => (NAMES[action] ? t(`board.${NAMES[action]}`) : String(action));

/** The probability of each action, the one that was taken marked, and the value. */
export function drawThoughts(place, { probabilities, value, taken = -1, policy = "" }) {
  const rows = probabilities.flatMap((share, action) => [
    h("dt", {}, actionName(action), action === taken ? h("span.small.soft", {}, ` ← ${t("recording.did")}`) : ""),
    h("dd", {}, h("meter", { min: 0, max: 1, value: share, "aria-label": actionName(action) })),
    h("dd.number", {}, percent(share)),
  ]);
  put(place, policy && h("p.small.soft", {}, policy), h("h3", {}, t("live.probability")), h("dl.odds", { "data-testid": "odds" }, rows),
    h("p", {}, `${t("live.value")}: `, h("strong", { "data-testid": "value" }, number(value, 3))));
}

/** Each plane of the window as a small picture, and the other parts as numbers. */
export function drawPlanes(place, spec, observation) {
  const fields = parts(spec, observation);
  const ink = colour("--text");
  put(place, spec.layout.map(({ name, shape }) => {
    const caption = name.replaceAll("_", " ");
    if (shape.length < 2) return h("figure", {}, h("p.small", {}, Array.from(fields[name]).join(" ")), h("figcaption", {}, caption));
    const [rows, columns] = shape;
    const canvas = h("canvas", { width: columns * 6, height: rows * 6, role: "img", "aria-label": caption });
    const context = canvas.getContext("2d");
    context.fillStyle = ink;
    fields[name].forEach((value, at) => {
      if (!value) return;
      context.globalAlpha = 0.25 + (0.75 * value) / 255;
      context.fillRect((at % columns) * 6, Math.floor(at / columns) * 6, 6, 6);
    });
    context.globalAlpha = 1;
    context.strokeStyle = ink;
    context.strokeRect((columns >> 1) * 6, (rows >> 1) * 6, 6, 6);
    return h("figure", {}, canvas, h("figcaption", {}, caption));
  }));
}
