// Experiments over the aliases of a policy: who is served by which version, and how the arms compare.

import { read, write } from "./address.js";
import { empty, h, when } from "./dom.js";
import { get, path } from "./rest.js";
import { Table } from "./table.js";
import { number, percent, t } from "./words.js";

const ENDS = { rolled_back: "failed", passed: "passed" };

/** The arms with their shares of now; of a shadow the first answers all, and the second is shown a part of that. */
function shares({ kind, arms }) {
  const total = arms.reduce((sum, arm) => sum + arm.weight, 0) || 1;
  if (kind === "shadow") return arms.map((arm, index) => `${arm.version}: ${index ? t("policies.arms.shown", { share: percent(arm.weight, 1) }) : percent(1)}`).join(", ");
  return arms.map((arm) => `${arm.version}: ${percent(arm.weight / total, 1)}`).join(", ");
}

const rule = ({ broken, ruled }) => (broken ? t("policies.broken") : ruled ? t("policies.holds") : "—");

export class Experiments {
  /** Tables in two places. `link` makes a version's number a link, `failed` hears of what went wrong, and of what tries again. */
  constructor(place, opened, { link, failed }) {
    Object.assign(this, { name: "", opened, failed });
    this.table = new Table(place, {
      caption: t("policies.experiments"), name: "experiments", parameter: "experiments",
      key: (row) => row.experiment_id, chosen: (row) => row.experiment_id === read("experiment"),
      none: () => empty(t("policies.experiments.empty"), `mazemesh experiment create ${this.name}:champion ${this.name}:2`),
      columns: [
        { key: "experiment_id", title: t("policies.experiment"), value: (row) => row.experiment_id, show: (row) => h("button", { type: "button", "data-key": `compare-${row.experiment_id}`, onclick: () => this.open(row.experiment_id) }, row.experiment_id) },
        { key: "kind", title: t("policies.kind"), value: (row) => row.kind, show: (row) => t(`policies.kind.${row.kind}`) },
        { key: "alias", title: t("policies.alias"), value: (row) => row.alias },
        { key: "state", title: t("policies.state"), value: (row) => row.state, show: (row) => h("span.badge", { class: ENDS[row.state] ?? "" }, t(`policies.experiment.${row.state}`)) },
        { key: "arms", title: t("policies.arms"), value: shares },
        { key: "create_time", title: t("policies.begun"), value: (row) => row.create_time, show: (row) => when(row.create_time) },
        { key: "explanation", title: t("policies.explanation"), value: (row) => row.explanation || row.reason },
      ],
    });
    this.comparisons = new Table(opened, {
      caption: t("policies.comparisons"), name: "comparisons", parameter: "comparisons", key: (one) => `${one.version}-${one.metric}`,
      none: () => h("p", {}, t("policies.comparisons.none")),
      columns: [
        { key: "version", title: t("policies.version"), value: (one) => one.version, show: (one) => link(one.version, `compared-${one.metric}`) },
        { key: "metric", title: t("policies.metric"), value: (one) => one.metric, show: (one) => t(`policies.metric.${one.metric}`) },
        { key: "effect", title: t("policies.effect"), value: (one) => one.effect, show: (one) => `${number(one.effect, 3)} [${number(one.low, 3)}, ${number(one.high, 3)}]`, number: true },
        { key: "low", value: (one) => one.low },
        { key: "high", value: (one) => one.high },
        { key: "p_value", title: t("policies.p_value"), value: (one) => one.p_value, show: (one) => number(one.p_value, 4), number: true },
        { key: "observations", title: t("policies.observations"), value: (one) => one.observations, show: (one) => `${number(one.observations)} / ${one.required_observations ? number(one.required_observations) : "—"}`, number: true },
        { key: "required_observations", value: (one) => one.required_observations || null },
        { key: "rule", title: t("policies.rule"), value: rule },
      ],
    });
  }

  /** Asks for those of a policy, and for the one that the address has opened. */
  async load(name) {
    const { experiments } = await get(path`/policies/${name}/experiments`, { page_size: 200 });
    this.name = name;
    this.table.show(experiments);
    await this.compare();
  }

  open(id) {
    write({ experiment: read("experiment") === id ? "" : id }, true);
    this.compare().catch((error) => this.failed(error, () => this.open(id)));
  }

  async compare() {
    const id = read("experiment");
    const known = this.table.rows.some((row) => row.experiment_id === id);
    this.table.draw();
    this.opened.hidden = !known;
    if (!known) return;
    const { experiment } = await get(path`/policies/${this.name}/experiments/${id}`);
    if (read("experiment") === id) this.comparisons.show(experiment.comparisons);
  }
}
