// Tables that sort by their columns and can be saved as CSV.

import { read, write } from "./address.js";
import { csv, h, put, save } from "./dom.js";
import { t } from "./words.js";

/**
 * A table. Columns are { key, title, value(row), show(row), number, sort }: `value` is what is sorted and saved,
 * `show` what is seen (an element or text). The order is part of the address ("sort=-rating").
 */
export class Table {
  constructor(place, { caption, columns, name, key = (row) => row.id, chosen = () => false, parameter = "sort" }) {
    Object.assign(this, { columns, name, key, chosen, parameter, rows: [] });
    this.head = h("tr");
    this.body = h("tbody");
    const table = h("table", { "data-testid": name }, h("caption", {}, caption), h("thead", {}, this.head), this.body);
    this.scroll = h("div.scroll", { tabindex: 0, role: "region", "aria-label": caption }, table);
    const file = h("button", { type: "button", onclick: () => this.save() }, t("frame.csv"));
    place.append(this.scroll, h("div.row.end", {}, file));
    this.drawHead();
  }

  get order() {
    const text = read(this.parameter);
    return { key: text.replace(/^-/, ""), falling: text.startsWith("-") };
  }

  drawHead() {
    const { key, falling } = this.order;
    put(this.head, this.columns.map((column) => {
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

  show(rows) {
    this.rows = rows;
    this.draw();
  }

  sorted() {
    const { key, falling } = this.order;
    const column = this.columns.find((one) => one.key === key);
    if (!column) return this.rows;
    const compared = (one, other) => {
      const [a, b] = [column.value(one), column.value(other)];
      return typeof a === "number" && typeof b === "number" ? a - b : String(a ?? "").localeCompare(String(b ?? ""), undefined, { numeric: true });
    };
    return [...this.rows].sort((one, other) => (falling ? -compared(one, other) : compared(one, other)));
  }

  draw() {
    put(this.body, this.sorted().map((row) => h("tr", { class: this.chosen(row) ? "chosen" : "", "data-row": this.key(row) },
      this.columns.map((column, index) => h(index ? "td" : "th", { scope: index ? null : "row", class: column.number ? "number" : "" }, column.show ? column.show(row) : String(column.value(row) ?? "—"))))));
  }

  save() {
    const kept = this.columns.filter((column) => column.value);
    save(`${this.name}.csv`, csv(kept.map((one) => one.key), this.sorted().map((row) => kept.map((one) => one.value(row)))), "text/csv");
  }
}
