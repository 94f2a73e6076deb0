"use strict";
// Shows, hides and marks what the page holds already; it makes no markup of its own.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const findings = all("details.finding");
  const badges = all("button.badge[data-finding]");
  const badgeOf = new Map(badges.map((b) => [b.dataset.finding, b]));
  const entryOf = new Map(all("details.group li").map((e) => [e.querySelector("a").dataset.opens, e]));
  const line = (id) => (id ? document.getElementById(id) : null);

  // Where source and panel stand beside each other, the page may scroll to a line without losing the panel.
  const beside = window.matchMedia("(min-width: 60.01rem)");

  function reveal(row) {
    const box = row.closest(".code");
    const below = box.scrollHeight > box.clientHeight;
    if (below) {
      const top = row.offsetTop - box.clientHeight / 2;
      box.scrollTo({ top });
    }
    const place = row.getBoundingClientRect();
    if (beside.matches && (place.top < 0 || place.bottom > window.innerHeight)) {
      row.scrollIntoView({ block: "center" });
    }
  }

  function unmark() {
    all(".code tr.chosen, .code tr.t0, .code tr.t1").forEach((r) => r.classList.remove("chosen", "t0", "t1"));
  }

  function choose(finding, scroll) {
    unmark();
    badges.forEach((b) => b.removeAttribute("aria-current"));
    const badge = badgeOf.get(finding.id);
    if (badge) badge.setAttribute("aria-current", "true");
    const row = line(finding.dataset.target);
    if (row) {
      row.classList.add("chosen");
      if (scroll) reveal(row);
    }
  }

  for (const f of findings) {
    // `toggle` also comes for a filter or a link that opens it.
    f.addEventListener("toggle", () => {
      if (f.open) choose(f, true);
    });
  }
  for (const b of badges) {
    b.addEventListener("click", () => {
      const f = document.getElementById(b.dataset.finding);
      const panel = f.closest(".panel");
      if (f.open) choose(f, false);
      f.open = true;
      const summary = f.querySelector("summary");
      summary.focus({ preventScroll: true });
      if (panel.scrollHeight > panel.clientHeight) panel.scrollTo({ top: f.offsetTop - panel.offsetTop });
      else f.scrollIntoView({ block: "nearest" });
    });
  }

  // What a link leads to is opened: from the overview, from elsewhere on the page or from another page.
  function arrive(id) {
    const goal = line(id);
    if (!goal || !goal.matches("details")) return;
    if (goal.hidden || goal.closest("section").hidden) {
      form.reset();
      filter();
    }
    goal.open = true;
    goal.querySelector("summary").focus({ preventScroll: true });
    goal.scrollIntoView({ block: beside.matches ? "nearest" : "start" });
  }
  const named = () => decodeURIComponent(location.hash.slice(1));
  window.addEventListener("hashchange", () => arrive(named()));
  for (const a of all("a[data-opens]")) {
    // Also when it leads to where the page is already.
    a.addEventListener("click", () => setTimeout(() => arrive(a.dataset.opens)));
  }

  // Up and down go from finding to finding.
  for (const f of findings) {
    f.querySelector("summary").addEventListener("keydown", (e) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[e.key];
      if (!by) return;
      const shown = findings.filter((x) => !x.hidden && !x.closest("section").hidden);
      const next = shown[shown.indexOf(f) + by];
      if (next) {
        e.preventDefault();
        next.querySelector("summary").focus();
      }
    });
  }

  for (const t of all(".timeline")) {
    const steps = all("tr.step", t);
    const [previous, next, at] = ["button.previous", "button.next", ".at"].map((s) => t.querySelector(s));
    let now = -1;
    const go = (to) => {
      now = Math.max(-1, Math.min(steps.length - 1, to));
      unmark();
      steps.forEach((s, i) => {
        s.removeAttribute("aria-current");
        s.classList.toggle("later", now >= 0 && i > now);
      });
      if (now >= 0) {
        const step = steps[now];
        step.setAttribute("aria-current", "step");
        step.scrollIntoView({ block: "nearest" });
        // Lines of steps that were taken stay marked.
        for (const s of steps.slice(0, now + 1)) {
          const row = line(s.dataset.target);
          if (row) row.classList.add(s.dataset.lane === "2" ? "chosen" : "t" + s.dataset.lane);
        }
        const row = line(step.dataset.target);
        if (row) reveal(row);
        at.textContent = `step ${now + 1} of ${steps.length}: ${step.dataset.said.trim()}`;
      } else {
        at.textContent = `${steps.length} steps`;
      }
      previous.disabled = now <= 0;
      next.disabled = now === steps.length - 1;
    };
    previous.addEventListener("click", () => go(now - 1));
    next.addEventListener("click", () => go(now + 1));
    t.addEventListener("keydown", (e) => {
      const to = { ArrowRight: now + 1, ArrowLeft: Math.max(0, now - 1), Home: 0, End: steps.length - 1 }[e.key];
      if (to === undefined || e.altKey || e.ctrlKey || e.metaKey) return;
      e.preventDefault();
      go(to);
      // A button that is now off would lose the focus.
      if (document.activeElement.disabled || document.activeElement === document.body) t.focus({ preventScroll: true });
    });
    previous.disabled = true;
    at.textContent = `${steps.length} steps`;
  }

  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  function filter() {
    const data = new FormData(form);
    const rules = new Set(data.getAll("rule"));
    const kernel = data.get("kernel");
    const text = data.get("text").trim().toLowerCase();
    let n = 0;
    for (const f of findings) {
      const ok =
        rules.has(f.dataset.rule) &&
        (!kernel || f.dataset.kernels.split("\n").includes(kernel)) &&
        (!text || f.textContent.toLowerCase().includes(text));
      f.hidden = !ok;
      n += ok ? 1 : 0;
      const badge = badgeOf.get(f.id);
      if (badge) badge.hidden = !ok;
      const entry = entryOf.get(f.id);
      if (entry) entry.hidden = !ok;
    }
    for (const g of all("details.group")) g.hidden = !g.querySelector("li:not([hidden])");
    for (const k of all("details.kernel")) k.hidden = Boolean(kernel) && k.dataset.kernel !== kernel;
    const filtered = n < findings.length;
    for (const s of all("section.file")) s.hidden = filtered && !s.querySelector("details.finding:not([hidden])");
    shown.textContent = filtered ? `${n} of ${findings.length} findings` : `${n} finding${n === 1 ? "" : "s"}`;
  }
  if (form) {
    form.addEventListener("input", filter);
    form.addEventListener("submit", (e) => e.preventDefault());
    filter();
  }
  arrive(named());
})();
