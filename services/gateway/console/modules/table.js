// Tables that sort by their columns and can be saved as CSV.

import { read, write } from "./address.js";
import { csv, h, put, save } from "./dom.js";
import { t } from "./words.js";

/**
 * A table, made once and shown rows again and again: what has the focus keeps it. Columns are { key, title, value(row),
 * show(row), number, sort }: `value` is what is sorted and saved, `show` what is seen (an element or text); a column without
 * a title is only saved. The order is part of the address ("sort=-rating"). `none` makes what stands there without rows.
 */
export class Table {
  constructor(place, { caption, columns, name, key = (row) => row.id, chosen = () => false, parameter = "sort", none = null }) {
    Object.assign(this, { columns, name, key, chosen, parameter, none, rows: [] });
    this.head = h("tr");
    this.body = h("tbody");
    const table = h("table", { "data-testid": name }, h("caption", {}, caption), h("thead", {}, this.head), this.body);
    this.scroll = h("div.scroll", { tabindex: 0, role: "region", "aria-label": caption }, table);
    this.foot = h("div.row.end", {}, h("button", { type: "button", onclick: () => this.save() }, t("frame.csv")));
    this.nothing = h("div");
    place.append(this.scroll, this.foot, this.nothing);
    this.drawHead();
  }

  get seen() {
    return this.columns.filter((column) => column.title !== undefined);
  }

  get order() {
    const text = read(this.parameter);
    return { key: text.replace(/^-/, ""), falling: text.startsWith("-") };
  }

  drawHead() {
    const { key, falling } = this.order;
    put(this.head, this.seen.map((column) => {
      if (column.sort === false) return h("th", { scope: "col", class: column.number ? "number" : "" }, column.title);
      const pressed = () => {
        const order = this.order;
        const next = order.key !== column.key ? (column.number ? `-${column.key}` : column.key) : order.falling === Boolean(column.number) ? (order.falling ? column.key : `-${column.key}`) : "";
        write({ [this.parameter]: next });
        this.drawHead();
        this.draw();
      };
      const sorted = key === column.key ? (falling ? "descending" : "ascending") : null;
      return h("th", { scope: "col", class: column.number ? "number" : "", "aria-sort": sorted }, h("button", { type: "button", "data-key": `sort-${column.key}`, onclick: pressed }, column.title));
    }));
  }

  /** Shows rows, and other columns from now on where those are given. */
  show(rows, columns = null) {
    this.rows = rows;
    if (columns) {
      this.columns = columns;
      this.drawHead();
    }
    const bare = this.none !== null && !rows.length;
    this.scroll.hidden = this.foot.hidden = bare;
    put(this.nothing, bare && this.none());
    this.draw();
  }

  sorted() {
    const { key, falling } = this.order;
    const column = this.columns.find((one) => one.key === key);
    if (!column) return this.rows;
    const compared = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true }));
    const missing = (value) => value === null || value === undefined || value === "";
    return [...this.rows].sort((one, other) => {
      const [a, b] = [column.value(one), column.value(other)];
      // What has no value stands last in either order.
      if (missing(a) || missing(b)) return missing(a) - missing(b);
      return falling ? -compared(a, b) : compared(a, b);
    });
  }

  draw() {
    put(this.body, this.sorted().map((row) => h("tr", { class: this.chosen(row) ? "chosen" : "", "data-row": this.key(row) },
      this.seen.map((column, index) => h(index ? "td" : "th", { scope: index ? null : "row", class: column.number ? "number" : "" }, column.show ? column.show(row) : String(column.value(row) ?? "—"))))));
  }

  save() {
    const kept = this.columns.filter((column) => column.value);
    save(`${this.name}.csv`, csv(kept.map((one) => one.key), this.sorted().map((row) => kept.map((one) => one.value(row)))), "text/csv");
  }
}
