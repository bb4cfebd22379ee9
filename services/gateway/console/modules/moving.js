// Moving an alias: what will change is shown first, a reason is asked for, and it is moved only from where it was looked at.

import { $, h, put } from "./dom.js";
import { get, path, post, put as send } from "./rest.js";
import { clock, number, t } from "./words.js";

const FACTS = [
  ["create_time", clock], ["training_step", number], ["size_bytes", number], ["run_id", String], ["parent_version", String],
];

/** Where an alias stands, by its last move: { version, revision }; nothing where it was never moved. */
async function stands(name, which) {
  const { moves } = await get(path`/policies/${name}/history`, { alias: which, page_size: 1 });
  return moves[0] ?? null;
}

/** The same by the alias itself, which may have been there before moves were kept. */
async function alias(name, which) {
  return get(path`/policies/${name}/aliases/${which}`).then((found) => found.alias, () => null);
}

/** Ratings of a policy's versions by their names. */
async function ratings(ladder, name) {
  const found = ladder ? await get(path`/leaderboards/${ladder}`, { prefix: `${name}:`, page_size: 1000 }).catch(() => null) : null;
  return new Map((found?.players ?? []).map((one) => [one.player, one]));
}

const spread = (one) => (one ? `${number(one.rating)} [${number(one.low)}, ${number(one.high)}]` : "—");

/** Two versions side by side, what differs marked; with their ratings and how they stand to each other. */
async function diff(name, before, after) {
  const version = (number) => (number ? get(path`/policies/${name}/versions/${number}`).catch(() => null) : null);
  const [old, next] = await Promise.all([version(before), version(after)]);
  const ladder = (next?.collection?.game || old?.collection?.game || "").split("?")[0];
  const rated = await ratings(ladder, name);
  const [one, other] = [before, after].map((number) => rated.get(`${name}:${number}`));
  const rows = FACTS.map(([key, show]) => [t(`policies.${key}`), old ? show(old[key]) : "—", next ? show(next[key]) : "—"]);
  rows.push([t("policies.rating"), spread(one), spread(other)]);
  for (const key of Object.keys({ ...old?.metadata, ...next?.metadata })) rows.push([key, old?.metadata[key] ?? "—", next?.metadata[key] ?? "—"]);
  const head = [t("policies.fact"), before ? `${name}:${before}` : t("policies.none"), `${name}:${after}`];
  return h("div.scroll", { tabindex: 0, role: "region", "aria-label": t("policies.diff") },
    h("table", { "data-testid": "diff" }, h("caption", {}, t("policies.diff")), h("thead", {}, h("tr", {}, head.map((one) => h("th", { scope: "col" }, one)))),
      h("tbody", {}, rows.filter(([, a, b]) => a !== "—" || b !== "—").map(([key, a, b]) => h("tr", { class: a === b ? "" : "differs" }, h("th", { scope: "row" }, key), h("td", {}, a), h("td", {}, a === b ? b : h("strong", {}, b)))))));
}

/**
 * Asks for the move and makes it. `back` is a rollback: the alias goes to where it stood before. Resolves to whether it
 * was moved.
 */
export async function move(name, which, to, { back = false, reason = "" } = {}) {
  const dialog = $("#move");
  const form = $("#move-form");
  const problem = $("#move-problem");
  let seen = null;
  const look = async (find) => {
    seen = await find(name, which);
    const from = seen?.version ?? 0;
    put($("#move-title"), t(back ? "policies.back.title" : "policies.move.title", { alias: which, from: from || "—", to }));
    put($("#move-go"), t(back ? "policies.back" : "policies.move", { alias: which }));
    put($("#move-diff"), await diff(name, from, to));
  };
  put(problem);
  form.elements.reason.value = reason;
  await look(stands);
  dialog.showModal();
  $("#move-title").focus();
  return new Promise((resolve) => {
    const life = new AbortController();
    const end = (moved) => {
      life.abort();
      if (dialog.open) dialog.close();
      resolve(moved);
    };
    const on = (element, event, listener) => element.addEventListener(event, listener, { signal: life.signal });
    on(dialog, "close", () => end(false));
    on($("#move-cancel"), "click", () => end(false));
    on(form, "submit", async (event) => {
      event.preventDefault();
      const match = { "If-Match": `"${seen?.revision ?? 0}"` };
      const why = form.elements.reason.value.trim();
      try {
        if (back) await post(path`/policies/${name}/rollback`, { alias: which, reason: why }, match);
        else await send(path`/policies/${name}/aliases/${which}`, { version: to, reason: why }, match);
        end(true);
      } catch (error) {
        put(problem, error.status === 412 ? t("policies.faster") : error.message);
        if (error.status === 412) await look(alias);
      }
    });
  });
}

