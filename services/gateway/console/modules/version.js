// What is known of one version beside its facts: each check of its file, and how its calls have drifted.

import { $, h, put } from "./dom.js";
import { get, path } from "./rest.js";
import { Table } from "./table.js";
import { number, t } from "./words.js";

const figure = (value, unit) => (value === null ? "—" : `${number(value, 6)} ${unit}`);
const badge = (kind, words) => h("span.badge", { class: kind }, words);
const SIGNS = { passed: "passed", failed: "failed" };

export class Version {
  constructor() {
    this.shown = "";
    this.checks = new Table($("#checks"), {
      caption: t("policies.report"), name: "report", parameter: "checks", key: (row) => row.check, none: () => null,
      columns: [
        { key: "check", title: t("policies.check"), value: (row) => row.check },
        { key: "outcome", title: t("policies.outcome"), value: (row) => row.outcome, show: (row) => badge(SIGNS[row.outcome] ?? "", t(`policies.${row.outcome}`)) },
        { key: "figure", title: t("policies.figure"), value: (row) => row.figure, show: (row) => figure(row.figure, row.unit), number: true },
        { key: "unit", value: (row) => row.unit },
        { key: "limit", title: t("policies.limit"), value: (row) => row.limit, show: (row) => figure(row.limit, ""), number: true },
        { key: "detail", title: t("policies.detail"), value: (row) => row.detail },
      ],
    });
    this.columns = new Table($("#drift-columns"), {
      caption: t("policies.drift"), name: "drift", parameter: "drift", key: (row) => row.column, none: () => null,
      columns: [
        { key: "column", title: t("policies.column"), value: (row) => row.column },
        { key: "psi", title: "PSI", value: (row) => row.psi, show: (row) => number(row.psi, 3), number: true },
        { key: "ks", title: "KS", value: (row) => row.ks, show: (row) => number(row.ks, 3), number: true },
        { key: "feature", value: (row) => row.feature },
        { key: "mean", title: t("policies.mean"), value: (row) => row.mean, show: (row) => `${number(row.mean, 4)} / ${number(row.reference_mean, 4)}`, number: true },
        { key: "reference_mean", value: (row) => row.reference_mean },
        { key: "drifted", title: t("policies.outcome"), value: (row) => row.drifted, show: (row) => (row.drifted ? badge("failed", t("policies.drifted")) : badge("passed", t("policies.steady"))) },
      ],
    });
  }

  /** Shows a version as GET /policies tells it; the same one again does not blink. */
  async show(one) {
    const full = `${one.name}:${one.version}`;
    if (this.shown !== full) {
      for (const table of [this.checks, this.columns]) table.show([]);
      for (const id of ["rejected", "kept", "drift-words"]) put($(`#${id}`));
    }
    this.shown = full;
    put($("#rejected"), one.rejection && h("div.notice.error", {}, h("p", {}, one.rejection)));
    await Promise.all([this.showChecks(one, full), this.showDrift(one, full)]);
  }

  async showChecks(one, full) {
    const told = await get(path`/policies/${one.name}/versions/${one.version}/details`).catch((error) => ({ error, checks: [] }));
    if (this.shown !== full) return;
    const missing = told.error?.message ?? (told.checks.length ? "" : one.checked || t("policies.report.none"));
    put($("#kept"), missing || (told.kept_by && t("policies.kept", { why: told.kept_by })));
    this.checks.show(told.checks);
  }

  /** What the version is asked and answers of late against its validation. */
  async showDrift(one, full) {
    const told = await get(path`/policies/${one.name}/versions/${one.version}/drift`).catch((error) => ({ policies: [{ reason: error.message, columns: [] }] }));
    if (this.shown !== full) return;
    const [found] = told.policies;
    $("#drift").hidden = !found;
    if (!found) return;
    put($("#drift-words"), found.reason || t("policies.drift.rows", { rows: number(found.rows), policy: found.policy }));
    this.columns.show(found.columns);
  }
}
