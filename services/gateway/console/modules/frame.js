// What all pages have: the theme, the badge of the connection, who is looking.

import { $, h, put } from "./dom.js";
import { get } from "./rest.js";
import { onState } from "./socket.js";
import { t } from "./words.js";

const root = document.documentElement;
const button = $("#theme");
const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const tell = () => button.setAttribute("aria-pressed", String(dark()));

button.addEventListener("click", () => {
  root.dataset.theme = dark() ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/console; max-age=31536000; samesite=lax`;
  tell();
  document.dispatchEvent(new Event("theme"));
});
tell();

// The language changes; what is filtered and chosen stays.
for (const link of document.querySelectorAll("[data-language]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const wanted = new URLSearchParams(location.search);
    wanted.set("lang", link.dataset.language);
    location.search = wanted;
  });
}

// On a phone the row of pages is longer than the screen.
$("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

const badge = $("#connection");
onState((state) => {
  badge.hidden = state === "unused";
  if (badge.hidden) return;
  badge.dataset.state = state;
  badge.textContent = t(`frame.${state}`);
  badge.title = t(`frame.${state}.explained`);
});

/** Who is looking, as `/session` tells: { name, role, player, keys, may }; an empty role where nobody logged in. */
export const session = get("/session").catch(() => ({ name: "", role: "", player: "", keys: false, may: [] }));
session.then(({ name, role, keys }) => {
  if (role) put($("#who"), h("span.small", { title: role }, name || role));
  else if (keys) put($("#who"), h("a.tool", { href: `/console/login?next=${encodeURIComponent(location.pathname + location.search)}` }, t("frame.login")));
});
