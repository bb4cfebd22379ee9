// Logging in by a key, which the browser keeps in a cookie that no script can read.

import { read } from "../address.js";
import { $, command, explain, h, put } from "../dom.js";
import { session } from "../frame.js";
import { del, post } from "../rest.js";
import { t } from "../words.js";

// Only a page of this console is gone to: the address may have been made by anybody.
const next = /^\/console\/[^\\]*$/.test(read("next")) ? read("next") : "/console/";
const form = $("#login");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await post("/session", { key: form.elements.key.value.trim() });
    location.assign(next);
  } catch (error) {
    explain(error);
    form.elements.key.focus();
  }
});

$("#leave").addEventListener("click", async () => {
  try {
    await del("/session");
    location.reload();
  } catch (error) {
    explain(error);
  }
});

const who = await session;
$("#oidc").hidden = !who.oidc;
form.hidden = !who.keys;
$("#here").hidden = !who.by_cookie;
put($("#as"), t("login.as", { name: who.name || who.key_id, role: who.role }));
put($("#make"), h("p", {}, t(who.keys ? "login.make" : "login.none")), command(who.keys ? "mazemesh keys create --role viewer" : "mazemesh up --secure"));
document.documentElement.dataset.ready = "1";
