// Jobs of training: where each is in its life, stopping one, and a copy of what was asked for.

import { careful, h, when } from "./dom.js";
import { session } from "./frame.js";
import { get, path, post } from "./rest.js";
import { Table } from "./table.js";
import { number, percent, t } from "./words.js";

export const OPEN = ["queued", "starting", "running", "stopping"];
const SIGNS = { running: "live", failed: "lost", budget: "stale", stopping: "stale" };

export const state = (job) => h("span.badge", { "data-state": SIGNS[job.status] ?? "", "data-testid": "state", title: job.reason }, t(`jobs.${job.status}`));

/** How much of what was asked for is done, 0..1; null where there is no end. */
export function share(job) {
  const { usage, total_steps: steps, total_episodes: episodes, budget } = job;
  const shares = [[usage.steps, steps], [usage.episodes, episodes], [usage.steps, budget.steps], [usage.seconds / 60, budget.minutes], [usage.dollars, budget.dollars]]
    .filter(([, all]) => all > 0).map(([done, all]) => Math.min(1, done / all));
  return shares.length ? Math.max(...shares) : null;
}

/** A button that stops a job: it is asked first what that means. */
export function stopper(job, stopped) {
  const act = async () => stopped(await post(path`/training/stop/${job.experiment_id}`));
  return careful({ key: `stop-${job.experiment_id}`, label: t("jobs.stop.one", { policy: job.policy }), words: t("jobs.stop"), sure: t("jobs.stop.sure"), act });
}

export const allowed = session.then((who) => (command) => !who.may || who.may.includes(command));

export class Jobs {
  /** A table of jobs in a place; the panel around it is hidden while there are none. */
  constructor(place, panel) {
    Object.assign(this, { panel, table: null, place });
  }

  async load() {
    const found = (await get("/jobs", { page_size: 100 }).catch(() => null))?.jobs ?? [];
    this.panel.hidden = !found.length;
    if (!found.length) return;
    // What is pressed now is not drawn anew under the finger.
    if (this.place.querySelector("[data-sure='1']")) return;
    this.may ??= await allowed;
    this.table ??= this.made();
    this.table.show(found);
  }

  made() {
    return new Table(this.place, {
      caption: t("training.jobs"), name: "jobs", parameter: "jobs", key: (job) => job.experiment_id,
      columns: [
        { key: "policy", title: t("jobs.job"), value: (job) => job.title || job.policy, show: (job) => h("a", { href: path`/console/training/jobs/${job.experiment_id}`, "data-key": `job-${job.experiment_id}` }, job.title || job.policy) },
        { key: "kind", title: t("jobs.kind"), value: (job) => job.kind, show: (job) => t(`jobs.kind.${job.kind}`) },
        { key: "game", title: t("training.game"), value: (job) => job.game },
        { key: "algorithm", title: t("training.algorithm"), value: (job) => job.algorithm },
        { key: "status", title: t("jobs.state"), value: (job) => job.status, show: state },
        { key: "share", title: t("jobs.share"), value: share, show: (job) => (share(job) === null ? "—" : percent(share(job))), number: true },
        { key: "steps", title: t("training.steps"), value: (job) => job.usage.steps, show: (job) => number(job.usage.steps), number: true },
        { key: "reward", title: t("training.reward"), value: (job) => job.progress?.reward ?? null, show: (job) => number(job.progress?.reward, 3), number: true },
        { key: "created", title: t("jobs.created"), value: (job) => job.create_time, show: (job) => when(job.create_time) },
        { key: "actions", title: t("jobs.actions"), sort: false, show: (job) => h("span.row", {},
          OPEN.includes(job.status) && job.status !== "stopping" && this.may("POST /training/stop/{experiment_id}") && stopper(job, () => this.load()),
          h("a.button", { href: `/console/training/start?clone=${encodeURIComponent(job.experiment_id)}`, "data-key": `clone-${job.experiment_id}`, "aria-label": t("jobs.clone.one", { policy: job.policy }) }, t("jobs.clone"))) },
      ],
    });
  }
}
