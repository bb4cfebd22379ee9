// The form that starts a run: each field with its meaning, what it would cost, and the same as a command line.

import { read } from "../address.js";
import { $, begin, command, explain, h, put, settle } from "../dom.js";
import { get, path, post } from "../rest.js";
import { number, t } from "../words.js";

const form = $("#run");
const field = (name) => form.elements[name];
let described = null;

/** A setting with its meaning beside it; empty is as the preset has it. */
function entry(section, one) {
  const id = `${section}-${one.name}`;
  const shared = { id, name: `${section}:${one.name}`, "aria-describedby": `${id}-means` };
  const preset = Array.isArray(one.preset) ? one.preset.join(",") : one.preset;
  const bounds = one.low !== null && one.high !== null ? t(one.above ? "start.range.above" : "start.range", { low: number(one.low, 6), high: number(one.high, 6) }) : "";
  let input;
  if (one.kind === "switch") input = h("select", shared, new Option(t("start.preset", { preset: t(one.preset ? "start.on" : "start.off") }), ""), new Option(t("start.on"), "true"), new Option(t("start.off"), "false"));
  else if (one.kind === "choice") input = h("select", shared, new Option(t("start.preset", { preset }), ""), one.choices.map((name) => new Option(name, name)));
  else if (one.kind === "whole" || one.kind === "number") input = h("input", { ...shared, type: "number", step: one.kind === "whole" ? "1" : "any", min: one.low === null ? null : String(one.low), max: one.high === null ? null : String(one.high), placeholder: preset === null ? "" : String(preset) });
  else input = h("input", { ...shared, type: "text", autocomplete: "off", placeholder: preset === null ? "" : String(preset), pattern: one.kind === "list" ? "\\d+(,\\s*\\d+)*" : null });
  return h("label", {}, one.name, input, h("span.means", { id: `${id}-means` }, [one.meaning, bounds].filter(Boolean).join(" · ")));
}

async function describe() {
  const [game, algorithm] = [field("game").value || "race", field("algorithm").value];
  described = await get("/training/form", { game, algorithm });
  const names = described.algorithms;
  if (field("algorithm").options.length !== names.length) {
    put(field("algorithm"), names.map((name) => new Option(name, name)));
    field("algorithm").value = algorithm;
  }
  put($("#sections"), described.sections.map((section, index) => h("details.panel", { open: index === 0 },
    h("summary", {}, t(`start.section.${section.name}`, { algorithm })), h("div.many", {}, section.fields.map((one) => entry(section.name, one))))));
}

const typed = (one, text) => {
  if (one.kind === "switch") return text === "true";
  if (one.kind === "whole" || one.kind === "number") return Number(text);
  if (one.kind === "list") return text.split(",").map(Number);
  return text;
};

/** What is asked for, as POST /training/start takes it. */
function asked() {
  const body = { game: field("game").value, algorithm: field("algorithm").value, total_steps: Number(field("steps").value), actors: Number(field("actors").value || 1), priority: Number(field("priority").value || 5) };
  if (field("policy").value) body.policy = field("policy").value;
  if (field("seed").value) body.seed = Number(field("seed").value);
  const budget = { minutes: Number(field("minutes").value || 0), dollars: Number(field("dollars").value || 0) };
  if (budget.minutes || budget.dollars) body.budget = budget;
  for (const section of described?.sections ?? []) {
    for (const one of section.fields) {
      const text = field(`${section.name}:${one.name}`)?.value ?? "";
      if (text !== "") (body[section.name === "hyperparameters" ? "hyperparameters" : "settings"] ??= {})[one.name] = typed(one, text);
    }
  }
  return body;
}

function duration(seconds) {
  if (seconds < 90) return t("start.seconds", { count: number(seconds) });
  return seconds < 5400 ? t("start.minutes.short", { count: number(seconds / 60) }) : t("start.hours", { count: number(seconds / 3600, 1) });
}

async function estimate() {
  put($("#line"), command(`curl -X POST ${location.origin}/training/start -H 'Content-Type: application/json' -d '${JSON.stringify(asked()).replaceAll("'", "'\\''")}'`));
  const steps = Number(field("steps").value);
  if (!(steps > 0)) return;
  const cost = await get("/training/cost", { steps, game: field("game").value || "race", algorithm: field("algorithm").value });
  if (!cost.runs) return put($("#cost"), t("start.cost.unknown"));
  const words = { time: duration(cost.seconds), low: duration(cost.low), high: duration(cost.high), runs: cost.runs, rate: number(cost.steps_per_second), like: cost.like && t(`start.like.${cost.like}`) };
  put($("#cost"), t(cost.like ? "start.cost.known" : "start.cost.any", words), cost.dollars !== null && ` ${t("start.cost.dollars", { dollars: number(cost.dollars, 2) })}`);
}

/** Fills the form with what another job was asked for with. */
async function clone(id) {
  const job = await get(path`/jobs/${id}`);
  field("game").value = job.game;
  if (![...field("algorithm").options].some((one) => one.value === job.algorithm)) field("algorithm").append(new Option(job.algorithm, job.algorithm));
  field("algorithm").value = job.algorithm;
  await describe();
  const { request } = job;
  if (job.total_steps) field("steps").value = job.total_steps;
  field("actors").value = request.actors ?? 1;
  field("seed").value = request.seed ?? "";
  field("priority").value = Math.min(job.priority, 5);
  field("minutes").value = job.budget.minutes || "";
  field("dollars").value = job.budget.dollars || "";
  for (const section of described.sections) {
    const given = section.name === "hyperparameters" ? request.hyperparameters : request.settings;
    for (const one of section.fields) if (given?.[one.name] !== undefined) field(`${section.name}:${one.name}`).value = Array.isArray(given[one.name]) ? given[one.name].join(",") : String(given[one.name]);
  }
  for (const details of $("#sections").children) details.open ||= [...details.querySelectorAll("input, select")].some((one) => one.value);
}

let waiting = 0;
form.addEventListener("input", (event) => {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    try {
      if (["game", "algorithm"].includes(event.target.name)) await describe();
      await estimate();
      settle();
    } catch (error) {
      explain(error);
    }
  }, 250);
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  $("#start").disabled = true;
  try {
    const started = await post("/training/start", asked());
    location.assign(path`/console/training/jobs/${started.experiment_id}`);
  } catch (error) {
    explain(error);
    const named = error.field?.split(".").pop();
    const wrong = [...form.elements].find((one) => one.name === error.field || one.name.split(":").pop() === named);
    if (wrong) {
      wrong.closest("details")?.setAttribute("open", "");
      wrong.focus();
    }
  } finally {
    $("#start").disabled = false;
  }
});

get("/games").then((found) => put($("#games"), found.games.map((one) => new Option(one.name))), () => {});
begin(async () => {
  if (read("game")) field("game").value = read("game");
  if (read("clone")) await clone(read("clone"));
  else await describe();
  await estimate();
});
