// The address is the state of a page: what is filtered, chosen and zoomed can be sent to somebody else.

/** The value in the address, or what it is without one. */
export function read(name, fallback = "") {
  return new URLSearchParams(location.search).get(name) ?? fallback;
}

export function readAll(name) {
  return new URLSearchParams(location.search).getAll(name);
}

/** Writes values into the address without loading the page; empty ones are taken out. */
export function write(values, push = false) {
  const wanted = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    wanted.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== "" && one !== null && one !== undefined && one !== false) wanted.append(name, one === true ? "1" : one);
    }
  }
  wanted.delete("lang");
  const next = wanted.size ? `?${wanted}` : location.pathname;
  if (next !== location.search) history[push ? "pushState" : "replaceState"](null, "", next);
}

/** Ties the fields of a form (by name) to the address; calls back with each change. */
export function bound(form, changed) {
  for (const field of form.elements) {
    if (!field.name) continue;
    const value = read(field.name, null);
    if (value === null) continue;
    if (field.type === "checkbox") field.checked = value === "1";
    else if (field.tagName !== "SELECT" || [...field.options].some((one) => one.value === value)) field.value = value;
    else field.dataset.wanted = value;
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    if (!event.target.name) return;
    write({ [event.target.name]: event.target.type === "checkbox" ? event.target.checked : event.target.value });
    changed(event.target.name);
  });
}

/** Fills a select, keeping what is chosen, or what the address wishes. */
export function options(select, pairs) {
  const wanted = select.value || select.dataset.wanted || read(select.name);
  select.replaceChildren(...pairs.map(([value, text]) => new Option(text, value)));
  if (pairs.some(([value]) => value === wanted)) select.value = wanted;
}
