// Keys for lists of products, and times by the reader's clock. Every page works without this file; nothing here sends
// anything by itself.
"use strict";
(() => {
  const two = (number) => String(number).padStart(2, "0");
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = time.textContent; // it says UTC
    const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
    time.textContent = `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
  }
})();

(() => {
  const KEEP = "etsy_pipeline_keys";
  const cards = () => [...document.querySelectorAll("[data-card]")];
  const open = (name) => document.querySelector(`[data-${name}]`);
  let at = -1;

  const isOn = () => {
    try { return localStorage.getItem(KEEP) !== "off"; } catch { return true; }
  };

  const go = (to) => {
    const all = cards();
    if (!all.length) return;
    at = Math.max(0, Math.min(all.length - 1, to));
    all.forEach((card, number) => card.classList.toggle("is-current", number === at));
    all[at].tabIndex = -1;
    all[at].focus({ preventScroll: true });
    all[at].scrollIntoView({ block: "center" });
  };

  const current = () => {
    const inside = document.activeElement && document.activeElement.closest("[data-card]");
    if (inside) at = cards().indexOf(inside);
    return cards()[at];
  };

  const follow = (link) => link && link.click();

  const help = () => {
    let dialog = document.querySelector("dialog.keys");
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.className = "keys";
      dialog.setAttribute("aria-label", "Keys");
      const told = [
        ["j / k", "next, previous product"], ["Enter", "look at it"], ["x", "leave out, or tick"],
        ["/", "search"], ["u", "back to the list"], ["?", "this help"],
      ];
      const list = document.createElement("dl");
      for (const [key, words] of told) {
        const row = document.createElement("div");
        const term = document.createElement("dt");
        const does = document.createElement("dd");
        const kbd = document.createElement("kbd");
        kbd.textContent = key;
        term.append(kbd);
        does.textContent = words;
        row.append(term, does);
        list.append(row);
      }
      const label = document.createElement("label");
      label.className = "tick";
      const box = document.createElement("input");
      box.type = "checkbox";
      box.checked = isOn();
      box.addEventListener("change", () => {
        try { localStorage.setItem(KEEP, box.checked ? "on" : "off"); } catch { /* a private window keeps nothing */ }
      });
      label.append(box, " Use these keys");
      const close = document.createElement("button");
      close.type = "button";
      close.textContent = "Close";
      close.addEventListener("click", () => dialog.close());
      dialog.append(list, label, close);
      document.body.append(dialog);
    }
    dialog.showModal();
  };

  const acts = {
    j: () => (open("next") && !cards().length ? follow(open("next")) : (current(), go(at + 1))),
    k: () => (open("previous") && !cards().length ? follow(open("previous")) : (current(), go(at - 1))),
    x: () => {
      const card = current();
      const box = (card || document).querySelector(".tick input[type=checkbox]");
      if (box && (card || !cards().length)) box.click();
    },
    u: () => follow(open("back")),
    "/": () => { const field = document.querySelector("input[type=search]"); if (field) { field.focus(); field.select(); } },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target;
    const types = target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");
    if (types || document.querySelector("dialog[open]")) return;
    if (event.key === "?") { help(); event.preventDefault(); return; }
    if (!isOn()) return;
    if (event.key === "Enter" && target.matches("[data-card]")) {
      follow(target.querySelector("[data-open]"));
      event.preventDefault();
    } else if (Object.hasOwn(acts, event.key)) {
      acts[event.key]();
      event.preventDefault();
    }
  });

  // A double click sends a form once.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
    setTimeout(sentAgain, 8000, form); // nobody is locked out of a form whose answer never came
  });
  const sentAgain = (form) => {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  };
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(sentAgain));
  document.documentElement.classList.add("has-keys");
})();
