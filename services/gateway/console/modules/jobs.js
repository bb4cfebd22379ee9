// Jobs of training: where each is in its life, stopping one, and a copy of what was asked for.

import { $, explain, h, put, when } from "./dom.js";
import { get, path, post } from "./rest.js";
import { Table } from "./table.js";
import { number, t } from "./words.js";

export class Jobs {
  constructor(place, panel) {
    Object.assign(this, { place, panel });
  }
}
