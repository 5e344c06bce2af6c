
"use strict";
// Adds search, filters, sorting, keys and the list of what to allow. It makes no markup from text and loads nothing.
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);

  // Light, dark, or as the system.
  const themes = ["as the system", "light", "dark"];
  let theme = 0;
  byId("theme").addEventListener("click", () => {
    theme = (theme + 1) % themes.length;
    if (theme === 0) delete root.dataset.theme; else root.dataset.theme = themes[theme];
    byId("theme").textContent = "Theme: " + themes[theme];
  });

  const table = byId("findings");
  if (!table) return;
  const PAGE = 200;
  let all = Array.from(table.querySelectorAll("tbody.finding"));
  let shown = all;
  let limit = PAGE;
  const toggle = (finding) => finding.querySelector(".toggle");
  const box = (finding) => finding.querySelector(".pick input");
  const words = new Map();
  // What is searched, read once.
  const text = (finding) => {
    let known = words.get(finding);
    if (known === undefined) words.set(finding, known = finding.textContent.toLowerCase());
    return known;
  };
  const places = (finding) => Array.from(finding.querySelectorAll(".place"), (one) => one.textContent.toLowerCase());
  const paths = new Map();
  const path = (finding) => {
    let known = paths.get(finding);
    if (known === undefined) paths.set(finding, known = places(finding).join("\n"));
    return known;
  };

  const open = (finding, is) => {
    toggle(finding).setAttribute("aria-expanded", String(is));
    finding.classList.toggle("open", is);
  };
  if (all.length === 1) all[0].classList.add("open");
  table.addEventListener("click", (event) => {
    const button = event.target.closest(".toggle");
    if (button) { const finding = button.closest("tbody"); open(finding, !finding.classList.contains("open")); }
  });

  const number = (n) => n.toLocaleString("en");
  const plural = (n, word) => number(n) + " " + word + (n === 1 ? "" : "s");

  // Filters.
  const search = byId("search"), inPath = byId("path");
  const selects = ["rule", "confidence", "exposure"].map(byId).filter(Boolean);
  const severities = Array.from(document.querySelectorAll("input[name=severity]"));
  const apply = () => {
    const wanted = new Set(severities.filter((one) => one.checked).map((one) => one.value));
    const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const part = inPath.value.toLowerCase();
    const fits = (finding) => wanted.has(finding.dataset.severity)
      && selects.every((one) => one.value === "" || finding.dataset[one.id] === one.value)
      && (part === "" || path(finding).includes(part))
      && terms.every((term) => text(finding).includes(term));
    shown = all.filter(fits);
    page();
  };
  // Only what is listed is laid out: the others cost nothing.
  let listed = new Set();
  const page = () => {
    const now = new Set(limit < shown.length ? shown.slice(0, limit) : shown);
    listed.forEach((finding) => { if (!now.has(finding)) finding.classList.remove("listed"); });
    now.forEach((finding) => {
      if (listed.has(finding)) return;
      finding.classList.add("listed");
      open(finding, finding.classList.contains("open"));
    });
    listed = now;
    byId("more").hidden = shown.length <= limit;
    byId("next").textContent = "Show " + number(Math.min(PAGE, Math.max(shown.length - limit, 0))) + " more";
    byId("rest").textContent = "Show all " + number(shown.length);
    const some = shown.length === all.length ? plural(all.length, "secret") : number(shown.length) + " of " + plural(all.length, "secret");
    byId("count").textContent = some + (shown.length > limit ? ", the first " + number(limit) + " listed" : "");
    chosen();
  };
  const refilter = () => { limit = PAGE; apply(); };
  [search, inPath].forEach((one) => one.addEventListener("input", refilter));
  selects.concat(severities).forEach((one) => one.addEventListener("change", refilter));
  byId("clear").addEventListener("click", () => {
    search.value = inPath.value = "";
    selects.forEach((one) => { one.value = ""; });
    severities.forEach((one) => { one.checked = true; });
    refilter();
    search.focus();
  });
  byId("next").addEventListener("click", () => { const at = limit; limit += PAGE; page(); toggle(shown[at]).focus(); });
  byId("rest").addEventListener("click", () => { const at = limit; limit = Infinity; page(); toggle(shown[at]).focus(); });

  // Sorting: the first click of a column puts first what matters most.
  const collator = new Intl.Collator("en", { numeric: true });
  const keys = {
    severity: (f) => -Number(f.dataset.rank),
    what: (f) => toggle(f).textContent + " " + f.dataset.rule,
    where: (f) => f.dataset.place,
    places: (f) => -Number(f.dataset.places),
    danger: (f) => Number(f.dataset.danger),
    confidence: (f) => -Number(f.dataset.sure),
  };
  const order = new Map(all.map((finding, at) => [finding, at]));
  const heads = Array.from(table.querySelectorAll("th[data-key]"));
  const falling = new Set(["severity", "places", "confidence"]);
  const sort = (head) => {
    const key = head.dataset.key;
    const up = falling.has(key) ? "descending" : "ascending";
    const down = up === "ascending" ? "descending" : "ascending";
    const now = head.getAttribute("aria-sort") === up ? down : up;
    heads.forEach((one) => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", now);
    const sign = now === up ? 1 : -1;
    const value = new Map(all.map((finding) => [finding, keys[key](finding)]));
    const compare = (a, b) => typeof a === "number" ? a - b : collator.compare(a, b);
    all.sort((a, b) => sign * compare(value.get(a), value.get(b)) || order.get(a) - order.get(b));
    table.append(...all);
    apply();
  };
  heads.forEach((head) => head.querySelector("button").addEventListener("click", () => sort(head)));
  const first = heads.find((head) => head.dataset.key === "severity");
  first.setAttribute("aria-sort", "descending");

  // Selection.
  const every = byId("every"), picked = byId("picked"), allow = byId("allow"), none = byId("none");
  const chosenOnes = new Set();
  const selection = () => all.filter((finding) => chosenOnes.has(finding));
  const choose = (finding, is) => {
    box(finding).checked = is;
    if (is) chosenOnes.add(finding); else chosenOnes.delete(finding);
  };
  const chosen = () => {
    const n = chosenOnes.size;
    picked.textContent = n === 0 ? "None selected" : number(n) + " selected";
    allow.disabled = none.disabled = n === 0;
    byId("tray").classList.toggle("empty", n === 0);
    const here = shown.filter((finding) => chosenOnes.has(finding)).length;
    every.checked = shown.length > 0 && here === shown.length;
    every.indeterminate = here > 0 && here < shown.length;
  };
  table.addEventListener("change", (event) => {
    const finding = event.target.closest("tbody");
    if (finding) { choose(finding, event.target.checked); chosen(); }
  });
  every.addEventListener("change", () => { const is = every.checked; shown.forEach((f) => choose(f, is)); chosen(); });
  none.addEventListener("click", () => { selection().forEach((f) => choose(f, false)); chosen(); search.focus(); });

  // Entries for stanch.toml.
  const dialog = byId("entries");
  const basic = (words) => "\"" + Array.from(words, (c) => {
    const code = c.codePointAt(0);
    if (c === "\"" || c === "\\") return "\\" + c;
    return code < 32 || code === 127 ? "\\u" + code.toString(16).padStart(4, "0") : c;
  }).join("") + "\"";
  const plain = (words) => words.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ");
  const is_words = (words) => /[\p{L}\p{N}]/u.test(words);
  let url = null;
  const write = () => {
    const [reason, owner, until] = ["reason", "owner", "until"].map((id) => byId(id).value.trim());
    let wrong = "";
    if (!is_words(reason)) wrong = "Say why this is no leak.";
    else if (owner !== "" && !is_words(owner)) wrong = "An owner has letters or digits.";
    else if (!byId("until").validity.valid || until !== "" && !/^\d{4}-\d\d-\d\d$/.test(until)) wrong = "Write the day in full, with a year of four digits.";
    byId("wrong").textContent = wrong;
    byId("reason").setAttribute("aria-invalid", String(wrong !== "" && !is_words(reason)));
    const entry = (finding) => "# " + plain(finding.dataset.rule + " at " + finding.dataset.place) + "\n[[allow]]\n"
      + "fingerprint = " + basic(finding.dataset.id) + "\nreason = " + basic(reason) + "\n"
      + (owner === "" ? "" : "owner = " + basic(owner) + "\n") + (until === "" ? "" : "until = " + until + "\n");
    const toml = wrong === "" ? selection().map(entry).join("\n") : "";
    byId("toml").value = toml;
    byId("copy").disabled = toml === "";
    const save = byId("save");
    if (url !== null) URL.revokeObjectURL(url);
    url = toml === "" ? null : URL.createObjectURL(new Blob([toml], { type: "application/toml" }));
    if (url === null) { save.removeAttribute("href"); save.setAttribute("aria-disabled", "true"); }
    else { save.href = url; save.removeAttribute("aria-disabled"); }
  };
  const ask = () => {
    if (allow.disabled) return;
    dialog.showModal();
    if (dialog.dataset.stable === "true") { write(); byId("reason").focus(); }
  };
  allow.addEventListener("click", ask);
  byId("close").addEventListener("click", () => dialog.close());
  if (dialog.dataset.stable === "true") {
    ["reason", "owner", "until"].forEach((id) => byId(id).addEventListener("input", write));
    byId("copy").addEventListener("click", async () => {
      const toml = byId("toml");
      let done = false;
      try { await navigator.clipboard.writeText(toml.value); done = true; } catch { toml.focus(); toml.select(); done = document.execCommand("copy"); }
      byId("copy").textContent = done ? "Copied" : "Press Ctrl+C";
    });
    dialog.addEventListener("close", () => { byId("copy").textContent = "Copy"; });
  }

  // Keys.
  const current = () => document.activeElement && document.activeElement.closest("tbody.finding");
  const move = (step) => {
    if (shown.length === 0) return;
    const at = shown.indexOf(current());
    const next = at < 0 ? (step > 0 ? 0 : -1) : at + step;
    if (next < 0 || next >= shown.length) return;
    if (next >= limit) { limit += PAGE; page(); }
    toggle(shown[next]).focus();
    shown[next].scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (typing) {
      if (event.key === "Escape" && event.target === search) { search.value = ""; refilter(); search.blur(); }
      return;
    }
    const inTable = current() !== null;
    const act = {
      "/": () => search.focus(),
      "j": () => move(1),
      "k": () => move(-1),
      "ArrowDown": inTable && (() => move(1)),
      "ArrowUp": inTable && (() => move(-1)),
      "x": inTable && (() => { const one = current(); choose(one, !chosenOnes.has(one)); chosen(); }),
      "a": ask,
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // A browser may remember what was ticked before the page was loaded again.
  all.forEach((finding) => { if (finding.querySelector("input:checked")) chosenOnes.add(finding); });
  let before = limit;
  let folded = [];
  window.addEventListener("beforeprint", () => {
    before = limit;
    limit = Infinity;
    page();
    folded = Array.from(document.querySelectorAll("details:not([open])"));
    folded.forEach((one) => { one.open = true; });
  });
  window.addEventListener("afterprint", () => { limit = before; page(); folded.forEach((one) => { one.open = false; }); });
  apply();
})();
